#include "cli/automation_setup.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "agent/run_job.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/own_program.hpp"
#include "cli/repository_access.hpp"
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

/// Variables that say where secrets are, and hold none.
constexpr const char* carried_variables[] = {"BT2C_REPO_PASSWORD_FILE", "BT2C_REPO_PASSWORD_COMMAND",
                                             "AWS_SHARED_CREDENTIALS_FILE"};

bool inside(const fs::path& path, const fs::path& folder) {
    const fs::path relative = path.lexically_relative(folder);
    return !relative.empty() && *relative.begin() != "..";
}

/// Empty for the home that a user has without naming one.
std::string suffix(const config::Home& home) {
    const char* const user = std::getenv("HOME");
    if (user && home.root == fs::path(user) / ".bt2c") return "";
    const crypto::Digest digest = crypto::sha256(base::as_bytes(home.root.native()));
    return "-" + base::to_hex(base::ByteView(digest).first(4));
}

bool secret_is_elsewhere(const agent::Automation& automation) {
    return std::ranges::any_of(automation.environment,
                               [](const auto& variable) { return variable.first.starts_with("BT2C_REPO_"); });
}

}  // namespace

std::string scheduler_text(const std::string& scheduler) {
    return scheduler == "systemd" ? "systemd timers" : scheduler == "cron" ? "cron" : "the agent";
}

std::string AutomationSetup::choose() const {
    if (wishes_.scheduler != "auto") {
        if (wishes_.scheduler == "cron" && !has_crontab())
            throw Error(ErrorKind::failed, "cannot use cron: there is no program crontab")
                .hint("install the package cron, or choose --scheduler agent");
        return wishes_.scheduler;
    }
    if (wishes_.root || systemd_runs(for_system())) return "systemd";
    return has_crontab() ? "cron" : "agent";
}

bool AutomationSetup::is_possible(std::string_view scheduler) const {
    if (scheduler == "systemd")
        return wishes_.root || wishes_.scheduler == scheduler || systemd_runs(for_system());
    return scheduler != "cron" || has_crontab();
}

std::unique_ptr<Automator> AutomationSetup::automator(std::string_view scheduler) const {
    const config::Home& home = context_.home_unchecked();
    if (scheduler == "systemd")
        return systemd_automator(
            {.home = home.root, .suffix = suffix(home), .for_system = for_system(), .root = wishes_.root});
    if (scheduler == "cron") {
        const std::string user = user_of(home);
        return cron_automator(home.root, user == platform::user_name() ? "" : user);
    }
    return agent_automator(home);
}

/// Units of an image are its system's, whoever writes them.
bool AutomationSetup::for_system() const {
    return wishes_.root || ::geteuid() == 0;
}

/// Who runs the jobs.
std::string AutomationSetup::user_of(const config::Home& home) const {
    if (!wishes_.user.empty()) return wishes_.user;
    if (::geteuid() != 0) return platform::user_name();
    const fs::path path = wishes_.root ? *wishes_.root / home.root.relative_path() : home.root;
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? platform::user_name(info.st_uid) : "root";
}

agent::Automation AutomationSetup::automation() const {
    const config::Settings& settings = context_.settings();
    const config::Home& home = context_.home_unchecked();
    agent::Automation automation;
    automation.program = own_program();
    automation.home = home.root;
    automation.options = own_options(context_);
    automation.suffix = suffix(home);
    automation.for_system = for_system();
    automation.user = user_of(home);
    automation.processors = std::max(1U, std::thread::hardware_concurrency());
    automation.schedule = own_schedule(context_);
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

Installed AutomationSetup::install(const std::string& scheduler, bool dry_run) const {
    Installed done = automator(scheduler)->install(automation(), dry_run);
    // Two of them would run each job twice.
    for (const char* other : schedulers) {
        if (wishes_.root || scheduler == other || !is_possible(other)) continue;
        const auto removed = automator(other)->remove(dry_run);
        done.removed.insert(done.removed.end(), removed.begin(), removed.end());
        done.changed |= !removed.empty();
    }
    return done;
}

std::vector<std::string> AutomationSetup::remove(bool dry_run) const {
    std::vector<std::string> removed;
    for (const char* one : schedulers) {
        if (!is_possible(one) || (wishes_.root && std::string_view(one) != "systemd")) continue;
        const auto gone = automator(one)->remove(dry_run);
        removed.insert(removed.end(), gone.begin(), gone.end());
    }
    if (!wishes_.root) remove_records(removed, dry_run);
    return removed;
}

/// Records of jobs that do not run any more would look like jobs that fail to.
void AutomationSetup::remove_records(std::vector<std::string>& removed, bool dry_run) const {
    const config::Home& home = context_.home_unchecked();
    const fs::path folder = config::jobs_folder(home);
    if (!fs::is_directory(folder)) return;
    std::vector<fs::path> files;
    for (const std::string& name : job_names())
        if (const fs::path file = config::job_record_file(home, name); fs::exists(file))
            files.push_back(file);
    for (const fs::path& file : files) removed.push_back(file.native());
    if (dry_run) return;
    {
        const agent::JobLock none_runs(home, 0);
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

std::vector<std::string> AutomationSetup::notes(const std::string& scheduler) const {
    std::vector<std::string> notes;
    if (wishes_.root) return notes;
    const agent::Automation automation = this->automation();
    const fs::path key_file = context_.home().key_file();
    if (!repository::Repository::exists(*repository_location(context_)))
        notes.push_back(
            "there is no repository yet; make the first backup by hand, which shows its recovery "
            "phrase: bt2c-dr backup");
    else if (!fs::exists(key_file) && !fs::exists(context_.home().write_key_file()) &&
             !secret_is_elsewhere(automation))
        notes.push_back(base::format(
            "the jobs will find no key to the repository: there is no {}, and neither "
            "BT2C_REPO_PASSWORD_FILE nor BT2C_REPO_PASSWORD_COMMAND was set when this was installed",
            printable(key_file.native())));
    if (!jobs_can_read(context_))
        notes.push_back(
            "this node cannot read its backups: prune and restore tests run where the team keeps the keys");
    if (scheduler == "agent") notes.push_back("the agent has to run: bt2c-dr agent, as a service");
    if (scheduler == "cron" && !cron_runs())
        notes.push_back("no cron daemon seems to run; without one nothing happens");
    if (scheduler == "systemd" && !for_system())
        notes.push_back(
            base::format("timers of a user run while the user is logged in; for ever with: "
                         "loginctl enable-linger {}",
                         automation.user));
    return notes;
}

}  // namespace bt2c::cli
