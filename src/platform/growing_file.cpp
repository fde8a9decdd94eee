// Files that only grow; see file.hpp.

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"
#include "platform/file_steps.hpp"

namespace bt2c::platform {
namespace {

using base::format;
using base::printable;
using base::system_error;
using Kind = FileStep::Kind;

void lock(int fd, int kind, const fs::path& name, int patience_ms) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
    constexpr int turn_ms = 10;
    while (::flock(fd, kind | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        if (errno != EWOULDBLOCK)
            throw system_error(format("cannot lock {}", printable(name.native())), errno);
        base::throw_if_interrupted();
        if (std::chrono::steady_clock::now() >= deadline)
            throw base::Error(base::ErrorKind::busy,
                              format("{} is in use by another process", printable(name.native())))
                .hint("try again; if it lasts, see with 'lsof' which process it is");
        ::poll(nullptr, 0, turn_ms);
    }
}

}  // namespace

void lock_for_reading(int fd, const fs::path& name, int patience_ms) {
    lock(fd, LOCK_SH, name, patience_ms);
}

GrowingFile::GrowingFile(fs::path path, unsigned mode, int patience_ms) : path_(std::move(path)) {
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    const std::string what = format("cannot open {}", printable(path_.native()));
    fd_ = Descriptor(::open(path_.c_str(), flags));
    if (!fd_ && errno == ENOENT) {
        announce({Kind::create, path_, {}, {}, 0});
        fd_ = Descriptor(::open(path_.c_str(), flags | O_CREAT | O_EXCL, 0600));
        if (fd_) {
            if (::fchmod(fd_.get(), mode) != 0) throw system_error(what, errno);
            give_to_owner_of(path_.parent_path(), fd_.get());
        } else if (errno == EEXIST) {
            fd_ = Descriptor(::open(path_.c_str(), flags));
        }
    }
    if (!fd_) throw system_error(what, errno);
    lock(fd_.get(), LOCK_EX, path_, patience_ms);
}

void GrowingFile::append_at(base::ByteView bytes, std::uint64_t offset) {
    const std::uint64_t end = offset + bytes.size();
    announce({Kind::write, path_, {}, bytes, offset});
    write_at(fd_.get(), bytes, offset, path_);
    if (size() > end) {
        announce({Kind::resize, path_, {}, {}, end});
        if (::ftruncate(fd_.get(), static_cast<off_t>(end)) != 0)
            throw system_error(format("cannot write {}", printable(path_.native())), errno);
    }
    announce({Kind::sync, path_, {}, {}, 0});
    if (::fsync(fd_.get()) != 0)
        throw system_error(format("cannot sync {}", printable(path_.native())), errno);
    // Whoever made the file may have ended before its name was durable.
    sync_folder(path_.parent_path());
}

}  // namespace bt2c::platform
