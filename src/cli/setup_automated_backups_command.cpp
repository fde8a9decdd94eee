#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "agent/run_job.hpp"
#include "cli/automation_install.hpp"
#include "cli/commands.hpp"
#include "cli/own_program.hpp"
#include "cli/repository_access.hpp"
#include "cli/scheduled_jobs.hpp"
#include "config/job_record.hpp"
#include "crypto/hash.hpp"
#include "platform/process.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;
using base::printable;

/// Variables that say where secrets are, and hold none.
constexpr const char* carried_variables[] = {"BT2C_REPO_PASSWORD_FILE", "BT2C_REPO_PASSWORD_COMMAND",
                                             "AWS_SHARED_CREDENTIALS_FILE"};

bool inside(const fs::path& path, const fs::path& folder) {
    const fs::path relative = path.lexically_relative(folder);
    return !relative.empty() && *relative.begin() != "..";
}

class SetupAutomatedBackupsCommand final : public Command {
    About about() const override {
        return {
            .name = "setup-automated-backups",
            .summary = "have backups, checks and restore tests made by themselves",
            .description =
                "Installs what runs the jobs of this home at the times that the table 'schedule' of dr.toml "
                "names: a full backup daily at 02:00, followed by prune, an incremental one each hour, "
                "verify-integrity daily at 03:00, a restore test on Sundays at 04:00; all in UTC.\n\n"
                "Where systemd runs it installs timers, of the system for root and of the user for others; "
                "else lines in the crontab of the home's owner; else the agent runs the jobs. Runs that were "
                "missed are made up in each case. Done again it brings all that up to date, and changes "
                "nothing where it is.\n\n"
                "--remove takes all of it away, the records of the jobs' last runs included; backups stay.",
            .examples = {{"bt2c-dr setup-automated-backups", "install, or bring up to date"},
                         {"bt2c-dr setup-automated-backups --dry-run", "show what would be installed"},
                         {"bt2c-dr setup-automated-backups --remove", "leave nothing of it"}},
            .exits = {ErrorKind::failed, ErrorKind::busy}};
    }

    void declare(Options& options) override {
        options.flag(remove_, "--remove", "take away what was installed");
        options.flag(dry_run_, "--dry-run", "show what would be installed or removed, and change nothing");
        options.choice(scheduler_, "--scheduler", {"auto", "systemd", "cron", "agent"},
                       "what is to run the jobs");
        options.value(root_, "--root", "DIR",
                      "write the units into this image of a system, which does not run");
        options.value(user_, "--user", "NAME", "as root: run the jobs as this user, not as the home's owner");
    }

    Result run(Context& context) override {
        if (root_ && (scheduler_ == "cron" || scheduler_ == "agent"))
            throw Error(ErrorKind::usage, "--root is for systemd only");
        if (root_ && !fs::is_directory(*root_))
            throw Error(ErrorKind::usage, base::format("--root {} is no folder", printable(root_->native())));
        if (!user_.empty() && ::geteuid() != 0) throw Error(ErrorKind::usage, "--user is for root");
        return remove_ ? remove(context) : install(context);
    }

    Result install(Context& context) {
        if (!root_) context.home();
        const std::string chosen = choose(context);
        const agent::Automation automation = automation_of(context);
        Installed done = automator(context, chosen)->install(automation, dry_run_);
        // Two of them would run each job twice.
        for (const char* other : {"systemd", "cron", "agent"}) {
            if (root_ || chosen == other || !is_possible(other)) continue;
            const auto removed = automator(context, other)->remove(dry_run_);
            done.removed.insert(done.removed.end(), removed.begin(), removed.end());
            done.changed |= !removed.empty();
        }
        const std::vector<std::string> notes = notes_of(context, chosen, automation);
        Json document = Json::object({{"scheduler", chosen},
                                      {"dry_run", dry_run_},
                                      {"changed", done.changed},
                                      {"installed", list(done.installed)},
                                      {"removed", list(done.removed)}});
        Json texts = Json::array();
        for (const auto& [place, text] : done.texts)
            texts.push(Json::object({{"place", place}, {"text", text}}));
        document.set("texts", std::move(texts));
        document.set("notes", list(notes));
        return {.document = std::move(document),
                .print = [this_dry_run = dry_run_, chosen, done, notes, schedule = automation.schedule](
                             Output& out) { print(out, this_dry_run, chosen, done, notes, schedule); }};
    }

    Result remove(Context& context) {
        std::vector<std::string> removed;
        for (const char* one : {"systemd", "cron", "agent"}) {
            if (!is_possible(one) || (root_ && std::string_view(one) != "systemd")) continue;
            const auto gone = automator(context, one)->remove(dry_run_);
            removed.insert(removed.end(), gone.begin(), gone.end());
        }
        if (!root_) remove_records(context.home_unchecked(), removed);
        return {.document = Json::object({{"installed", Json::array()},
                                          {"removed", list(removed)},
                                          {"changed", !removed.empty()},
                                          {"dry_run", dry_run_}}),
                .print = [removed, this_dry_run = dry_run_](Output& out) {
                    if (removed.empty()) return out.line("There is nothing to remove.");
                    out.line("{}", this_dry_run ? "This would be removed:" : "Removed:");
                    for (const std::string& one : removed) out.line("  {}", printable(one));
                }};
    }

    /// Records of jobs that do not run any more would look like jobs that fail to.
    void remove_records(const config::Home& home, std::vector<std::string>& removed) const {
        const fs::path folder = config::jobs_folder(home);
        if (!fs::is_directory(folder)) return;
        std::vector<fs::path> files;
        for (const std::string& name : job_names())
            if (const fs::path file = config::job_record_file(home, name); fs::exists(file))
                files.push_back(file);
        for (const fs::path& file : files) removed.push_back(file.native());
        if (dry_run_) return;
        {
            const agent::JobLock none_runs(home, 0);
            for (const fs::path& file : files) platform::durable_remove(file);
            platform::durable_remove(folder / "lock");
        }
        std::error_code not_empty;
        if (fs::remove(folder, not_empty)) fs::remove(home.backups(), not_empty);
    }

    std::string choose(Context&) const {
        if (scheduler_ != "auto") {
            if (scheduler_ == "cron" && !has_crontab())
                throw Error(ErrorKind::failed, "cannot use cron: there is no program crontab")
                    .hint("install the package cron, or choose --scheduler agent");
            return scheduler_;
        }
        if (root_ || systemd_runs(for_system())) return "systemd";
        return has_crontab() ? "cron" : "agent";
    }

    bool is_possible(std::string_view scheduler) const {
        if (scheduler == "systemd") return root_ || scheduler_ == scheduler || systemd_runs(for_system());
        return scheduler != "cron" || has_crontab();
    }

    std::unique_ptr<Automator> automator(Context& context, std::string_view scheduler) const {
        const config::Home& home = context.home_unchecked();
        if (scheduler == "systemd")
            return systemd_automator(
                {.home = home.root, .suffix = suffix(home), .for_system = for_system(), .root = root_});
        if (scheduler == "cron") {
            const std::string user = user_of(home);
            return cron_automator(home.root, user == platform::user_name() ? "" : user);
        }
        return agent_automator(home);
    }

    /// Units of an image are its system's, whoever writes them.
    bool for_system() const { return root_ || ::geteuid() == 0; }

    /// Empty for the home that a user has without naming one.
    static std::string suffix(const config::Home& home) {
        const char* const user = std::getenv("HOME");
        if (user && home.root == fs::path(user) / ".bt2c") return "";
        const crypto::Digest digest = crypto::sha256(base::as_bytes(home.root.native()));
        return "-" + base::to_hex(base::ByteView(digest).first(4));
    }

    /// Who runs the jobs.
    std::string user_of(const config::Home& home) const {
        if (!user_.empty()) return user_;
        if (::geteuid() != 0) return platform::user_name();
        const fs::path path = root_ ? *root_ / home.root.relative_path() : home.root;
        struct stat info {};
        return ::stat(path.c_str(), &info) == 0 ? platform::user_name(info.st_uid) : "root";
    }

    agent::Automation automation_of(Context& context) const {
        const config::Settings& settings = context.settings();
        const config::Home& home = context.home_unchecked();
        agent::Automation automation;
        automation.program = own_program();
        automation.home = home.root;
        automation.options = own_options(context);
        automation.suffix = suffix(home);
        automation.for_system = for_system();
        automation.user = user_of(home);
        automation.processors = std::max(1U, std::thread::hardware_concurrency());
        automation.schedule = settings.schedule;
        std::vector<fs::path> written{settings.repository};
        if (!settings.schedule.scratch.empty()) written.push_back(settings.schedule.scratch);
        for (const config::LocationSettings& location : settings.locations) {
            if (location.kind == config::LocationKind::folder)
                written.push_back(location.path);
            else
                automation.reads_homes = true;
        }
        for (const fs::path& folder : written)
            if (!inside(folder, home.root)) automation.writable.push_back(folder);
        for (const char* name : carried_variables)
            if (const char* value = std::getenv(name); value && *value)
                automation.environment.emplace_back(name, value);
        return automation;
    }

    /// What would keep the jobs from running.
    std::vector<std::string> notes_of(Context& context, const std::string& chosen,
                                      const agent::Automation& automation) const {
        std::vector<std::string> notes;
        if (root_) return notes;
        const bool key = fs::exists(context.home().key_file()) || secret_is_elsewhere(automation);
        if (!repository::Repository::exists(*repository_location(context)))
            notes.push_back(
                "there is no repository yet; make the first backup by hand, which shows its recovery "
                "phrase: bt2c-dr backup");
        else if (!key)
            notes.push_back(base::format(
                "the jobs will find no key to the repository: there is no {}, and neither "
                "BT2C_REPO_PASSWORD_FILE nor BT2C_REPO_PASSWORD_COMMAND was set when this was installed",
                printable(context.home().key_file().native())));
        if (chosen == "agent") notes.push_back("the agent has to run: bt2c-dr agent, as a service");
        if (chosen == "cron" && !fs::exists("/run/crond.pid") && !fs::exists("/var/run/crond.pid"))
            notes.push_back("no cron daemon seems to run; without one nothing happens");
        if (chosen == "systemd" && !for_system())
            notes.push_back(
                base::format("timers of a user run while the user is logged in; for ever with: "
                             "loginctl enable-linger {}",
                             automation.user));
        return notes;
    }

    static bool secret_is_elsewhere(const agent::Automation& automation) {
        return std::ranges::any_of(automation.environment, [](const auto& variable) {
            return variable.first.starts_with("BT2C_REPO_");
        });
    }

    static Json list(const std::vector<std::string>& texts) {
        Json list = Json::array();
        for (const std::string& text : texts) list.push(text);
        return list;
    }

    static void print(Output& out, bool dry_run, const std::string& chosen, const Installed& done,
                      const std::vector<std::string>& notes, const config::ScheduleSettings& schedule) {
        const std::string by = chosen == "systemd" ? "systemd timers"
                               : chosen == "cron"  ? "cron"
                                                   : "the agent";
        if (dry_run) {
            for (const auto& [place, text] : done.texts) {
                out.line("{}", out.styled(Style::bold, printable(place)));
                out.raw(text);
                out.line();
            }
            out.line("{} {}. Nothing was changed.",
                     done.changed ? "This would be installed for" : "All of this is installed already for",
                     by);
        } else if (done.changed) {
            out.line("The jobs are run by {}:", by);
        } else {
            out.line("The jobs are run by {}; nothing had to be changed:", by);
        }
        if (!dry_run)
            for (const std::string& one : done.installed) out.line("  {}", printable(one));
        for (const std::string& one : done.removed)
            out.line("  {}: {}", dry_run ? "would be removed" : "removed", printable(one));
        const auto when = [](const std::optional<config::WeeklyTime>& time) {
            if (!time) return std::string("never");
            return (time->weekday ? "weekly, " : "daily, ") + config::weekly_time_text(*time) + " UTC";
        };
        out.fields({{"full backup", when(schedule.full)},
                    {"incremental", schedule.incremental_minutes > 0
                                        ? base::format("every {} minutes", schedule.incremental_minutes)
                                        : std::string("never")},
                    {"verify-integrity", when(schedule.verify)},
                    {"restore test", when(schedule.restore_test)}});
        for (const std::string& note : notes) out.line("{} {}", out.styled(Style::yellow, "note:"), note);
    }

    bool remove_ = false;
    bool dry_run_ = false;
    std::string scheduler_ = "auto";
    std::optional<fs::path> root_;
    std::string user_;
};

}  // namespace

std::unique_ptr<Command> setup_automated_backups_command() {
    return std::make_unique<SetupAutomatedBackupsCommand>();
}

}  // namespace bt2c::cli
