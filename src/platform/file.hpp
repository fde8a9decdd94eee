#pragma once
// Files: plain reading, scratch space, and the one way to write durably.
//
// Every durable write of the project goes through DurableFile, durable_rename, durable_mkdir and
// durable_remove. Each of their system calls is announced to the fault hook first, so that tests
// can stop the process, fail the call or fill the disk at each step.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace bt2c::platform {

namespace fs = std::filesystem;

/// Owns a file descriptor.
class Descriptor {
 public:
    Descriptor() = default;
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    ~Descriptor() { reset(); }
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = other.release();
        }
        return *this;
    }
    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    int release() noexcept {
        const int fd = fd_;
        fd_ = -1;
        return fd;
    }
    void reset() noexcept;

 private:
    int fd_ = -1;
};

/// Opens for reading. Throws Error with the system's cause; `follow` false refuses a symbolic link.
Descriptor open_for_reading(const fs::path& path, bool follow = true);
/// Reads up to out.size() bytes at `offset`; less only at the end of the file.
std::size_t read_at(int fd, base::MutableBytes out, std::uint64_t offset, const fs::path& name);
/// The same, past the page cache (O_DIRECT) where the bytes are not in it yet and the file system can: for
/// large pieces that are not read again soon. `fd` must be the caller's alone.
std::size_t read_past_cache(int fd, base::MutableBytes out, std::uint64_t offset, const fs::path& name);
/// Writes all of `bytes` at `offset`.
void write_at(int fd, base::ByteView bytes, std::uint64_t offset, const fs::path& name);
/// The whole file; throws Error when it is larger than `size_max`.
base::Bytes read_file(const fs::path& path, std::uint64_t size_max);
std::uint64_t file_size(int fd, const fs::path& name);

/// Nameless scratch space in `folder`, gone when closed, whatever happens to the process.
Descriptor open_scratch_file(const fs::path& folder);

/// A file that comes to exist under its name whole and durable, or not at all.
/// Written beside its target under a temporary name (".bt2c-tmp-*"); discarded unless committed.
/// After a crash only a temporary name can remain; remove_stale_temporaries() clears those.
/// What root makes in a folder of somebody else's is theirs from its first byte on; so is what
/// durable_mkdir() makes.
class DurableFile {
 public:
    /// The folder must exist. `mode` is set exactly, whatever the umask.
    DurableFile(fs::path target, unsigned mode);
    /// The same in a folder that is open as `folder`, and stays so, whatever its path leads to: only the last
    /// name of `target` is used, and all of it in messages. Not with Existing::refuse.
    DurableFile(int folder, fs::path target, unsigned mode);
    ~DurableFile();
    DurableFile(const DurableFile&) = delete;
    DurableFile& operator=(const DurableFile&) = delete;

    /// Large pieces go past the page cache where the file system can (O_DIRECT): they are not read again
    /// soon, and would push out what the node reads. One thread at a time.
    void append(base::ByteView bytes);
    /// For writers that fill parts in parallel; thread-safe against each other. Past the page cache too,
    /// where offset and memory allow.
    void write_at(base::ByteView bytes, std::uint64_t offset);
    /// Gives the new file its size, zeros, and its room on the disk where the file system can: no room is
    /// told before anything is written, and writers that fill holes would wait for each other.
    void allocate(std::uint64_t size);
    /// Asks the kernel to begin writing back a range; a hint that keeps the final fsync short.
    void start_writeback(std::uint64_t offset, std::uint64_t size) noexcept;
    void set_times(std::int64_t mtime_ns);
    int fd() const noexcept { return fd_.get(); }
    const fs::path& temporary() const noexcept { return temporary_; }

    /// fsync of the contents; commit calls it unless it was called after the last write.
    void sync();
    enum class Existing { replace, refuse };
    /// sync, give it the target's name, fsync the folder. With Existing::refuse, false (and
    /// nothing changed) when the target exists already.
    bool commit(Existing existing);

 private:
    /// How much of `bytes` was written that way: all, a part, or nothing.
    std::size_t write_past_cache(base::ByteView bytes, std::uint64_t offset);

    int folder_;  ///< AT_FDCWD: by the paths
    fs::path target_, temporary_;
    Descriptor fd_;
    Descriptor direct_;  ///< the same file for O_DIRECT; empty where the file system cannot
    std::uint64_t size_ = 0;
    std::atomic<bool> synced_ = false;  ///< cleared by any of the writers
    bool committed_ = false;
};

/// A file that only grows, such as a log, while it is open to this process alone.
class GrowingFile {
 public:
    /// Opens it, or makes it with `mode`; never through a symbolic link. Other writers wait for each other.
    /// Throws Error(busy) when another one has it for longer than `patience_ms`.
    GrowingFile(fs::path path, unsigned mode, int patience_ms);
    int fd() const noexcept { return fd_.get(); }
    std::uint64_t size() const { return file_size(fd_.get(), path_); }
    /// Puts `bytes` at `offset`, which is not beyond the end, and ends the file after them; durable when it
    /// returns. What was beyond `offset` is lost. When it throws, or power fails meanwhile, any part of it
    /// may have been done.
    void append_at(base::ByteView bytes, std::uint64_t offset);

 private:
    fs::path path_;
    Descriptor fd_;
};

/// Waits for a lock (flock) on an open file that readers share and a GrowingFile has for itself; throws
/// Error(busy) after `patience_ms`.
void lock_for_reading(int fd, const fs::path& name, int patience_ms);

/// DurableFile for contents at hand.
void write_durably(const fs::path& target, base::ByteView contents, unsigned mode);
/// New contents for a file that is there; its mode stays, and its owner where this process may set it.
void rewrite_durably(const fs::path& path, base::ByteView contents);
/// rename over whatever is there, then fsync of both folders.
void durable_rename(const fs::path& from, const fs::path& to);
/// Makes the folder and its parents, fsyncing each parent; existing folders are left as they are.
void durable_mkdir(const fs::path& folder, unsigned mode);
/// Opens a folder whose parent is open as `parent`, never through a symbolic link, and makes it first where
/// it is missing.
Descriptor durable_folder_in(int parent, const fs::path& folder, unsigned mode);
/// durable_rename within a folder that is open as `folder`: only the last names are used.
void durable_rename_in(int folder, const fs::path& from, const fs::path& to);
/// unlink and fsync of the folder; false when there was nothing.
bool durable_remove(const fs::path& path);
/// Removes temporary names left in `folder` by processes that are gone, on whatever machine they ran:
/// a live writer holds a lock (flock) on its file. Symbolic links, which cannot be locked, all go.
void remove_stale_temporaries(const fs::path& folder);

/// Gives the owner and group of `folder` to an open file, when this process is root's: the node must be able
/// to read what an operator wrote into its folders.
void give_to_owner_of(const fs::path& folder, int fd);

/// Free bytes for an ordinary user in the file system of `path` (or its nearest existing parent).
std::uint64_t free_space(const fs::path& path);

/// One step of a durable write, announced before it is done.
struct FileStep {
    enum class Kind { create, write, resize, sync, rename, link, remove, make_folder, sync_folder };
    Kind kind;
    fs::path path;
    fs::path to;               ///< of a rename or link
    base::ByteView bytes;      ///< of a write
    std::uint64_t offset = 0;  ///< of a write; the size of a resize
};
/// For tests: called before every step, from any thread. It may throw, which fails the step.
/// An empty function removes it. Not for use while jobs run.
void set_file_step_hook(std::function<void(const FileStep&)> hook);

}  // namespace bt2c::platform
