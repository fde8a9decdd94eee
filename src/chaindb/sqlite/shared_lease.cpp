#include "chaindb/sqlite/shared_lease.hpp"

#include <utility>

namespace bt2c::chaindb::sqlite {

SharedLease::SharedLease(Duration slice, Duration gap, std::function<void()> acquire,
                         std::function<void()> release)
    : slice_(slice),
      gap_(gap),
      acquire_(std::move(acquire)),
      release_(std::move(release)),
      slice_ends_(Clock::now() + slice),
      timekeeper_([this] { keep_time(); }) {}

SharedLease::~SharedLease() {
    {
        const std::lock_guard lock(mutex_);
        BT2C_ASSERT(readers_ == 0);
        stopping_ = true;
    }
    changed_.notify_all();
    timekeeper_.join();
    if (held_) release_();
}

void SharedLease::enter() {
    std::unique_lock lock(mutex_);
    // After the slice's end the timekeeper gives the lock back before anybody may read on.
    changed_.wait(lock, [this] { return !held_ || Clock::now() < slice_ends_; });
    if (!held_) {
        if (failure_) throw *failure_;
        std::this_thread::sleep_until(released_ + gap_);
        try {
            acquire_();
        } catch (const base::Error& error) {
            failure_ = error;
            throw;
        }
        held_ = true;
        slice_ends_ = Clock::now() + slice_;
        changed_.notify_all();
    }
    ++readers_;
}

void SharedLease::leave() {
    const std::lock_guard lock(mutex_);
    // Before the slice's end the timekeeper would only look at its watch and sleep again.
    if (--readers_ == 0 && Clock::now() >= slice_ends_) changed_.notify_all();
}

void SharedLease::keep_time() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (!held_) {
            changed_.wait(lock);
        } else if (Clock::now() < slice_ends_) {
            changed_.wait_until(lock, slice_ends_);
        } else if (readers_ > 0) {
            changed_.wait(lock);
        } else {
            release_();
            held_ = false;
            released_ = Clock::now();
            changed_.notify_all();
        }
    }
}

}  // namespace bt2c::chaindb::sqlite
