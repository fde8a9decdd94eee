#include <pwd.h>
#include <unistd.h>

#include "cli/automation_setup.hpp"
#include "cli/commands.hpp"
#include "cli/named_network.hpp"
#include "cli/scheduled_jobs.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;
using base::printable;

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
                "missed are made up in each case. Done again it keeps what runs the jobs now, unless "
                "--scheduler names another, brings all that up to date, starts what was stopped or disabled, "
                "and changes nothing where all is well.\n\n"
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
                       "what is to run the jobs (default: what runs them now, else the first that can)");
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
        // An image has users of its own.
        if (!user_.empty() && !root_ && !::getpwnam(user_.c_str()))
            throw Error(ErrorKind::usage,
                        base::format("there is no user '{}' on this machine", printable(user_)))
                .hint("without --user the jobs run as the home's owner");
        return remove_ ? remove(context) : install(context);
    }

    AutomationSetup setup(Context& context) const { return {context, {scheduler_, root_, user_}}; }

    Result install(Context& context) {
        if (!root_) context.home();
        if (!root_) require_network_in_database(context, "set up the jobs for");  // all would fail
        const AutomationSetup setup = this->setup(context);
        const std::string chosen = setup.choose();
        const Installed done = setup.install(chosen, dry_run_);
        if (done.changed) setup.require_no_roots_timers();  // a dry run, too, tells that it cannot be
        const std::vector<std::string> notes = setup.notes(chosen);
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
                .print = [this_dry_run = dry_run_, chosen, done, notes, schedule = own_schedule(context)](
                             Output& out) { print(out, this_dry_run, chosen, done, notes, schedule); }};
    }

    Result remove(Context& context) {
        const AutomationSetup setup = this->setup(context);
        const std::vector<std::string> removed = setup.remove(dry_run_);
        if (setup.has_roots_timers())
            throw Error(ErrorKind::failed,
                        "cannot remove the timers of the system for this home: root set them up")
                .state(removed.empty() || dry_run_ ? "nothing was changed"
                                                   : "what this user had set up beside them is removed")
                .hint(base::format("as root: {} --remove", setup.roots_command()));
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

    static Json list(const std::vector<std::string>& texts) {
        Json list = Json::array();
        for (const std::string& text : texts) list.push(text);
        return list;
    }

    static void print(Output& out, bool dry_run, const std::string& chosen, const Installed& done,
                      const std::vector<std::string>& notes, const config::ScheduleSettings& schedule) {
        const std::string by = scheduler_text(chosen);
        if (dry_run) {
            for (const auto& [place, text] : done.texts) {
                out.line("{}", out.styled(Style::bold, printable(place)));
                out.raw(text);
                out.line();
            }
            out.line("{} {}{}. Nothing was changed.",
                     done.changed && !done.only_started ? "This would be installed for"
                                                        : "All of this is installed already for",
                     by, done.only_started ? ", stopped or disabled, and would be started" : "");
        } else if (done.only_started) {
            out.line("The jobs are run by {} again, which had been stopped or disabled:", by);
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
