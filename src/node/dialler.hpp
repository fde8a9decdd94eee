#pragma once
// Whom we connect to, and when we try again.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "crypto/random.hpp"
#include "node/peers.hpp"

namespace bt2c::node {

class Dialler {
 public:
    using Clock = std::chrono::steady_clock;
    Dialler(const std::vector<Endpoint>& endpoints, std::chrono::milliseconds delay_max)
        : delay_max_(delay_max) {
        for (const Endpoint& endpoint : endpoints) {
            targets_.emplace_back();
            targets_.back().endpoint = endpoint;
        }
    }

    void dial_due(Clock::time_point now, Transport& transport, const std::vector<std::string>& connected) {
        for (Target& target : targets_) {
            if (target.link != 0 || target.ourselves || now < target.due) continue;
            // It may have dialled us meanwhile.
            if (std::ranges::find(connected, target.identity) != connected.end()) continue;
            target.link = transport.dial(target.endpoint.host, target.endpoint.port);
        }
    }
    /// The peer at the other end is that one.
    void reached(LinkId link, const std::string& identity) {
        if (Target* target = find(link)) {
            target->identity = identity;
            target->failures = 0;
        }
    }
    void is_ourselves(LinkId link) {
        if (Target* target = find(link)) target->ourselves = true;
    }
    /// The connection was not made, was of no use, or is gone.
    void lost(LinkId link, Clock::time_point now) {
        Target* target = find(link);
        if (!target) return;
        target->link = 0;
        target->due = now + delay(target->failures);
        target->failures = std::min(target->failures + 1, 30U);
    }

 private:
    struct Target {
        Endpoint endpoint;
        Clock::time_point due;
        std::string identity;  ///< of who was there last
        LinkId link = 0;
        unsigned failures = 0;
        bool ourselves = false;
    };
    Target* find(LinkId link) {
        for (Target& target : targets_)
            if (target.link == link) return &target;
        return nullptr;
    }
    /// From 100 ms on, twice as long each time, a fifth more or less so that nodes do not move in step.
    std::chrono::milliseconds delay(unsigned failures) const {
        const auto whole =
            std::min<std::int64_t>(delay_max_.count(), std::int64_t{100} << std::min(failures, 20U));
        const std::int64_t spread = crypto::random_array<1>()[0];
        return std::chrono::milliseconds(whole * (80 * 255 + 40 * spread) / (100 * 255));
    }

    std::vector<Target> targets_;
    const std::chrono::milliseconds delay_max_;
};

}  // namespace bt2c::node
