#include "chaindb/sqlite/writers.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/sqlite/pinned_file.hpp"

namespace bt2c::chaindb::sqlite {
namespace {

namespace fs = std::filesystem;

struct FileId {
    std::uint32_t device_major, device_minor;
    std::uint64_t inode;
    bool operator==(const FileId&) const = default;
};

std::optional<FileId> id_of(const fs::path& path) {
    // Without a question to the server of a network file system, which may be out of reach for ever.
    struct statx info {};
    if (::statx(AT_FDCWD, path.c_str(), AT_STATX_DONT_SYNC, STATX_INO, &info) != 0) return std::nullopt;
    return FileId{info.stx_dev_major, info.stx_dev_minor, info.stx_ino};
}

/// Of a file of /proc, which may go at any moment.
std::string text_of(const fs::path& path) {
    try {
        return std::string(base::as_text(platform::read_file(path, 1 << 16)));
    } catch (const base::Error&) {
        return {};
    }
}

bool is_open_for_writing(const std::string& fdinfo) {
    constexpr std::string_view key = "flags:";
    const std::size_t at = fdinfo.find(key);
    if (at == std::string::npos) return false;
    const std::size_t digits = fdinfo.find_first_not_of(" \t", at + key.size());
    unsigned flags = 0;
    if (digits != std::string::npos)
        std::from_chars(fdinfo.data() + digits, fdinfo.data() + fdinfo.size(), flags, 8);
    return (flags & O_ACCMODE) != O_RDONLY;
}

/// Processes and descriptors come and go while they are listed; what is gone is passed over.
template <typename Visit>
void for_each_entry(const fs::path& folder, Visit visit) {
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        visit(it->path());
}

bool writes_to(const fs::path& process, const std::vector<FileId>& files) {
    bool found = false;
    for_each_entry(process / "fd", [&](const fs::path& descriptor) {
        if (found) return;
        const std::optional<FileId> id = id_of(descriptor);
        found = id && std::find(files.begin(), files.end(), *id) != files.end() &&
                is_open_for_writing(text_of(process / "fdinfo" / descriptor.filename()));
    });
    return found;
}

}  // namespace

std::vector<ProcessUse> processes_using(const fs::path& path) {
    std::error_code error;
    const fs::path file = fs::canonical(path, error);
    std::vector<FileId> files;
    for (const char* suffix : {"", "-wal", "-shm"})
        if (const auto id = id_of(file.native() + suffix); id && !error) files.push_back(*id);
    std::vector<ProcessUse> uses;
    if (files.empty()) return uses;
    for_each_entry("/proc", [&](const fs::path& process) {
        const std::string name = process.filename().string();
        int pid = 0;
        const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (failed != std::errc() || end != name.data() + name.size() || pid == ::getpid()) return;
        if (!writes_to(process, files)) return;
        std::string command = text_of(process / "comm");
        while (!command.empty() && command.back() == '\n') command.pop_back();
        uses.push_back({pid, base::printable(command)});
    });
    std::sort(uses.begin(), uses.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
    return uses;
}

bool is_locked(const fs::path& path) {
    if (!id_of(path)) return false;
    const auto descriptor = pinned_file(path);
    // PENDING, RESERVED and the range of SHARED and EXCLUSIVE.
    // Source: https://www.sqlite.org/fileformat2.html#the_lock_byte_page
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = 0x40000000;
    lock.l_len = 512;
    if (::fcntl(descriptor->get(), F_OFD_GETLK, &lock) != 0)
        throw base::system_error(
            base::format("cannot tell whether {} is locked", base::printable(path.native())), errno);
    return lock.l_type != F_UNLCK;
}

void require_unused(const fs::path& path, std::string_view job) {
    const auto users = processes_using(path);
    const bool locked = users.empty() && is_locked(path);
    if (users.empty() && !locked) return;
    std::string who;
    for (const auto& user : users)
        who += base::format("{}{} (process {})", who.empty() ? "" : ", ", user.name, user.pid);
    throw base::Error(base::ErrorKind::busy, base::format("cannot {}: the node's database is in use", job))
        .cause(locked ? "a process that cannot be seen from here holds a lock on it"
                      : "open for writing by " + who)
        .state("nothing was changed in the node's home")
        .hint("stop the node, then run the same command again");
}

}  // namespace bt2c::chaindb::sqlite
