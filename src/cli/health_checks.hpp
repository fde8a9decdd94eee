#pragma once
// The checks of 'doctor', in groups; each group stops at nothing but an interruption.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "cli/context.hpp"
#include "cli/health_check.hpp"
#include "config/job_record.hpp"
#include "crypto/secret.hpp"

namespace bt2c::cli {

constexpr std::int64_t day_s = 86'400;

/// `home`, `settings`, `database`, `signing`, `network_pause`, `clock` (chain).
/// @param lock_patience for who has the database locked; to be less than this group may take
HealthChecks check_node(Context& context, std::chrono::milliseconds lock_patience);
/// `file_modes`: secrets that others may read, files that others may change or own.
HealthChecks check_file_modes(Context& context);
/// `disk_space`: of the home, the locations that are folders, and the place for restore tests.
HealthChecks check_disk_space(Context& context);
/// `schedule`: what runs the jobs.
HealthChecks check_schedule(Context& context);
/// `job`: how each ended last; `verify_age`; `clock` (jobs).
HealthChecks check_jobs(Context& context);
/// `repository`, `location`, `locations`, `offsite`, `location_keys`, `recovery_phrase`, `write_only`,
/// `schedule` (the jobs' key), `backup_age`, `full_backup_age`, `restore_test_age`, `key_rotation`, `clock`
/// (backups).
/// @param typed a password or phrase that was asked for; never asks for one itself
/// @param silence a location that owes an answer for longer is left out, and named
/// @param before what the other checks found: a clock that is wrong, a database that is locked
HealthChecks check_repository(Context& context, const std::optional<crypto::SecretBytes>& typed,
                              std::chrono::milliseconds silence, const HealthChecks& before);

/// Why this process, by its effective user, can make nothing in that folder, as an errno; 0: it can.
int refusal_to_write(const std::filesystem::path& folder);

/// With what a check of `repository` begins that is about one backup's manifest.
inline constexpr std::string_view manifest_of_backup = "the backup's manifest ";

/// The command for a job that failed, by what its record says.
std::string mend_job(const config::JobRecord& record);
/// The job did its own part, and ended so for what is damaged or unread of other backups.
bool is_for_other_backups(const config::JobRecord& record);
/// A job that was kept only by backups that are damaged or unread is mended as these are: gives it the mend
/// of the first of them that was found, and none where `repository` found nothing.
void mend_backups_first(HealthChecks& checks);

/// In a keeper, where none is made: a mend that makes a backup is for the node that does.
void send_to_node(HealthChecks& checks);

/// How old something may be that is done each `period_s`: two runs may be missed, and an hour is for the
/// run itself.
constexpr base::UnixMs age_limit_ms(std::int64_t period_s) {
    return (2 * period_s + 3600) * 1000;
}
/// The check `name`: whether `what` was done within `limit_ms` before `now`.
/// @param times when it was done; those to come say nothing of its age
HealthCheck age_check(const std::string& name, const std::string& what,
                      const std::vector<base::UnixMs>& times, base::UnixMs limit_ms, base::UnixMs now,
                      const std::string& mend);
/// The check `clock`: a location's clock is `ahead` of this machine's, ms.
HealthCheck clock_difference_check(const std::string& location, base::UnixMs ahead);
/// The check `clock`: a time that this machine wrote lies in its future.
HealthCheck clock_check(const std::string& subject, const std::string& what,
                        const std::vector<base::UnixMs>& times, base::UnixMs now);

/// Whether one of the checks `clock` is a finding.
bool clock_is_doubted(const HealthChecks& checks);
/// The check `clock` of backups. Where nothing else doubts the clock it was wrong when they were made.
/// @param times when they were made, the newest first by their order in the repository
HealthCheck backup_clock_check(const std::vector<base::UnixMs>& times, base::UnixMs now, bool doubted);

}  // namespace bt2c::cli
