#pragma once
// SQLite's SHARED lock, shared by reader threads and given back to writers again and again.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.hpp"

namespace bt2c::chaindb::sqlite {

/// Readers take a Use for each short read. The lock is taken when the first one asks, and given
/// back `slice` later, as soon as the reads under way are done, whether or not more is asked for.
class SharedLease {
 public:
    using Duration = std::chrono::milliseconds;
    /// Begins with the lock held. `acquire` may throw, which ends the lease for all readers;
    /// `release` must not. Neither is called by two threads at once.
    SharedLease(Duration slice, Duration gap, std::function<void()> acquire, std::function<void()> release);
    /// Gives the lock back. No Use may be left.
    ~SharedLease();
    SharedLease(const SharedLease&) = delete;
    SharedLease& operator=(const SharedLease&) = delete;

    class Use {
     public:
        explicit Use(SharedLease& lease) : lease_(lease) { lease_.enter(); }
        ~Use() { lease_.leave(); }
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;

     private:
        SharedLease& lease_;
    };

 private:
    using Clock = std::chrono::steady_clock;
    void enter();
    void leave();
    void keep_time();

    const Duration slice_, gap_;
    const std::function<void()> acquire_, release_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool held_ = true, stopping_ = false;
    int readers_ = 0;
    Clock::time_point slice_ends_, released_;
    std::optional<base::Error> failure_;
    std::thread timekeeper_;
};

}  // namespace bt2c::chaindb::sqlite
