#pragma once
// Work done to several parts side by side, by the files of this folder.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/progress.hpp"
#include "storage/fan_out/part.hpp"

namespace bt2c::storage::fan_out {

/// For calls that are under way to end once they were asked to.
inline constexpr std::chrono::seconds rest_patience{2};

/// One question to all parts side by side.
class Inquiry {
 public:
    Inquiry(const std::vector<std::shared_ptr<Part>>& parts, std::function<void(std::size_t)> ask)
        : asked_(parts.size()) {
        const std::lock_guard starting(mutex_);  // the first may answer before the last is asked
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (parts[i]->away()) continue;
            ++waiting_;
            asked_[i] = true;
            threads_.emplace_back([this, i, ask] {
                const base::StopScope scope(&stop_);
                try {
                    ask(i);
                } catch (const std::exception&) {  // the part knows
                }
                const std::lock_guard lock(mutex_);
                asked_[i] = false;
                --waiting_;
                changed_.notify_all();
            });
        }
    }
    ~Inquiry() {
        stop_ = true;
        for (std::thread& thread : threads_) thread.join();
    }

    /// Which parts have not answered by then.
    std::vector<bool> wait(std::chrono::milliseconds patience) {
        const auto end = std::chrono::steady_clock::now() + patience;
        std::unique_lock lock(mutex_);
        while (waiting_ > 0 && std::chrono::steady_clock::now() < end) {
            base::throw_if_interrupted();
            changed_.wait_for(lock, std::chrono::milliseconds(20));
        }
        return asked_;
    }

 private:
    std::atomic<bool> stop_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t waiting_ = 0;
    std::vector<bool> asked_;
    std::vector<std::thread> threads_;
};

}  // namespace bt2c::storage::fan_out
