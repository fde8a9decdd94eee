#pragma once
// A limit that several threads share.

#include <chrono>
#include <cstdint>
#include <mutex>

namespace bt2c::storage::sftp {

/// Lets so many bytes a second pass. Thread-safe.
class RateLimit {
 public:
    /// 0: without a limit.
    explicit RateLimit(std::uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}
    /// Waits until `bytes` may go. Throws Error(interrupted) within 0.2 s when this process is asked to stop.
    void pass(std::uint64_t bytes);

 private:
    using Clock = std::chrono::steady_clock;
    std::uint64_t bytes_per_second_;
    std::mutex mutex_;
    Clock::time_point free_at_ = {};  ///< when the next bytes may go
};

}  // namespace bt2c::storage::sftp
