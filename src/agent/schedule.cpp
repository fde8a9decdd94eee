#include "agent/schedule.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace bt2c::agent {

using base::UnixMs;

namespace {

constexpr std::int64_t minute_s = 60, day_s = 86'400, week_s = 7 * day_s;
/// 1970-01-01 was a Thursday.
constexpr std::int64_t weekday_of_epoch = 4;
constexpr UnixMs retry_ms = 3'600'000;

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

Rhythm rhythm_of(const config::WeeklyTime& time) {
    const std::int64_t of_day = time.minute * minute_s;
    if (!time.weekday) return {day_s, of_day};
    const std::int64_t days = (*time.weekday + 7 - weekday_of_epoch) % 7;
    return {week_s, days * day_s + of_day};
}

/// Of the jobs of many nodes, each at another second (a step of splitmix64).
std::int64_t delay_s(std::uint64_t seed, std::uint64_t job, std::int64_t jitter_s, std::int64_t period_s) {
    std::uint64_t mixed = seed + (job + 1) * 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    mixed ^= mixed >> 31;
    const std::int64_t most = std::min(jitter_s, period_s / 2 - 1);
    return static_cast<std::int64_t>(mixed % static_cast<std::uint64_t>(most + 1));
}

}  // namespace

std::vector<ScheduledJob> scheduled_jobs(const config::ScheduleSettings& settings, std::uint64_t seed) {
    std::vector<ScheduledJob> jobs;
    if (settings.full) jobs.push_back({"full", rhythm_of(*settings.full)});
    if (settings.incremental_minutes > 0)
        jobs.push_back({"incremental", {settings.incremental_minutes * minute_s, 0}});
    if (settings.verify) jobs.push_back({"verify", rhythm_of(*settings.verify)});
    if (settings.restore_test) jobs.push_back({"restore-test", rhythm_of(*settings.restore_test)});
    for (std::size_t i = 0; i < jobs.size(); ++i)
        jobs[i].rhythm.phase_s += delay_s(seed, i, settings.jitter_seconds, jobs[i].rhythm.period_s);
    return jobs;
}

UnixMs last_time(const Rhythm& rhythm, UnixMs now) {
    BT2C_ASSERT(rhythm.period_s > 0);
    const std::int64_t since = floor_divide(now, 1000) - rhythm.phase_s;
    return (floor_divide(since, rhythm.period_s) * rhythm.period_s + rhythm.phase_s) * 1000;
}

UnixMs next_time(const Rhythm& rhythm, UnixMs now) {
    return last_time(rhythm, now) + rhythm.period_s * 1000;
}

bool is_due(const Rhythm& rhythm, std::optional<UnixMs> last_run, UnixMs now) {
    if (!last_run) return true;
    const UnixMs done = last_time(rhythm, *last_run);
    const UnixMs asked = last_time(rhythm, now);
    return done < asked || done > asked + rhythm.period_s * 1000;
}

bool is_due(const Rhythm& rhythm, const std::optional<config::JobRecord>& record, UnixMs now) {
    if (!record) return true;
    const UnixMs last_run = std::max(record->last_started.value_or(0), record->last_skipped.value_or(0));
    if (is_due(rhythm, last_run, now)) return true;
    // What was found stays found. Nothing: it was cut off, since whoever asks has the lock.
    const int status = record->exit_status.value_or(base::exit_status(base::ErrorKind::failed));
    const bool may_pass = status != 0 && status != base::exit_status(base::ErrorKind::findings) &&
                          status != base::exit_status(base::ErrorKind::partial);
    return may_pass && now - last_run >= retry_ms;
}

std::optional<std::string> next_due(
    const std::vector<ScheduledJob>& jobs,
    const std::function<std::optional<config::JobRecord>(std::string_view)>& record_of, UnixMs now) {
    for (const ScheduledJob& job : jobs)
        if (is_due(job.rhythm, record_of(job.name), now)) return job.name;
    return std::nullopt;
}

}  // namespace bt2c::agent
