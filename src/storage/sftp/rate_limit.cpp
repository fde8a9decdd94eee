#include "storage/sftp/rate_limit.hpp"

#include <algorithm>
#include <thread>

#include "base/progress.hpp"

namespace bt2c::storage::sftp {

void RateLimit::pass(std::uint64_t bytes) {
    if (bytes_per_second_ == 0) return;
    Clock::time_point at;
    {
        const std::lock_guard lock(mutex_);
        at = std::max(free_at_, Clock::now());
        const std::chrono::duration<double> takes(static_cast<double>(bytes) /
                                                  static_cast<double>(bytes_per_second_));
        free_at_ = at + std::chrono::duration_cast<Clock::duration>(takes);
    }
    for (auto now = Clock::now(); now < at; now = Clock::now()) {
        base::throw_if_interrupted();
        std::this_thread::sleep_for(std::min<Clock::duration>(at - now, std::chrono::milliseconds(100)));
    }
}

}  // namespace bt2c::storage::sftp
