#include "platform/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"
#include "base/text.hpp"
#include "platform/direct_io.hpp"

namespace bt2c::platform {

using base::ByteView;
using base::format;
using base::printable;
using base::system_error;

void Descriptor::reset() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

Descriptor open_for_reading(const fs::path& path, bool follow) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
    if (fd < 0) throw system_error(format("cannot open {}", printable(path.native())), errno);
    return Descriptor(fd);
}

std::size_t read_at(int fd, base::MutableBytes out, std::uint64_t offset, const fs::path& name) {
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t got =
            ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw system_error(format("cannot read {}", printable(name.native())), errno);
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

std::size_t read_past_cache(int fd, base::MutableBytes out, std::uint64_t offset, const fs::path& name) {
    const iovec whole{out.data(), out.size()};
    const ssize_t cached = ::preadv2(fd, &whole, 1, static_cast<off_t>(offset), RWF_NOWAIT);
    std::size_t done = cached > 0 ? static_cast<std::size_t>(cached) : 0;
    const int flags = ::fcntl(fd, F_GETFL);
    if (out.size() - done >= direct_bytes / 4 && flags >= 0 && ::fcntl(fd, F_SETFL, flags | O_DIRECT) == 0) {
        const base::MutableBytes buffer = direct_buffer();
        while (done < out.size()) {
            const std::size_t before = (offset + done) % direct_alignment;
            const std::size_t wanted = std::min(direct_bytes, before + out.size() - done);
            const std::size_t size = (wanted + direct_alignment - 1) / direct_alignment * direct_alignment;
            const ssize_t got = ::pread(fd, buffer.data(), size, static_cast<off_t>(offset + done - before));
            if (got < 0 && errno == EINTR) continue;
            // The end, or something wrong: the ordinary read of the rest does better, or says what it is.
            if (got <= static_cast<ssize_t>(before)) break;
            const std::size_t part = std::min(static_cast<std::size_t>(got) - before, out.size() - done);
            std::copy_n(buffer.data() + before, part, out.data() + done);
            done += part;
        }
        if (::fcntl(fd, F_SETFL, flags) != 0)
            throw system_error(format("cannot read {}", printable(name.native())), errno);
    }
    return done + read_at(fd, out.subspan(done), offset + done, name);
}

void write_at(int fd, ByteView bytes, std::uint64_t offset, const fs::path& name) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t put =
            ::pwrite(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) throw system_error(format("cannot write {}", printable(name.native())), errno);
        done += static_cast<std::size_t>(put);
    }
}

std::uint64_t file_size(int fd, const fs::path& name) {
    struct stat info {};
    if (::fstat(fd, &info) != 0)
        throw system_error(format("cannot read {}", printable(name.native())), errno);
    return static_cast<std::uint64_t>(info.st_size);
}

base::Bytes read_file(const fs::path& path, std::uint64_t size_max) {
    const Descriptor fd = open_for_reading(path);
    const std::uint64_t size = file_size(fd.get(), path);
    const auto too_large = [&] {
        return base::Error(base::ErrorKind::failed, format("cannot read {}", printable(path.native())))
            .cause(format("it is larger than {}", base::human_size(size_max)));
    };
    if (size > size_max) throw too_large();
    // Files of /proc and files that grow tell no size beforehand: one byte more shows the end.
    base::Bytes contents(size + 1);
    for (std::size_t filled = 0;;) {
        const std::size_t got = read_at(fd.get(), base::MutableBytes(contents).subspan(filled), filled, path);
        filled += got;
        if (filled > size_max) throw too_large();
        if (filled < contents.size()) {
            contents.resize(filled);
            return contents;
        }
        contents.resize(contents.size() * 2);
    }
}

Descriptor open_scratch_file(const fs::path& folder) {
    int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
        std::string name = (folder / ".bt2c-tmp-XXXXXX").native();
        fd = ::mkostemp(name.data(), O_CLOEXEC);
        if (fd >= 0) ::unlink(name.c_str());
    }
    if (fd < 0)
        throw system_error(format("cannot make a scratch file in {}", printable(folder.native())), errno);
    return Descriptor(fd);
}

void give_to_owner_of(const fs::path& folder, int fd) {
    struct stat info {};
    if (::geteuid() != 0) return;
    if (::stat(folder.c_str(), &info) != 0 || ::fchown(fd, info.st_uid, info.st_gid) != 0)
        throw system_error(format("cannot give a file the owner of {}", printable(folder.native())), errno);
}

std::uint64_t free_space(const fs::path& path) {
    fs::path at = fs::absolute(path);
    struct statvfs info {};
    while (::statvfs(at.c_str(), &info) != 0) {
        if (errno != ENOENT || !at.has_relative_path())
            throw system_error(format("cannot tell the free space at {}", printable(at.native())), errno);
        at = at.parent_path();
    }
    return std::uint64_t{info.f_bavail} * info.f_frsize;
}

}  // namespace bt2c::platform
