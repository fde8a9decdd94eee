#include "restore/keep_beside.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "platform/file.hpp"
#include "restore/place_files.hpp"

namespace bt2c::restore {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t copy_bytes = std::size_t{1} << 20;
constexpr std::string_view prefix = "before-restore-";
/// Half a copy must not pass for a whole one.
constexpr std::string_view unfinished = ".partial";

/// The lock that whoever fills a folder holds on it; empty where another one does.
platform::Descriptor lock_folder(const fs::path& folder) {
    platform::Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fd.reset();
    return fd;
}

/// What was being filled by a process that is gone.
void remove_unfinished(const fs::path& parent) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(parent, ignored)) {
        const std::string name = entry.path().filename().native();
        if (!name.starts_with(prefix) || !name.ends_with(unfinished)) continue;
        if (const auto lock = lock_folder(entry.path())) fs::remove_all(entry.path(), ignored);
    }
}

void copy_file(const fs::path& from, const fs::path& to, const struct stat& info, base::Progress& progress) {
    const platform::Descriptor source = platform::open_for_reading(from, false);
    platform::DurableFile file(to, info.st_mode & 07777U);
    base::Bytes buffer(copy_bytes);
    for (std::uint64_t at = 0;;) {
        base::throw_if_interrupted();
        const std::size_t got = platform::read_at(source.get(), buffer, at, from);
        file.append(base::ByteView(buffer).first(got));
        progress.advance(got);
        at += got;
        if (got < buffer.size()) break;
    }
    set_owner(file.fd(), info.st_uid, info.st_gid);
    file.commit(platform::DurableFile::Existing::refuse);
}

void copy_tree(const fs::path& from, const fs::path& to, base::Progress& progress) {
    struct stat info {};
    if (::lstat(from.c_str(), &info) != 0) {
        if (errno == ENOENT) return;
        throw base::system_error(base::format("cannot keep {}", base::printable(from.native())), errno);
    }
    if (S_ISDIR(info.st_mode)) {
        platform::durable_mkdir(to, 0700);
        for (const auto& child : fs::directory_iterator(from))
            if (!child.path().filename().native().starts_with(".bt2c-tmp-"))
                copy_tree(child.path(), to / child.path().filename(), progress);
    } else if (S_ISREG(info.st_mode)) {
        copy_file(from, to, info, progress);
    } else if (S_ISLNK(info.st_mode)) {
        fs::copy_symlink(from, to);
    }
}

void keep_in(const fs::path& folder, const config::Home& home, base::Progress& progress) {
    remove_unfinished(folder.parent_path());
    fs::path partial = folder;
    partial += unfinished;
    platform::durable_mkdir(partial, 0700);
    const platform::Descriptor lock = lock_folder(partial);
    try {
        platform::durable_mkdir(partial / "data", 0700);
        for (const char* suffix : {"", "-wal", "-journal"}) {
            fs::path file = home.database();
            file += suffix;
            copy_tree(file, partial / "data" / file.filename(), progress);
        }
        copy_tree(home.config(), partial / "config", progress);
        copy_tree(home.keys(), partial / "keys", progress);
        copy_tree(home.wallets(), partial / "wallets", progress);
        copy_tree(home.network(), partial / "network", progress);
        platform::durable_rename(partial, folder);
    } catch (...) {
        std::error_code ignored;
        fs::remove_all(partial, ignored);
        throw;
    }
}

}  // namespace

fs::path keep_beside(const config::Home& home, base::Progress& progress) {
    std::string time = base::format_utc(base::now_unix_ms());
    for (char& c : time)
        if (c == ':') c = '-';
    fs::path folder = home.backups() / (std::string(prefix) + time);
    try {
        keep_in(folder, home, progress);
    } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::interrupted) throw;
        // HOME/backups may be a disk of its own, which is full or read-only as the repository in it is.
        folder = home.root / folder.filename();
        keep_in(folder, home, progress);
    }
    return folder;
}

}  // namespace bt2c::restore
