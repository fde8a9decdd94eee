#pragma once
// The scheduled jobs as commands of this program.

#include <cstdint>
#include <string>
#include <vector>

#include "agent/run_job.hpp"
#include "agent/schedule.hpp"
#include "cli/context.hpp"

namespace bt2c::cli {

/// "full", "incremental", "verify", "restore-test", "prune", "sync".
const std::vector<std::string>& job_names();

/// What the job does by the settings; commands that this program does not have are left out.
agent::Job job_named(Context& context, const std::string& name);

/// Whether the jobs can read what they back up: on a write-only node only with a password that they are told
/// of for good. Without it they neither prune nor test restores; both are done where the team keeps the keys.
bool jobs_can_read(const Context& context);

/// Whether the job reads backups.
bool needs_reader(const std::string& job);

/// The settings, without what this node's jobs cannot do.
config::ScheduleSettings own_schedule(const Context& context);

/// Why a schedule backs nothing up; empty: it does.
std::string lack_of_backups(const config::ScheduleSettings& schedule);

/// Which are due when, on this node.
std::vector<agent::ScheduledJob> schedule_of(const Context& context);

/// How its jobs run; `to_syslog` sends the log to the system's log too.
agent::JobSettings job_settings(const Context& context, bool to_syslog);

/// Runs what is due, one after the other; nothing where another job runs. One that cannot be run keeps none
/// behind it from running. Returns the first exit status that is not 0.
struct DueRun {
    std::vector<std::string> ran;
    int status = 0;
};
DueRun run_due_jobs(Context& context, const agent::JobSettings& settings);

}  // namespace bt2c::cli
