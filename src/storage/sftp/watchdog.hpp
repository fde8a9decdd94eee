#pragma once
// Ends calls that block on a connection and know no time limit.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "platform/file.hpp"

namespace bt2c::storage::sftp {

/// While it lives: shuts the connections down when time is up or this process is asked to stop, so that
/// whoever waits for them returns with an error.
class Watchdog {
 public:
    Watchdog(const std::vector<int>& connections, int timeout_ms);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    /// Whether it shut them down because time was up.
    bool time_is_up() const { return time_is_up_; }

 private:
    void watch(int timeout_ms);

    std::vector<platform::Descriptor> connections_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool done_ = false;
    std::atomic<bool> time_is_up_ = false;
    std::thread thread_;
};

}  // namespace bt2c::storage::sftp
