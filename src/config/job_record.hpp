#pragma once
// What is known of the last run of a scheduled job: HOME/backups/jobs/NAME.json.

#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/time.hpp"
#include "config/home.hpp"

namespace bt2c::config {

struct JobRecord {
    std::string name;  ///< "full", "incremental", "verify", "restore-test", "prune", "sync"
    std::optional<base::UnixMs> last_started;
    /// Of the run that started last; nothing: it runs, or was cut off.
    std::optional<base::UnixMs> last_finished;
    std::optional<base::UnixMs> last_ok;       ///< when a run ended with exit status 0
    std::optional<base::UnixMs> last_done;     ///< when one ended with 0 or 6: its work was done
    std::optional<base::UnixMs> last_skipped;  ///< when it was left out, since another job ran
    std::optional<int> exit_status;            ///< of the run that started last
    std::string message;                       ///< one line for people
    std::optional<double> duration_seconds;

    /// The run that started last ended otherwise than with success.
    bool failed() const { return exit_status && *exit_status != 0; }
    /// Notes how the run that started last ended.
    void end(base::UnixMs at, int status, std::string told);
    base::Json to_json() const;
    /// Throws Error(failed) with what is wrong.
    static JobRecord parse(std::string_view text);
};

/// HOME/backups/jobs.
fs::path jobs_folder(const Home& home);
/// Makes it, for the owner of the home.
void make_jobs_folder(const Home& home);
/// Present while the agent is what runs the jobs.
fs::path agent_marker(const Home& home);
fs::path job_record_file(const Home& home, std::string_view name);

/// Nothing where there is none. Throws Error(failed) for one that is damaged or is of another job.
std::optional<JobRecord> load_job_record(const Home& home, std::string_view name);
/// Durable; makes the folder. The file belongs to the owner of the home.
void store_job_record(const Home& home, const JobRecord& record);

}  // namespace bt2c::config
