// When which job is due, over a clock of the test's own. [A1]

#include "agent/schedule.hpp"

#include <gtest/gtest.h>

namespace bt2c::agent {
namespace {

using base::UnixMs;

UnixMs at(const char* text) {
    return base::parse_utc(text).value();
}

constexpr Rhythm hourly{3600, 0}, daily{86'400, 7200};

config::ScheduleSettings punctual() {
    config::ScheduleSettings settings;
    settings.jitter_seconds = 0;
    return settings;
}

TEST(DueJobs, TimesAreThoseOfTheSettings) {
    const auto jobs = scheduled_jobs(punctual(), 7);
    ASSERT_EQ(jobs.size(), 4U);
    EXPECT_EQ(jobs[0].name, "full");
    const UnixMs now = at("2026-11-24T12:34:56Z");  // a Tuesday
    EXPECT_EQ(base::format_utc(last_time(jobs[0].rhythm, now)), "2026-11-24T02:00:00Z");
    EXPECT_EQ(base::format_utc(next_time(jobs[0].rhythm, now)), "2026-11-25T02:00:00Z");
    EXPECT_EQ(base::format_utc(last_time(jobs[1].rhythm, now)), "2026-11-24T12:00:00Z");
    EXPECT_EQ(base::format_utc(last_time(jobs[2].rhythm, now)), "2026-11-24T03:00:00Z");
    EXPECT_EQ(base::format_utc(last_time(jobs[3].rhythm, now)), "2026-11-22T04:00:00Z");
    EXPECT_EQ(base::format_utc(last_time(jobs[3].rhythm, at("2026-11-22T04:00:00Z"))),
              "2026-11-22T04:00:00Z");
    EXPECT_EQ(base::format_utc(last_time(jobs[3].rhythm, at("2026-11-22T03:59:59.999Z"))),
              "2026-11-15T04:00:00Z");
}

TEST(DueJobs, TimesBeforeTheEpochAreNoTrouble) {
    EXPECT_EQ(base::format_utc(last_time(daily, -1)), "1969-12-31T02:00:00Z");
}

TEST(DueJobs, WhatIsOffIsNone) {
    config::ScheduleSettings settings = punctual();
    settings.full.reset();
    settings.verify.reset();
    settings.incremental_minutes = 0;
    const auto jobs = scheduled_jobs(settings, 7);
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(jobs[0].name, "restore-test");
}

TEST(DueJobs, EachTimeCountsOnceAndMissedOnesTogetherOnce) {
    const std::optional<UnixMs> ran = at("2026-11-24T02:00:10Z");
    EXPECT_FALSE(is_due(daily, ran, at("2026-11-24T02:00:11Z")));
    EXPECT_FALSE(is_due(daily, ran, at("2026-11-25T01:59:59Z")));
    EXPECT_TRUE(is_due(daily, ran, at("2026-11-25T02:00:00Z")));
    EXPECT_TRUE(is_due(daily, ran, at("2026-12-24T12:00:00Z")));
    EXPECT_FALSE(is_due(daily, at("2026-12-24T12:00:00Z"), at("2026-12-24T12:05:00Z")));
    EXPECT_TRUE(is_due(daily, std::optional<UnixMs>(), at("2026-11-24T12:00:00Z")));
}

TEST(DueJobs, AClockThatWasWrongStallsNothing) {
    const UnixMs now = at("2026-11-24T12:00:00Z");
    EXPECT_TRUE(is_due(daily, at("2043-01-01T00:00:00Z"), now));
    EXPECT_FALSE(is_due(daily, at("2026-11-24T12:30:00Z"), now));  // put back a little
    EXPECT_FALSE(is_due(daily, at("2026-11-25T02:00:10Z"), now));  // over one time of the rhythm
    EXPECT_TRUE(is_due(daily, at("2026-11-26T02:00:10Z"), now));
}

TEST(DueJobs, JitterIsTheNodesOwnAndStays) {
    config::ScheduleSettings settings;
    settings.jitter_seconds = 3600;
    settings.incremental_minutes = 5;
    bool differ = false;
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        const auto jobs = scheduled_jobs(settings, seed);
        EXPECT_EQ(jobs[0].rhythm, scheduled_jobs(settings, seed)[0].rhythm);
        EXPECT_GE(jobs[0].rhythm.phase_s, 7200);
        EXPECT_LE(jobs[0].rhythm.phase_s, 7200 + 3600);
        EXPECT_LT(jobs[1].rhythm.phase_s, 150);
        differ |= jobs[0].rhythm.phase_s != scheduled_jobs(settings, seed + 1)[0].rhythm.phase_s;
    }
    EXPECT_TRUE(differ);
}

config::JobRecord record(UnixMs started, std::optional<int> status) {
    config::JobRecord record;
    record.name = "full";
    record.last_started = started;
    record.exit_status = status;
    return record;
}

TEST(DueJobs, WhatFailedIsTriedAgainAfterAnHour) {
    const UnixMs ran = at("2026-11-24T02:00:10Z"), soon = ran + 3'599'000, later = ran + 3'600'000;
    for (const int status : {1, 4, 5, 10, 130}) {
        EXPECT_FALSE(is_due(daily, std::optional(record(ran, status)), soon)) << status;
        EXPECT_TRUE(is_due(daily, std::optional(record(ran, status)), later)) << status;
    }
    // Cut off by a power failure, say.
    EXPECT_TRUE(is_due(daily, std::optional(record(ran, std::nullopt)), later));
    for (const int status : {0, 3, 6})
        EXPECT_FALSE(is_due(daily, std::optional(record(ran, status)), later)) << status;
}

TEST(DueJobs, WhatWasSkippedWaitsForItsNextTime) {
    config::JobRecord skipped = record(at("2026-11-24T01:00:00Z"), 0);
    skipped.last_skipped = at("2026-11-24T02:00:05Z");
    EXPECT_FALSE(is_due(hourly, std::optional(skipped), at("2026-11-24T02:30:00Z")));
    EXPECT_TRUE(is_due(hourly, std::optional(skipped), at("2026-11-24T03:00:00Z")));
}

TEST(DueJobs, TheMoreImportantComesFirst) {
    const auto jobs = scheduled_jobs(punctual(), 7);
    const UnixMs now = at("2026-11-24T12:00:00Z");
    const auto none = [](std::string_view) { return std::optional<config::JobRecord>(); };
    EXPECT_EQ(next_due(jobs, none, now), "full");
    const auto all_but_verify = [&](std::string_view name) {
        return name == "verify" ? std::nullopt : std::optional(record(now, 0));
    };
    EXPECT_EQ(next_due(jobs, all_but_verify, now), "verify");
    EXPECT_EQ(next_due(
                  jobs, [&](std::string_view) { return std::optional(record(now, 0)); }, now),
              std::nullopt);
}

}  // namespace
}  // namespace bt2c::agent
