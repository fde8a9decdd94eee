#include "storage/sftp/watchdog.hpp"

#include <algorithm>
#include <chrono>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "platform/tcp.hpp"

namespace bt2c::storage::sftp {

namespace {

bool is_interrupted() {
    try {
        base::throw_if_interrupted();
        return false;
    } catch (const base::Error&) {
        return true;
    }
}

}  // namespace

Watchdog::Watchdog(const std::vector<int>& connections, int timeout_ms) {
    // Descriptors of its own: nobody else can close these and let another file have their numbers.
    for (const int fd : connections)
        if (fd >= 0) connections_.push_back(platform::duplicate(fd));
    thread_ = std::thread([this, timeout_ms] { watch(timeout_ms); });
}

Watchdog::~Watchdog() {
    {
        const std::lock_guard lock(mutex_);
        done_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Watchdog::watch(int timeout_ms) {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
    std::unique_lock lock(mutex_);
    while (!done_) {
        time_is_up_ = Clock::now() >= deadline;
        if (time_is_up_ || is_interrupted()) {
            for (const platform::Descriptor& fd : connections_) platform::shut_down(fd.get());
            return;
        }
        changed_.wait_until(lock, std::min(deadline, Clock::now() + std::chrono::milliseconds(100)));
    }
}

}  // namespace bt2c::storage::sftp
