#include "cli/scheduled_jobs.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "cli/commands.hpp"
#include "cli/own_program.hpp"
#include "cli/repository_access.hpp"
#include "crypto/hash.hpp"
#include "platform/process.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using platform::LogLevel;

namespace {

/// Of the line for cron.
constexpr base::UnixMs between_looks_ms = 300'000;

bool is_set(const char* variable) {
    const char* const value = std::getenv(variable);
    return value && *value;
}

bool password_is_set_up() {
    return is_set("BT2C_REPO_PASSWORD_FILE") || is_set("BT2C_REPO_PASSWORD_COMMAND");
}

/// What cannot be seen is taken to be there.
bool may_be_there(const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::symlink_status(path, error).type() != std::filesystem::file_type::not_found;
}

bool has_command(const std::vector<std::string>& words) {
    const CommandTable table = all_commands();
    return std::ranges::any_of(table.commands, [&](const auto& command) {
        const std::string name = command->about().name;
        return name == words[0] || (words.size() > 1 && name == words[0] + " " + words[1]);
    });
}

/// An unattended backup makes none: its recovery phrase would be for nobody, and where a disk is not mounted
/// the repository would not be the right one.
void require_repository(Context& context) {
    const auto location = repository_location(context);
    if (!repository::Repository::exists(*location))
        throw Error(ErrorKind::no_repository,
                    base::format("there is no repository at {}", base::printable(location->describe())))
            .hint("is its disk mounted? The first backup is made by hand: bt2c-dr backup");
}

}  // namespace

bool jobs_can_read(const Context& context) {
    std::error_code error;
    const config::Home& home = context.home_unchecked();
    if (password_is_set_up() || !std::filesystem::exists(home.write_key_file(), error)) return true;
    // A write key in a keeper's home came there by mistake: it makes no backups, and its key file reads them.
    return std::filesystem::exists(home.key_file(), error) && is_keeper(context);
}

/// The settings last: with a chain nothing depends on whether they can be read.
bool is_keeper(const Context& context) {
    return !may_be_there(context.home_unchecked().database()) && context.settings().schedule.keeper;
}

Error not_in_keeper(const std::string& what) {
    return Error(ErrorKind::usage,
                 base::format("{} is not for this home, which has no chain and only keeps the key of a "
                              "repository",
                              what))
        .state("nothing was done")
        .hint(
            "it is done on the node that stores there; here 'bt2c-dr setup-automated-backups' has restore "
            "tests and prune run by themselves. If a node is to begin here, take 'keeper' out of dr.toml");
}

bool needs_reader(const std::string& job) {
    return job == "prune" || job == "restore-test";
}

bool needs_chain(const std::string& job) {
    return job == "full" || job == "incremental" || job == "verify";
}

config::ScheduleSettings own_schedule(const Context& context, bool has_password) {
    config::ScheduleSettings schedule = context.settings().schedule;
    if (!has_password && !jobs_can_read(context)) schedule.restore_test.reset();
    if (is_keeper(context)) {
        schedule.full.reset();
        schedule.incremental_minutes = 0;
        schedule.verify.reset();
    }
    return schedule;
}

std::string lack_of_backups(const Context& context) {
    const config::ScheduleSettings& schedule = context.settings().schedule;
    if (schedule.full || schedule.incremental_minutes > 0 || is_keeper(context)) return "";
    return "nothing is backed up by itself: full and incremental_minutes are off in the table [schedule] of "
           "dr.toml";
}

const std::vector<std::string>& job_names() {
    static const std::vector<std::string> names{"full",         "incremental", "verify",
                                                "restore-test", "prune",       "sync"};
    return names;
}

agent::Job job_named(Context& context, const std::string& name) {
    const config::Settings& settings = context.settings();
    agent::Job job{.name = name, .commands = {}, .check = {}};
    if (name == "full" || name == "incremental") job.commands.push_back({"backup", "--type", name});
    if (name == "prune" || (name == "full" && settings.schedule.prune && jobs_can_read(context)))
        job.commands.push_back({"prune", "--wait-at-gaps"});  // nobody looks at it first
    // What a location missed.
    const bool made = name == "full" || name == "incremental";
    if (name == "sync" || (made && !settings.locations.empty())) job.commands.push_back({"location", "sync"});
    if (name == "verify") job.commands.push_back({"verify-integrity"});
    if (name == "restore-test") {
        job.commands.push_back({"test-restore"});
        // No full backup is made here that it could follow.
        if (settings.schedule.prune && is_keeper(context))
            job.commands.push_back({"prune", "--wait-at-gaps"});
    }
    std::erase_if(job.commands, [](const auto& words) { return !has_command(words); });
    if (job.commands.empty())
        throw Error(ErrorKind::usage, base::format("cannot run job '{}': this program has no command for it",
                                                   base::printable(name)));
    if (name != "verify") job.check = [&context] { require_repository(context); };
    return job;
}

std::string job_instead(const agent::JobSettings& settings, const std::string& name) {
    if (name != "incremental") return name;
    try {
        const auto record = config::load_job_record(settings.home, "full");
        if (record && record->last_done) return name;
    } catch (const Error&) {  // one that cannot be read says nothing of a backup either
    }
    settings.log(LogLevel::notice, "job incremental: no job has made a full backup yet, so that is made");
    return "full";
}

std::vector<agent::ScheduledJob> schedule_of(const Context& context) {
    const std::string node = platform::host_name() + "\n" + context.home_unchecked().root.native();
    const crypto::Digest digest = crypto::sha256(base::as_bytes(node));
    return agent::scheduled_jobs(own_schedule(context), base::get_le<std::uint64_t>(digest.data()));
}

agent::JobSettings job_settings(const Context& context, bool to_syslog) {
    agent::JobSettings settings;
    settings.home = context.home();
    settings.program = {own_program().native()};
    for (const std::string& option : own_options(context)) settings.program.push_back(option);
    settings.program.insert(settings.program.end(), {"--json", "--quiet"});
    const config::ScheduleSettings& schedule = context.settings().schedule;
    settings.share.processors =
        std::max(1U, std::thread::hardware_concurrency()) * static_cast<double>(schedule.cpu_percent) / 100;
    settings.share.io_bytes_per_second = static_cast<std::uint64_t>(schedule.io_mib_per_second) << 20;
    settings.log = [quiet = context.quiet(), to_syslog](LogLevel level, const std::string& line) {
        platform::log_line(level, line, !quiet || level <= LogLevel::warning, to_syslog);
    };
    return settings;
}

std::vector<DueJob> run_due_jobs(Context& context, const agent::JobSettings& settings) {
    std::vector<DueJob> ended;
    std::optional<agent::JobLock> lock;
    try {
        lock.emplace(settings.home, 0);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::busy) throw;
        return ended;  // who has it comes to what is due, or whoever looks next
    }
    auto jobs = schedule_of(context);
    const bool has_full = std::ranges::find(jobs, "full", &agent::ScheduledJob::name) != jobs.end();
    const auto record_of = [&](std::string_view name) -> std::optional<config::JobRecord> {
        try {
            return config::load_job_record(settings.home, name);
        } catch (const Error& error) {
            settings.log(LogLevel::warning, error.message() + ": " + error.cause());
            return std::nullopt;  // the run writes another
        }
    };
    const base::UnixMs look_before = base::now_unix_ms() - between_looks_ms;
    while (const auto name = agent::next_due(jobs, record_of, base::now_unix_ms())) {
        const auto found = std::ranges::find(jobs, *name, &agent::ScheduledJob::name);
        const agent::Rhythm rhythm = found->rhythm;
        jobs.erase(found);  // each once: a clock that jumps about must not keep this going
        DueJob one;
        one.job = *name;
        try {
            // Where full ones have times of their own they are tried again by these.
            if (!has_full) one.job = job_instead(settings, *name);
            if (one.job != *name) agent::skip_job(settings, *name, "no job has made a full backup yet");
            agent::Job job = job_named(context, one.job);
            // Else each look would find it due, and make a full backup.
            job.may_run_unrecorded = [&] {
                return agent::last_time(rhythm, base::now_unix_ms()) > look_before;
            };
            one.ended = agent::run_job(settings, job, *lock);
            one.ran = true;
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            settings.log(LogLevel::error, base::format("job {}: {}", *name, error.in_full()));
            one.ended = {.status = base::exit_status(error.kind()), .message = error.in_full()};
        }
        ended.push_back(std::move(one));
    }
    return ended;
}

}  // namespace bt2c::cli
