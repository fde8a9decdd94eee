// Whatever the clock does, a job runs once at each of its times, and none is lost for long. [A1]

#include "agent/schedule.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace bt2c::agent {
namespace {

using base::UnixMs;

constexpr std::int64_t minute_ms = 60'000;

struct Run {
    UnixMs clock;
    std::int64_t real_ms;
    std::size_t jumps;  ///< of the clock before it
};

/// A machine that looks once a minute whether the job is due, and whose clock is set now and then.
struct Machine {
    Rhythm rhythm;
    UnixMs clock = 0;
    std::int64_t real_ms = 0;
    std::size_t jumps = 0;
    std::vector<Run> runs = {};

    void let_pass(std::int64_t minutes) {
        for (std::int64_t i = 0; i < minutes; ++i) {
            clock += minute_ms;
            real_ms += minute_ms;
            const auto last = runs.empty() ? std::nullopt : std::optional(runs.back().clock);
            if (is_due(rhythm, last, clock)) runs.push_back({clock, real_ms, jumps});
        }
    }
};

RC_GTEST_PROP(Schedule, NeverTwiceNeverLost, ()) {
    const auto period_min = *rc::gen::element<std::int64_t>(5, 60, 1440, 10'080);
    Machine machine{.rhythm = {period_min * 60, *rc::gen::inRange<std::int64_t>(0, period_min * 60)}};
    machine.clock = *rc::gen::inRange<UnixMs>(-1'000'000'000'000, 4'000'000'000'000);
    const std::int64_t period_ms = period_min * minute_ms;
    const auto steps = *rc::gen::inRange(1, 8);
    for (int step = 0; step < steps; ++step) {
        if (*rc::gen::inRange(0, 3) > 0) {
            const auto periods = *rc::gen::inRange<std::int64_t>(-30, 31);
            machine.clock += periods * period_ms / 10 * *rc::gen::element<std::int64_t>(1, 10, 1000);
            ++machine.jumps;
        }
        const std::size_t before = machine.runs.size();
        const auto minutes = *rc::gen::inRange<std::int64_t>(0, 35) * period_min / 10;
        machine.let_pass(minutes);
        // Two periods of a clock that goes on steadily have a run in them, whatever was before; the first
        // look is a minute after the jump.
        if (minutes > 2 * period_min) RC_ASSERT(machine.runs.size() > before);
    }
    for (std::size_t i = 1; i < machine.runs.size(); ++i) {
        const Run &one = machine.runs[i - 1], &other = machine.runs[i];
        RC_ASSERT(last_time(machine.rhythm, one.clock) != last_time(machine.rhythm, other.clock));
        if (one.jumps != other.jumps) continue;
        // Without a jump between them the second is at the very next time, to the minute.
        RC_ASSERT(last_time(machine.rhythm, other.clock) == next_time(machine.rhythm, one.clock));
        RC_ASSERT(other.clock - last_time(machine.rhythm, other.clock) < minute_ms);
    }
}

}  // namespace
}  // namespace bt2c::agent
