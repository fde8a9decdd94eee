#pragma once
// The scheduled jobs as commands of this program.

#include <cstdint>
#include <string>
#include <vector>

#include "agent/run_job.hpp"
#include "agent/schedule.hpp"
#include "base/error.hpp"
#include "cli/context.hpp"

namespace bt2c::cli {

/// "full", "incremental", "verify", "restore-test", "prune", "sync".
const std::vector<std::string>& job_names();

/// What the job does by the settings; commands that this program does not have are left out.
agent::Job job_named(Context& context, const std::string& name);

/// Whether the jobs can read what they back up: on a write-only node only with a password that they are told
/// of for good, and in a keeper's home with its key file. Else they neither prune nor test restores; both are
/// done where the team keeps the keys.
bool jobs_can_read(const Context& context);

/// Whether this is where a team keeps the key of a repository that nodes store in, as schedule.keeper says,
/// and no chain is here.
bool is_keeper(const Context& context);
/// Of a keeper that is asked for `what`: a backup, or what else needs a chain or would bring one.
base::Error not_in_keeper(const std::string& what);

/// `name`, or "full" in place of an incremental backup while no job has made a full one; the log tells.
std::string job_instead(const agent::JobSettings& settings, const std::string& name);

/// Whether the job reads backups.
bool needs_reader(const std::string& job);
/// Whether the job is for a home with a chain.
bool needs_chain(const std::string& job);

/// The settings, without what this home's jobs cannot do. `has_password`: they are told of one that is not
/// set here.
config::ScheduleSettings own_schedule(const Context& context, bool has_password = false);

/// Why the schedule backs nothing up; empty: it does, or is not to.
std::string lack_of_backups(const Context& context);

/// Which are due when, on this node.
std::vector<agent::ScheduledJob> schedule_of(const Context& context);

/// How its jobs run; `to_syslog` sends the log to the system's log too.
agent::JobSettings job_settings(const Context& context, bool to_syslog);

struct DueJob {
    std::string job;
    bool ran = false;  ///< else it could not be run
    agent::EndedJob ended;
};
/// Runs what is due, one after the other; nothing where another job runs. One that cannot be run keeps none
/// behind it from running. Returns all that were due.
std::vector<DueJob> run_due_jobs(Context& context, const agent::JobSettings& settings);

}  // namespace bt2c::cli
