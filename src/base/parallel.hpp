#pragma once
// Work done side by side whose results are taken in order.

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/progress.hpp"

namespace bt2c::base {

/// As many threads as processors, but no more than 8: beyond that the disk is the limit.
inline unsigned worker_count() {
    return std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
}

/// Calls work(i) for i = 0 … count-1 on `threads` threads, and take(i, result) with each result in
/// the order of i, never two at once. At most a few results per thread wait for their turn. The
/// first exception stops all threads and is rethrown here; so does an interrupt.
template <typename Work, typename Take>
void ordered_parallel(unsigned threads, std::uint64_t count, Work work, Take take) {
    using Result = decltype(work(std::uint64_t{0}));
    std::mutex mutex;
    std::condition_variable moved;
    std::map<std::uint64_t, Result> finished;
    std::uint64_t next_work = 0;
    std::uint64_t next_take = 0;
    bool taking = false;
    std::exception_ptr failure;
    const std::uint64_t window = std::uint64_t{threads} * 4;

    const auto take_finished = [&](std::unique_lock<std::mutex>& lock) {
        if (taking) return;  // the thread that takes now will take ours too
        taking = true;
        for (auto it = finished.find(next_take); it != finished.end() && !failure;
             it = finished.find(next_take)) {
            Result result = std::move(it->second);
            finished.erase(it);
            lock.unlock();
            std::exception_ptr error;
            try {
                take(next_take, std::move(result));
            } catch (...) {
                error = std::current_exception();
            }
            lock.lock();
            if (error) failure = error;
            ++next_take;
            moved.notify_all();
        }
        taking = false;
    };

    const auto run = [&, stop = present_stop()] {
        const StopScope scope(stop);
        std::unique_lock lock(mutex);
        while (!failure && next_work < count) {
            const std::uint64_t mine = next_work++;
            moved.wait(lock, [&] { return failure || mine < next_take + window; });
            if (failure) break;
            lock.unlock();
            try {
                throw_if_interrupted();
                Result result = work(mine);
                lock.lock();
                finished.emplace(mine, std::move(result));
                take_finished(lock);
            } catch (...) {
                if (!lock.owns_lock()) lock.lock();
                if (!failure) failure = std::current_exception();
            }
        }
        moved.notify_all();
    };

    std::vector<std::thread> helpers;
    const auto wanted = static_cast<unsigned>(std::min<std::uint64_t>(threads, count));
    try {
        for (unsigned i = 1; i < wanted; ++i) helpers.emplace_back(run);
    } catch (const std::system_error&) {  // no thread is left: fewer do the same
    }
    run();
    for (std::thread& helper : helpers) helper.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace bt2c::base
