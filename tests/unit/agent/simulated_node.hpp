#pragma once
// An agent in a thread of its own, over hooks that a test drives.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/agent.hpp"
#include "network/control_plane.hpp"

namespace bt2c::agent {

/// Polls until `holds` or the time is over.
inline bool within(double seconds, const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

class SimulatedNode {
 public:
    SimulatedNode(std::unique_ptr<network::ControlPlane> plane, std::string name)
        : plane_(std::move(plane)), name_(std::move(name)) {}
    ~SimulatedNode() { stop(); }

    void start() {
        stop_ = false;
        ready = false;
        thread_ = std::thread([this] {
            Agent(*plane_,
                  {.network = "devnet",
                   .node = {.name = name_, .validator = "v", .stake = 1, .since = 1000},
                   .settle = std::chrono::milliseconds(50)},
                  hooks())
                .run();
        });
    }
    void stop() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
    }

    /// Each call of obey, "3" or "3c" while catching up.
    std::vector<std::string> obeyed() const {
        const std::lock_guard lock(mutex_);
        return obeyed_;
    }
    std::vector<std::string> log() const {
        const std::lock_guard lock(mutex_);
        return log_;
    }

    std::atomic<std::int64_t> applied{0};    ///< survives a restart, as a database does
    std::atomic<bool> broken{false};         ///< obey throws
    std::atomic<std::int64_t> refuse{0};     ///< this order
    std::atomic<bool> refuses_first{false};  ///< before it is broken: such an order needs no database
    std::atomic<bool> unreadable{false};     ///< last_sequence throws
    std::atomic<bool> ready{false};
    std::atomic<int> seconds{0}, reports{0}, unsettled{0};  ///< the last: settled() says "not yet" so often

 private:
    static void fail(const char* what) {
        throw base::Error(base::ErrorKind::busy, "cannot pause").cause(what);
    }

    Hooks hooks() {
        return {.last_sequence =
                    [this] {
                        if (unreadable) fail("database is locked");
                        return applied.load();
                    },
                .obey =
                    [this](const network::PublishedOrder& order, bool catching_up) {
                        {
                            const std::lock_guard lock(mutex_);
                            obeyed_.push_back(std::to_string(order.sequence) + (catching_up ? "c" : ""));
                        }
                        if (broken && !(refuses_first && order.sequence == refuse))
                            fail("database is locked");
                        network::Acknowledgement done;
                        done.status = order.sequence == refuse    ? "refused"
                                      : order.sequence <= applied ? "already"
                                                                  : "applied";
                        done.detail = order.text;
                        if (done.status == "applied") applied = order.sequence;
                        return done;
                    },
                .settled =
                    [this](const network::Acknowledgement& done) -> std::optional<network::Acknowledgement> {
                    if (unsettled-- > 0) return std::nullopt;
                    network::Acknowledgement now = done;
                    now.settled_height = 7;
                    return now;
                },
                .report =
                    [this] {
                        ++reports;
                        return std::string(R"({"height":7})");
                    },
                .every_second = [this] { ++seconds; },
                .ready = [this] { ready = true; },
                .log =
                    [this](const std::string& line) {
                        const std::lock_guard lock(mutex_);
                        log_.push_back(line);
                    },
                .stop = [this] { return stop_.load(); }};
    }

    std::unique_ptr<network::ControlPlane> plane_;
    std::string name_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
    mutable std::mutex mutex_;
    std::vector<std::string> obeyed_, log_;
};

}  // namespace bt2c::agent
