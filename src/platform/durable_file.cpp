// The one way to write durably; see file.hpp.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "platform/direct_io.hpp"
#include "platform/file.hpp"
#include "platform/file_steps.hpp"

namespace bt2c::platform {

using base::ByteView;
using base::format;
using base::printable;
using base::system_error;
using Kind = FileStep::Kind;

namespace {

constexpr std::string_view temporary_prefix = ".bt2c-tmp-";

std::function<void(const FileStep&)>& step_hook() {
    static std::function<void(const FileStep&)> hook;
    return hook;
}

void announce(Kind kind, const fs::path& path, const fs::path& to = {}, ByteView bytes = {},
              std::uint64_t offset = 0) {
    platform::announce({kind, path, to, bytes, offset});
}

fs::path folder_of(const fs::path& path) {
    const fs::path parent = path.parent_path();
    return parent.empty() ? fs::path(".") : parent;
}

/// Where something new is to lie, and cannot be made.
base::Error cannot_make(std::string_view what, const fs::path& target, int error_number) {
    base::Error error = system_error(format("cannot {} {}", what, printable(target.native())), error_number);
    struct statvfs disk {};
    // Some file systems make inodes as they need them, and count none.
    if (error_number == ENOSPC && ::statvfs(folder_of(target).c_str(), &disk) == 0 && disk.f_files > 0 &&
        disk.f_favail == 0)
        error.cause("its file system has no more room for files (inodes)")
            .hint("remove files there that are not needed, then run the same command again: df -i shows it");
    return error;
}

/// The lock that a live writer holds on its temporary file. A lock and not a pid, because writers on one
/// repository may be in different containers, which do not see each other's processes.
bool lock_as_owner(int fd) {
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;  // no locks on this file system
    struct stat info {};
    return ::fstat(fd, &info) != 0 || info.st_nlink > 0;
}

/// The lock of a temporary file whose writer is gone, else nothing. Held until the file is removed: a writer
/// that is between opening and locking its file must not get the lock of one that goes.
Descriptor lock_as_stale(const fs::path& temporary) {
    Descriptor fd(::open(temporary.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd) fd = Descriptor(::open(temporary.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fd.reset();
    return fd;
}

/// What a system call is given for `path` in an open folder, or with AT_FDCWD in none.
fs::path name_in(int folder, const fs::path& path) {
    return folder == AT_FDCWD ? path : path.filename();
}

void sync_folder_of(int folder, const fs::path& path) {
    if (folder == AT_FDCWD) return sync_folder(folder_of(path));
    announce(Kind::sync_folder, folder_of(path));
    if (::fsync(folder) != 0)
        throw system_error(format("cannot sync folder {}", printable(folder_of(path).native())), errno);
}

/// What root makes in somebody's folder is theirs: their jobs have to read it, replace it and remove it. Not
/// where the file system has no owners, or root is nobody there.
void give_to_owner_of_folder(int open_folder, const fs::path& made, int fd) {
    struct stat folder {
    }, own{};
    const int unknown =
        open_folder == AT_FDCWD ? ::stat(folder_of(made).c_str(), &folder) : ::fstat(open_folder, &folder);
    if (::geteuid() != 0 || unknown != 0 || ::fstat(fd, &own) != 0) return;
    if (own.st_uid != 0 || folder.st_uid == 0) return;
    if (::fchown(fd, folder.st_uid, folder.st_gid) != 0 && errno != EPERM && errno != EINVAL &&
        errno != ENOSYS)
        throw system_error(format("cannot give {} the owner of its folder", printable(made.native())), errno);
}

/// Gives the file its name unless that is taken, and then says false.
bool place_new(const fs::path& temporary, const fs::path& target) {
    // link() never replaces, and unlike renameat2 it works on every file system with hard links, NFS among
    // them; FAT and exFAT, without hard links, know renameat2's way not to replace.
    if (::link(temporary.c_str(), target.c_str()) == 0) {
        announce(Kind::remove, temporary);
        ::unlink(temporary.c_str());
        return true;
    }
    const int not_linked = errno;
    // Some say so with a fault that is none.
    const bool no_links = not_linked == EPERM || not_linked == EOPNOTSUPP || not_linked == ENOSYS ||
                          not_linked == EIO || not_linked == EINVAL;
    if (no_links && ::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0)
        return true;
    if (errno == EEXIST) return false;
    if (no_links && (errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS))
        throw base::Error(base::ErrorKind::failed, format("cannot create {}", printable(target.native())))
            .cause("its file system has neither hard links nor a rename that does not replace")
            .hint("use another file system, or for backups a location of kind sftp or s3")
            .system_code(EOPNOTSUPP);
    throw cannot_make("create", target, errno);
}

/// "<prefix><pid>-<counter>": unique in this process.
fs::path temporary_beside(const fs::path& target) {
    static std::atomic<unsigned> counter{0};
    return folder_of(target) / format("{}{}-{}", temporary_prefix, ::getpid(), counter++);
}

}  // namespace

void announce(const FileStep& step) {
    if (step_hook()) step_hook()(step);
}

void sync_folder(const fs::path& folder) {
    announce(Kind::sync_folder, folder);
    const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0)
        throw system_error(format("cannot sync folder {}", printable(folder.native())), errno);
}

void set_file_step_hook(std::function<void(const FileStep&)> hook) {
    step_hook() = std::move(hook);
}

DurableFile::DurableFile(fs::path target, unsigned mode) : DurableFile(AT_FDCWD, std::move(target), mode) {}

DurableFile::DurableFile(int folder, fs::path target, unsigned mode)
    : folder_(folder), target_(std::move(target)) {
    // A name left by a dead process that had our pid is in the way; the next counter is not.
    for (int attempt = 0; attempt < 1000 && !fd_; ++attempt) {
        temporary_ = temporary_beside(target_);
        announce(Kind::create, temporary_);
        fd_ = Descriptor(::openat(folder_, name_in(folder_, temporary_).c_str(),
                                  O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!fd_ && errno != EEXIST) break;
        // Between open and lock it looked stale, and may be gone already.
        if (fd_ && !lock_as_owner(fd_.get())) fd_.reset();
    }
    if (fd_) give_to_owner_of_folder(folder_, temporary_, fd_.get());
    // Before the mode, which may forbid it.
    if (fd_)
        direct_ = Descriptor(::openat(folder_, name_in(folder_, temporary_).c_str(),
                                      O_WRONLY | O_DIRECT | O_CLOEXEC | O_NOFOLLOW));
    if (!fd_ || ::fchmod(fd_.get(), mode) != 0) {
        const int error = errno;
        if (fd_) ::unlinkat(folder_, name_in(folder_, temporary_).c_str(), 0);
        throw cannot_make("create", target_, error);
    }
}

DurableFile::~DurableFile() {
    if (!committed_) ::unlinkat(folder_, name_in(folder_, temporary_).c_str(), 0);
}

void DurableFile::append(ByteView bytes) {
    write_at(bytes, size_);
    size_ += bytes.size();
}

std::size_t DurableFile::write_past_cache(ByteView bytes, std::uint64_t offset) {
    if (!direct_ || bytes.size() < direct_bytes || offset % direct_alignment != 0) return 0;
    const bool is_aligned = reinterpret_cast<std::uintptr_t>(bytes.data()) % direct_alignment == 0;
    std::size_t done = 0;
    while (bytes.size() - done >= direct_alignment) {
        const std::size_t size =
            std::min(direct_bytes, (bytes.size() - done) / direct_alignment * direct_alignment);
        const std::uint8_t* from = bytes.data() + done;
        if (!is_aligned) {
            std::copy_n(from, size, direct_buffer().data());
            from = direct_buffer().data();
        }
        const ssize_t put = ::pwrite(direct_.get(), from, size, static_cast<off_t>(offset + done));
        if (put < 0 && errno == EINTR) continue;
        if (put > 0) done += static_cast<std::size_t>(put);
        // Whatever is wrong, the ordinary write that takes the rest either does better or says what it is.
        if (put != static_cast<ssize_t>(size)) break;
    }
    return done;
}

void DurableFile::write_at(ByteView bytes, std::uint64_t offset) {
    announce(Kind::write, temporary_, {}, bytes, offset);
    synced_ = false;
    const std::size_t direct = write_past_cache(bytes, offset);
    platform::write_at(fd_.get(), bytes.subspan(direct), offset + direct, target_);
}

void DurableFile::allocate(std::uint64_t size) {
    announce(Kind::resize, temporary_, {}, {}, size);
    synced_ = false;
    int done = 0;
    do done = size == 0 ? 0 : ::fallocate(fd_.get(), 0, 0, static_cast<off_t>(size));
    while (done != 0 && errno == EINTR);
    if (done != 0 && (errno == EOPNOTSUPP || errno == ENOSYS))
        done = ::ftruncate(fd_.get(), static_cast<off_t>(size));
    if (done != 0) throw system_error(format("cannot write {}", printable(target_.native())), errno);
}

void DurableFile::start_writeback(std::uint64_t offset, std::uint64_t size) noexcept {
    ::sync_file_range(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(size), SYNC_FILE_RANGE_WRITE);
}

void DurableFile::set_times(std::int64_t mtime_ns) {
    constexpr std::int64_t second_ns = 1'000'000'000;
    const std::int64_t ns = ((mtime_ns % second_ns) + second_ns) % second_ns;
    const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_NOW},
                               {.tv_sec = (mtime_ns - ns) / second_ns, .tv_nsec = ns}};
    if (::futimens(fd_.get(), times) != 0)
        throw system_error(format("cannot set the time of {}", printable(target_.native())), errno);
}

void DurableFile::sync() {
    announce(Kind::sync, temporary_);
    if (::fsync(fd_.get()) != 0)
        throw system_error(format("cannot sync {}", printable(target_.native())), errno);
    synced_ = true;
}

bool DurableFile::commit(Existing existing) {
    BT2C_ASSERT(!committed_);
    if (!synced_) sync();
    if (existing == Existing::refuse) {
        BT2C_ASSERT(folder_ == AT_FDCWD);
        announce(Kind::link, temporary_, target_);
        if (!place_new(temporary_, target_)) return false;
    } else {
        announce(Kind::rename, temporary_, target_);
        if (::renameat(folder_, name_in(folder_, temporary_).c_str(), folder_,
                       name_in(folder_, target_).c_str()) != 0)
            throw system_error(format("cannot replace {}", printable(target_.native())), errno);
    }
    committed_ = true;
    sync_folder_of(folder_, target_);
    return true;
}

void write_durably(const fs::path& target, ByteView contents, unsigned mode) {
    DurableFile file(target, mode);
    file.append(contents);
    file.commit(DurableFile::Existing::replace);
}

void rewrite_durably(const fs::path& path, ByteView contents) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0)
        throw system_error(format("cannot read {}", printable(path.native())), errno);
    DurableFile file(path, info.st_mode & 07777U);
    file.append(contents);
    if (::geteuid() == 0 && ::fchown(file.fd(), info.st_uid, info.st_gid) != 0)
        throw system_error(format("cannot keep the owner of {}", printable(path.native())), errno);
    file.commit(DurableFile::Existing::replace);
}

void durable_rename(const fs::path& from, const fs::path& to) {
    announce(Kind::rename, from, to);
    if (::rename(from.c_str(), to.c_str()) != 0)
        throw system_error(format("cannot rename {} to {}", printable(from.native()), printable(to.native())),
                           errno);
    sync_folder(folder_of(to));
    if (folder_of(from) != folder_of(to)) sync_folder(folder_of(from));
}

void durable_mkdir(const fs::path& folder, unsigned mode) {
    std::error_code ignored;
    if (fs::is_directory(folder, ignored)) return;
    const fs::path parent = folder_of(folder);
    if (parent != folder) durable_mkdir(parent, mode);
    announce(Kind::make_folder, folder);
    if (::mkdir(folder.c_str(), mode) != 0) {
        const int error = errno;
        // Another process may have made it meanwhile; a file of that name is no folder.
        if (!fs::is_directory(folder, ignored)) throw cannot_make("make folder", folder, error);
    } else if (const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
               fd) {
        give_to_owner_of_folder(AT_FDCWD, folder, fd.get());
    }
    sync_folder(parent);
}

Descriptor durable_folder_in(int parent, const fs::path& folder, unsigned mode) {
    const fs::path name = folder.filename();
    const auto open = [&] {
        return Descriptor(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    };
    Descriptor fd = open();
    if (!fd && errno == ENOENT) {
        announce(Kind::make_folder, folder);
        if (::mkdirat(parent, name.c_str(), mode) != 0 && errno != EEXIST)
            throw cannot_make("make folder", folder, errno);
        fd = open();
        if (fd) {
            give_to_owner_of_folder(parent, folder, fd.get());
            sync_folder_of(parent, folder);
        }
    }
    if (!fd) throw system_error(format("cannot open folder {}", printable(folder.native())), errno);
    return fd;
}

void durable_rename_in(int folder, const fs::path& from, const fs::path& to) {
    announce(Kind::rename, from, to);
    if (::renameat(folder, from.filename().c_str(), folder, to.filename().c_str()) != 0)
        throw system_error(format("cannot rename {} to {}", printable(from.native()), printable(to.native())),
                           errno);
    sync_folder_of(folder, to);
}

bool durable_remove(const fs::path& path) {
    announce(Kind::remove, path);
    if (::unlink(path.c_str()) != 0) {
        if (errno == ENOENT) return false;
        throw system_error(format("cannot remove {}", printable(path.native())), errno);
    }
    sync_folder(folder_of(path));
    return true;
}

void remove_stale_temporaries(const fs::path& folder) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().native();
        if (!name.starts_with(temporary_prefix)) continue;
        const Descriptor lock = lock_as_stale(entry.path());
        if (!lock && !entry.is_symlink()) continue;
        durable_remove(entry.path());
    }
}

}  // namespace bt2c::platform
