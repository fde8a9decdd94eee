#include "cli/automation_setup.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "agent/run_job.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/health_check.hpp"
#include "cli/own_program.hpp"
#include "cli/proof_scratch.hpp"
#include "cli/scheduled_jobs.hpp"
#include "config/job_record.hpp"
#include "crypto/hash.hpp"
#include "platform/file.hpp"
#include "platform/process.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::printable;

namespace {

constexpr const char* schedulers[] = {"systemd", "cron", "agent"};

/// Variables that say where secrets and servers are, and hold none.
constexpr const char* carried_variables[] = {"BT2C_REPO_PASSWORD_FILE",
                                             "BT2C_REPO_PASSWORD_COMMAND",
                                             "AWS_SHARED_CREDENTIALS_FILE",
                                             "AWS_PROFILE",
                                             "AWS_REGION",
                                             "AWS_DEFAULT_REGION",
                                             "AWS_CA_BUNDLE"};

bool inside(const fs::path& path, const fs::path& folder) {
    const fs::path relative = path.lexically_relative(folder);
    return !relative.empty() && *relative.begin() != "..";
}

/// By one name, whatever links lead there: else a home would have two schedules, and --remove leave one.
config::Home real_home(const config::Home& home) {
    std::error_code error;
    const fs::path whole = fs::weakly_canonical(home.root, error);
    return error ? home : config::Home{whole};
}

std::string suffix_of_other_homes(const config::Home& home) {
    const crypto::Digest digest = crypto::sha256(base::as_bytes(home.root.native()));
    return "-" + base::to_hex(base::ByteView(digest).first(4));
}

/// Empty for the home that a user has without naming one.
std::string usual_suffix(const config::Home& home) {
    const char* const user = std::getenv("HOME");
    return user && home.root == real_home(config::Home{fs::path(user) / ".bt2c"}).root
               ? ""
               : suffix_of_other_homes(home);
}

/// Jobs run in another folder than this.
std::string carried_value(std::string_view name, const char* value) {
    return name.ends_with("_FILE") || name == "AWS_CA_BUNDLE"
               ? fs::absolute(value).lexically_normal().native()
               : value;
}

/// A unit may write to the folders that it names, but not where links in these lead.
void add_link_targets(agent::Automation& automation, const config::Home& home,
                      const std::vector<fs::path>& written) {
    std::vector<fs::path> folders{home.root,   home.root / "data", home.backups(), home.config(),
                                  home.keys(), home.wallets(),     home.network()};
    folders.insert(folders.end(), written.begin(), written.end());
    for (const fs::path& folder : folders) {
        std::error_code error;
        const fs::path target = fs::weakly_canonical(folder, error);
        const auto holds_it = [&](const fs::path& one) { return inside(target, one.lexically_normal()); };
        if (!error && !holds_it(home.root) && std::ranges::none_of(automation.writable, holds_it))
            automation.writable.push_back(target);
    }
}

}  // namespace

std::string scheduler_text(const std::string& scheduler) {
    return scheduler == "systemd" ? "systemd timers" : scheduler == "cron" ? "cron" : "the agent";
}

std::string one_line(std::string_view output) {
    std::string line;
    while (!output.empty()) {
        const std::size_t end = std::min(output.find('\n'), output.size());
        const std::string one = printable(output.substr(0, end));
        if (!one.empty()) line += (line.empty() ? "" : "; ") + one;
        output.remove_prefix(std::min(end + 1, output.size()));
    }
    return line;
}

std::string AutomationSetup::choose() const {
    if (wishes_.scheduler != "auto") {
        const std::string refusal = wishes_.scheduler == "cron" ? cron_refusal(crontab_owner()) : "";
        if (!refusal.empty())
            throw Error(ErrorKind::failed, "cannot use cron")
                .cause(refusal)
                .state("nothing was changed")
                .hint(
                    "see that cron is installed and its cron.allow and cron.deny let this user in, or "
                    "choose --scheduler agent");
        return wishes_.scheduler;
    }
    if (wishes_.root) return "systemd";
    if (const std::vector<std::string> installed = present(); !installed.empty()) return installed.front();
    if (systemd_runs(for_system())) return "systemd";
    return cron_refusal(crontab_owner()).empty() ? "cron" : "agent";
}

bool AutomationSetup::is_possible(std::string_view scheduler) const {
    if (scheduler == "systemd")
        return wishes_.root || wishes_.scheduler == scheduler || systemd_runs(for_system());
    return scheduler != "cron" || cron_refusal(crontab_owner()).empty();
}

std::unique_ptr<Automator> AutomationSetup::automator(std::string_view scheduler) const {
    const config::Home home = real_home(context_.home_unchecked());
    if (scheduler == "systemd")
        return systemd_automator(
            {.home = home.root, .suffix = unit_suffix(), .for_system = for_system(), .root = wishes_.root});
    if (scheduler == "cron") return cron_automator(home.root, crontab_owner());
    return agent_automator(home);
}

/// What a user has beside root's timers; null where there are none of these, or no units of users.
std::unique_ptr<Automator> AutomationSetup::users_units() const {
    if (!has_roots_timers() || !systemd_runs(false)) return nullptr;
    const config::Home home = real_home(context_.home_unchecked());
    return systemd_automator(
        {.home = home.root, .suffix = usual_suffix(home), .for_system = false, .root = std::nullopt});
}

/// Of the names of root's timers for this home; nothing where we are root, or there are none that run. All
/// may read them. Which of the two names they have depends on root's environment.
std::optional<std::string> AutomationSetup::roots_suffix() const {
    if (wishes_.root || ::geteuid() == 0 || !systemd_runs(true)) return std::nullopt;
    const config::Home home = real_home(context_.home_unchecked());
    for (const std::string& suffix : {suffix_of_other_homes(home), std::string()}) {
        const auto units = systemd_automator(
            {.home = home.root, .suffix = suffix, .for_system = true, .root = std::nullopt});
        try {
            if (!units->text().empty()) return suffix;
        } catch (const Error&) {
            // What this user may not read is not ours.
        }
    }
    return std::nullopt;
}

std::string AutomationSetup::unit_suffix() const {
    return roots_suffix().value_or(usual_suffix(real_home(context_.home_unchecked())));
}

std::string AutomationSetup::roots_command() const {
    return base::format("bt2c-dr --home {} setup-automated-backups",
                        shell_word(real_home(context_.home_unchecked()).root.native()));
}

void AutomationSetup::require_no_roots_timers() const {
    if (!has_roots_timers()) return;
    throw Error(ErrorKind::failed,
                "cannot set up the jobs of this home: timers of the system run them already")
        .cause("root set them up, and with a second schedule each job would run twice")
        .state("nothing was changed")
        .hint(base::format("as root: '{0}' brings them up to date, '{0} --remove' takes them away",
                           roots_command()));
}

/// Units of an image are its system's, whoever writes them.
bool AutomationSetup::for_system() const {
    return wishes_.root || ::geteuid() == 0 || has_roots_timers();
}

/// As cron_automator() takes it.
std::string AutomationSetup::crontab_owner() const {
    if (::geteuid() != 0) return "";
    const std::string user = user_of(context_.home_unchecked());
    return user == platform::user_name() ? "" : user;
}

/// Who runs the jobs.
std::string AutomationSetup::user_of(const config::Home& home) const {
    if (!wishes_.user.empty()) return wishes_.user;
    if (::geteuid() != 0 && !has_roots_timers()) return platform::user_name();
    const fs::path path = wishes_.root ? *wishes_.root / home.root.relative_path() : home.root;
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? platform::user_name(info.st_uid) : "root";
}

std::vector<std::pair<std::string, std::string>> AutomationSetup::environment(
    const std::string& scheduler) const {
    using Variables = Wishes::Variables;
    const auto is_s3 = [](const auto& location) { return location.kind == config::LocationKind::s3; };
    const bool uses_s3 = std::ranges::any_of(context_.settings().locations, is_s3);
    const std::string text =
        wishes_.variables == Variables::here || scheduler == "agent" ? "" : automator(scheduler)->text();
    std::vector<std::pair<std::string, std::string>> variables;
    for (const char* name : carried_variables) {
        const char* const value = std::getenv(name);
        if (const auto installed = agent::installed_variable(text, name))
            variables.emplace_back(name, *installed);
        else if (wishes_.variables != Variables::installed && value && *value &&
                 (uses_s3 || !std::string_view(name).starts_with("AWS_")))
            variables.emplace_back(name, carried_value(name, value));
    }
    return variables;
}

agent::Automation AutomationSetup::automation(const std::string& scheduler) const {
    const config::Settings& settings = context_.settings();
    const config::Home home = real_home(context_.home_unchecked());
    agent::Automation automation;
    automation.program = own_program();
    automation.home = home.root;
    automation.options = own_options(context_);
    automation.options.at(1) = home.root.native();  // behind --home
    automation.suffix = unit_suffix();
    automation.for_system = for_system();
    automation.user = user_of(home);
    automation.processors = std::max(1U, std::thread::hardware_concurrency());
    std::vector<fs::path> written{settings.repository};
    if (!settings.schedule.scratch.empty()) written.push_back(settings.schedule.scratch);
    for (const config::LocationSettings& location : settings.locations) {
        if (location.kind == config::LocationKind::folder)
            written.push_back(location.path);
        else
            automation.reads_homes = true;
    }
    for (const fs::path& folder : written)
        if (!inside(real_home(config::Home{folder}).root, home.root)) automation.writable.push_back(folder);
    add_link_targets(automation, home, written);
    automation.environment = environment(scheduler);
    automation.schedule =
        own_schedule(context_, std::ranges::any_of(automation.environment, [](const auto& variable) {
                         return variable.first.starts_with("BT2C_REPO_PASSWORD");
                     }));
    return automation;
}

Installed AutomationSetup::install(const std::string& scheduler, bool dry_run) const {
    if (!dry_run && has_roots_timers()) {
        Installed as_it_is = install(scheduler, true);
        if (as_it_is.changed) require_no_roots_timers();
        return as_it_is;
    }
    std::vector<std::string> dropped = dropped_variables(scheduler);
    for (const auto& [name, value] : environment(scheduler)) std::erase(dropped, name);
    Installed done = automator(scheduler)->install(automation(scheduler), dry_run);
    // Two of them would run each job twice.
    const auto take_away = [&](Automator& other) {
        const auto removed = other.remove(dry_run);
        done.removed.insert(done.removed.end(), removed.begin(), removed.end());
        done.changed |= !removed.empty();
        done.only_started &= removed.empty();
    };
    for (const char* other : schedulers)
        if (!wishes_.root && scheduler != other && is_possible(other)) take_away(*automator(other));
    if (const auto users = users_units()) take_away(*users);
    tell_of_command(scheduler, done);
    for (const std::string& name : dropped)
        context_.progress().note(base::format(
            "the jobs were given {} so far, which is not set here, and are not any more; where they need it, "
            "set it and run this again",
            name));
    return done;
}

/// Variables that the jobs had, whatever ran them, and will not have. The agent has an environment of its
/// own, and what root's timers have stays.
std::vector<std::string> AutomationSetup::dropped_variables(const std::string& scheduler) const {
    std::vector<std::string> dropped;
    if (scheduler == "agent" || has_roots_timers()) return dropped;
    for (const char* one : schedulers) {
        if (scheduler != one && (wishes_.root || !is_possible(one))) continue;
        for (const std::string& name : foreign_variables(one))
            if (std::ranges::find(dropped, name) == dropped.end()) dropped.push_back(name);
    }
    return dropped;
}

/// The agent's own environment counts, of which nothing is copied.
void AutomationSetup::tell_of_command(const std::string& scheduler, const Installed& done) const {
    const char* const name = "BT2C_REPO_PASSWORD_COMMAND";
    const char* const value = std::getenv(name);
    if (scheduler == "agent" || !done.changed || !value || !*value) return;
    context_.progress().note(base::format(
        "{} goes into what is installed: that command line can be read by all on this machine, and must hold "
        "no secret",
        name));
}

std::vector<std::string> AutomationSetup::remove(bool dry_run) const {
    std::vector<std::string> removed;
    const bool roots = has_roots_timers();
    for (const char* one : schedulers) {
        if (!is_possible(one) || (wishes_.root && std::string_view(one) != "systemd")) continue;
        const bool units = std::string_view(one) == "systemd";
        const auto here = units && roots ? users_units() : automator(one);
        const auto gone = here ? here->remove(dry_run) : std::vector<std::string>{};
        removed.insert(removed.end(), gone.begin(), gone.end());
    }
    if (wishes_.root || roots) return removed;
    const std::string state = removed.empty() ? "" : "the schedule is removed; ";
    try {
        remove_records(removed, dry_run);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        const fs::path folder = config::jobs_folder(context_.home_unchecked());
        throw Error(error.kind(), "cannot remove the records of the jobs")
            .cause(error.in_full())
            .state(base::format("{}records of the jobs are left in {}", state, printable(folder.native())))
            .hint(base::format("run 'bt2c-dr setup-automated-backups --remove' again when {}",
                               error.kind() == ErrorKind::busy ? "the job has ended" : "that is mended"));
    }
    require_no_refused_crontab(removed.empty() || dry_run ? "nothing was changed"
                                                          : "all else of the jobs is removed");
    return removed;
}

/// Who may not use crontab(1) any more keeps the lines that he has, and cron runs them.
void AutomationSetup::require_no_refused_crontab(const std::string& state) const {
    const std::string owner = crontab_owner(), refusal = cron_refusal(owner);
    const fs::path home = real_home(context_.home_unchecked()).root;
    if (refusal.empty() || refusal == no_crontab_program || !refused_crontab_may_hold(home, owner)) return;
    const std::string user = owner.empty() ? platform::user_name() : owner;
    throw Error(ErrorKind::failed,
                base::format("cannot look at the crontab of {}, which may have the jobs of this home", user))
        .cause(refusal)
        .state(state)
        .hint(base::format("let {} use crontab for so long (cron.allow, cron.deny), then run "
                           "'bt2c-dr setup-automated-backups --remove' again",
                           user));
}

/// Records of jobs that do not run any more would look like jobs that fail to.
void AutomationSetup::remove_records(std::vector<std::string>& removed, bool dry_run) const {
    const config::Home home = real_home(context_.home_unchecked());
    const fs::path folder = config::jobs_folder(home);
    if (!fs::is_directory(folder)) return;
    std::vector<fs::path> files;
    for (const std::string& name : job_names())
        if (const fs::path file = config::job_record_file(home, name); fs::exists(file))
            files.push_back(file);
    for (const fs::path& file : files) removed.push_back(file.native());
    const std::vector<fs::path> notes = proof_notes(home);
    if (dry_run) {
        for (const fs::path& note : notes)
            removed.push_back(note.native() + " (unless its disk is away, or the test runs)");
        return;
    }
    {
        const agent::JobLock none_runs(home, 0);
        // No job comes any more that would.
        const std::vector<fs::path> left = settle_proof_notes(home);
        for (const fs::path& note : notes)
            if (std::ranges::find(left, note) == left.end()) removed.push_back(note.native());
        for (const fs::path& note : left)
            context_.progress().note(base::format(
                "warning: {} stays: a restore test runs, or was killed and left keys in plain text on a disk "
                "that is away; bring that back, then run this again",
                printable(note.native())));
        for (const fs::path& file : files) platform::durable_remove(file);
        platform::durable_remove(folder / "lock");
    }
    std::error_code not_empty;
    if (fs::remove(folder, not_empty)) fs::remove(home.backups(), not_empty);
}

std::vector<std::string> AutomationSetup::present() const {
    std::vector<std::string> found;
    for (const char* one : schedulers)
        if (is_possible(one) && !automator(one)->remove(true).empty()) found.emplace_back(one);
    if (const auto users = users_units(); users && !users->remove(true).empty())
        found.emplace_back("systemd of the user");
    return found;
}

std::string AutomationSetup::standstill(const std::string& scheduler) const {
    return automator(scheduler)->standstill();
}

std::vector<std::string> AutomationSetup::foreign_variables(const std::string& scheduler) const {
    const std::string text = automator(scheduler)->text();
    std::vector<std::string> names;
    for (const char* name : carried_variables) {
        const char* const value = std::getenv(name);
        if (text.find(std::string(name) + "=") != std::string::npos && !(value && *value))
            names.emplace_back(name);
    }
    return names;
}

}  // namespace bt2c::cli
