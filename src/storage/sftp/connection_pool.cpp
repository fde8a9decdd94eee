#include "storage/sftp/connection_pool.hpp"

#include <algorithm>
#include <random>
#include <thread>

#include "base/progress.hpp"
#include "base/text.hpp"

namespace bt2c::storage::sftp {

namespace {

constexpr int turn_ms = 100;
constexpr double first_pause_ms = 500, longest_pause_ms = 30'000;
/// Firewalls forget connections that are silent for long, and then say nothing.
constexpr double idle_seconds_max = 60;

/// Exponential backoff with full jitter.
void pause_before_try(int number) {
    thread_local std::mt19937_64 random{std::random_device{}()};
    const double longest =
        std::min(longest_pause_ms, first_pause_ms * static_cast<double>(1ULL << std::min(number, 20)));
    double left_ms = std::uniform_real_distribution<double>(0, longest)(random);
    for (; left_ms > 0; left_ms -= turn_ms) {
        base::throw_if_interrupted();
        std::this_thread::sleep_for(
            std::chrono::duration<double, std::milli>(std::min<double>(left_ms, turn_ms)));
    }
}

}  // namespace

/// One of the connections that there may be, whether it is open yet or not.
class ConnectionPool::Place {
 public:
    explicit Place(ConnectionPool& pool) : pool_(pool) {
        std::unique_lock lock(pool_.mutex_);
        while (pool_.in_use_ >= std::max(pool_.options_.connections, 1)) {
            base::throw_if_interrupted();
            pool_.left_.wait_for(lock, std::chrono::milliseconds(turn_ms));
        }
        ++pool_.in_use_;
    }
    ~Place() {
        {
            const std::lock_guard lock(pool_.mutex_);
            --pool_.in_use_;
        }
        pool_.left_.notify_one();
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

 private:
    ConnectionPool& pool_;
};

std::unique_ptr<SftpSession> ConnectionPool::take_idle() {
    for (;;) {
        Idle idle;
        {
            const std::lock_guard lock(mutex_);
            if (idle_.empty()) return nullptr;
            idle = std::move(idle_.back());
            idle_.pop_back();
        }
        if (idle.since.seconds() < idle_seconds_max && idle.session->is_idle_and_alive())
            return std::move(idle.session);
    }
}

void ConnectionPool::run(const std::function<void(SftpSession&)>& work) {
    for (int tries = 0;; ++tries) {
        base::throw_if_interrupted();
        try {
            const Place place(*this);
            std::unique_ptr<SftpSession> session = take_idle();
            if (!session) session = std::make_unique<SftpSession>(options_);
            work(*session);
            const std::lock_guard lock(mutex_);
            idle_.push_back({std::move(session)});
            return;
        } catch (NetworkError& error) {
            if (tries == options_.retries) {
                if (tries > 0) error.cause(base::format("{} (tried {} times)", error.cause(), tries + 1));
                if (error.state().empty())
                    error.state(
                        "no part of an object is to be seen there; the last request may have been done or "
                        "not");
                throw;
            }
        }
        pause_before_try(tries);
    }
}

}  // namespace bt2c::storage::sftp
