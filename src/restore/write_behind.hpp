#pragma once
// Writing to the disk on a thread of its own.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include "platform/aligned_buffer.hpp"
#include "platform/file.hpp"

namespace bt2c::restore {

/// Takes the waiting for the disk from threads that have work for the processor. At most eight pieces wait.
/// Thread-safe, but for finish().
class WriteBehind {
 public:
    /// `file` must outlive this.
    explicit WriteBehind(platform::DurableFile& file);
    /// Gives up what was not begun yet.
    ~WriteBehind();
    WriteBehind(const WriteBehind&) = delete;
    WriteBehind& operator=(const WriteBehind&) = delete;

    /// Queues the first `size` bytes of `memory`, which nobody changes meanwhile; waits while the queue is
    /// full. What it returns expires when they are with the kernel, or never will be. Throws what an earlier
    /// write threw, or when interrupted.
    std::weak_ptr<const void> write(std::shared_ptr<const platform::AlignedBuffer> memory, std::size_t size,
                                    std::uint64_t offset);
    /// Returns once all is with the kernel. Throws what a write threw.
    void finish();

 private:
    struct Piece {
        std::shared_ptr<const platform::AlignedBuffer> memory;
        std::size_t size;
        std::uint64_t offset;
    };
    void run();
    void wait_while_longer_than(std::size_t pieces, std::unique_lock<std::mutex>& lock);

    platform::DurableFile& file_;
    std::mutex mutex_;
    std::condition_variable moved_;
    std::deque<std::shared_ptr<const Piece>> pieces_;  // the first one is being written
    std::exception_ptr failure_;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace bt2c::restore
