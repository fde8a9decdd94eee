#include <algorithm>

#include "cli/commands.hpp"
#include "cli/error_report.hpp"
#include "cli/proof_scratch.hpp"
#include "cli/scheduled_jobs.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;

/// What a run of this program meant by its exit status.
ErrorKind kind_of_status(int status) {
    for (const ErrorKind kind :
         {ErrorKind::usage, ErrorKind::findings, ErrorKind::busy, ErrorKind::wrong_secret, ErrorKind::partial,
          ErrorKind::no_repository, ErrorKind::interrupted})
        if (base::exit_status(kind) == status) return kind;
    return ErrorKind::failed;
}

class JobCommand final : public Command {
    About about() const override {
        return {
            .name = "job",
            .summary = "run a scheduled job now, as its timer would",
            .description =
                "What timers call; 'bt2c-dr setup-automated-backups' installs them. The jobs: 'full' (a full "
                "backup, then prune), 'incremental', 'verify' (verify-integrity), 'restore-test' "
                "(test-restore; in a home that only keeps a team's key then prune), 'prune', and 'sync' "
                "(location sync).\n\n"
                "Jobs of one home never overlap: an incremental backup that comes due while another job runs "
                "is skipped, other jobs wait. A job takes no more of the processors than the setting "
                "schedule.cpu_percent says, and of the disks than schedule.io_mib_per_second. Its last run "
                "is kept in HOME/backups/jobs/NAME.json.\n\n"
                "Without any full backup made by a job, 'incremental' makes that first.",
            .examples = {{"bt2c-dr job full", "the daily full backup, now"},
                         {"bt2c-dr job --due", "whatever is due and did not run yet"}},
            .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::busy, ErrorKind::wrong_secret,
                      ErrorKind::partial, ErrorKind::no_repository}};
    }

    void declare(Options& options) override {
        options.argument(name_, "NAME", "the job").choices = job_names();
        options.flag(due_, "--due", "run what is due by the schedule and the records of the last runs");
        options.flag(syslog_, "--syslog", "log to the system's log too");
    }

    /// Whoever runs it by cron sees the system's log only.
    Result run(Context& context) override {
        try {
            return run_as_asked(context);
        } catch (const Error& error) {
            if (syslog_ && error.kind() != ErrorKind::interrupted && error.kind() != ErrorKind::busy)
                platform::log_line(platform::LogLevel::error,
                                   base::format("job {}: {}", due_ ? "--due" : name_, error.in_full()), false,
                                   true);
            throw;
        }
    }

    Result run_as_asked(Context& context) {
        if (due_ == !name_.empty())
            throw Error(ErrorKind::usage, "job needs either NAME or --due")
                .hint("the jobs: " + listed_jobs());
        if (!due_ && std::ranges::find(job_names(), name_) == job_names().end()) throw no_such_job();
        const agent::JobSettings settings = job_settings(context, syslog_);
        remove_stale_proofs(context);
        if (due_) return run_due(context, settings);
        if (needs_reader(name_) && !jobs_can_read(context))
            throw Error(
                ErrorKind::wrong_secret,
                base::format("job {} is not for a write-only node, which cannot read its backups", name_))
                .cause(base::format("with {} backups are made, and none is read",
                                    base::printable(context.home_unchecked().write_key_file().native())))
                .state("nothing was done")
                .hint("it is done where the team keeps the keys of this repository");
        if (needs_chain(name_) && is_keeper(context)) throw not_in_keeper("job " + name_);
        name_ = job_instead(settings, name_);
        return run_one(context, settings);
    }

    static std::string listed_jobs() {
        std::string list;
        for (const std::string& name : job_names()) list += (list.empty() ? "" : ", ") + name;
        return list;
    }

    Error no_such_job() const {
        const std::string nearest = base::nearest_word(name_, job_names());
        return Error(ErrorKind::usage, base::format("there is no job '{}'", base::printable(name_)))
            .hint((nearest.empty() ? "" : base::format("did you mean '{}'? ", nearest)) +
                  "The jobs: " + listed_jobs());
    }

    Result run_one(Context& context, const agent::JobSettings& settings) const {
        const agent::Job job = job_named(context, name_);
        const bool skips = name_ == "incremental";
        constexpr int minute_ms = 60'000;
        std::optional<agent::JobLock> lock;
        try {
            lock.emplace(settings.home, skips ? 0 : context.settings().schedule.wait_minutes * minute_ms);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::busy) throw;
            agent::skip_job(settings, name_, error.message());
            if (!skips) throw;
            return {.document = Json::object({{"job", name_}, {"skipped", true}}), .print = {}};
        }
        const DueJob done{.job = name_, .ran = true, .ended = agent::run_job(settings, job, *lock)};
        const double seconds = done.ended.duration_seconds;
        return result(settings.home, done,
                      Json::object({{"job", name_},
                                    {"skipped", false},
                                    {"status", done.ended.status},
                                    {"message", done.ended.message},
                                    {"duration_seconds", seconds},
                                    {"duration_s", seconds}}));  // its older name
    }

    static Result run_due(Context& context, const agent::JobSettings& settings) {
        const std::vector<DueJob> due = run_due_jobs(context, settings);
        Json ran = Json::array(), jobs = Json::array();
        for (const DueJob& one : due) {
            if (one.ran) ran.push(one.job);
            jobs.push(Json::object(
                {{"job", one.job}, {"status", one.ended.status}, {"message", one.ended.message}}));
        }
        const auto failed =
            std::ranges::find_if(due, [](const DueJob& one) { return one.ended.status != 0; });
        return result(settings.home, failed == due.end() ? DueJob() : *failed,
                      Json::object({{"ran", std::move(ran)}, {"jobs", std::move(jobs)}}));
    }

    /// The log has told what failed already. `done`: what the exit status is of. Programs get all of
    /// `document` beside the error, too.
    static Result result(const config::Home& home, const DueJob& done, Json document) {
        Result result{.document = std::move(document), .print = {}};
        const int status = done.ended.status;
        if (status == 0) return result;
        result.outcome = kind_of_status(status);
        if (*result.outcome == ErrorKind::findings || *result.outcome == ErrorKind::partial) return result;
        Json told = error_document(
            Error(*result.outcome, base::format("job {} ended with status {}", done.job, status))
                .cause(done.ended.message)
                .hint(base::format("'bt2c-dr doctor' tells what mends it; {} {}",
                                   done.ended.recorded ? "its last run is on record in"
                                                       : "there is no record of this run in",
                                   base::printable(config::job_record_file(home, done.job).native()))));
        for (const auto& [key, value] : result.document.members()) told.set(key, value);
        result.document = std::move(told);
        return result;
    }

    std::string name_;
    bool due_ = false;
    bool syslog_ = false;
};

}  // namespace

std::unique_ptr<Command> job_command() {
    return std::make_unique<JobCommand>();
}

}  // namespace bt2c::cli
