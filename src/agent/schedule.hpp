#pragma once
// Which scheduled job is due: plain calculation with times in UTC, where each day has 24 hours.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "config/job_record.hpp"
#include "config/schedule_settings.hpp"

namespace bt2c::agent {

/// A run each `period_s`, at Unix times that leave `phase_s` when they are divided by it.
struct Rhythm {
    std::int64_t period_s = 0;
    std::int64_t phase_s = 0;

    friend bool operator==(const Rhythm&, const Rhythm&) = default;
};

/// A job that runs by itself.
struct ScheduledJob {
    std::string name;
    Rhythm rhythm;
};

/// Those that the settings ask for, the more important ones first. `seed` is the node's own: by it each job
/// is late by 0 to the settings' jitter, but by less than half its period, and always by the same.
std::vector<ScheduledJob> scheduled_jobs(const config::ScheduleSettings& settings, std::uint64_t seed);

/// The newest time of the rhythm that is not after `now`.
base::UnixMs last_time(const Rhythm& rhythm, base::UnixMs now);
/// The first one after `now`.
base::UnixMs next_time(const Rhythm& rhythm, base::UnixMs now);

/// Whether a job that ran last at `last_run` (nothing: never) is due. Each time of the rhythm counts once,
/// and times that were missed count once together. A last run in the future, of a clock that was put right
/// since, is believed up to one period ahead.
bool is_due(const Rhythm& rhythm, std::optional<base::UnixMs> last_run, base::UnixMs now);
/// The same by the job's record; a run that failed for a reason that may pass is due again after an hour.
bool is_due(const Rhythm& rhythm, const std::optional<config::JobRecord>& record, base::UnixMs now);

/// The first of the jobs that is due; nothing: none is.
std::optional<std::string> next_due(
    const std::vector<ScheduledJob>& jobs,
    const std::function<std::optional<config::JobRecord>(std::string_view)>& record_of, base::UnixMs now);

}  // namespace bt2c::agent
