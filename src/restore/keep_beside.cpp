#include "restore/keep_beside.hpp"

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
    platform::durable_mkdir(folder, 0700);
    try {
        platform::durable_mkdir(folder / "data", 0700);
        for (const char* suffix : {"", "-wal", "-journal"}) {
            fs::path file = home.database();
            file += suffix;
            copy_tree(file, folder / "data" / file.filename(), progress);
        }
        copy_tree(home.config(), folder / "config", progress);
        copy_tree(home.keys(), folder / "keys", progress);
        copy_tree(home.wallets(), folder / "wallets", progress);
        copy_tree(home.network(), folder / "network", progress);
    } catch (...) {
        std::error_code ignored;
        fs::remove_all(folder, ignored);  // half a copy would pass for a whole one
        throw;
    }
}

}  // namespace

fs::path keep_beside(const config::Home& home, base::Progress& progress) {
    std::string time = base::format_utc(base::now_unix_ms());
    for (char& c : time)
        if (c == ':') c = '-';
    fs::path folder = home.backups() / ("before-restore-" + time);
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
