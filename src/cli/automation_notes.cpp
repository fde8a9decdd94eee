// What the jobs of a home lack, so that they would not do what they are set up for.

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/automation_setup.hpp"
#include "cli/health_check.hpp"
#include "cli/repository_access.hpp"
#include "cli/scheduled_jobs.hpp"
#include "platform/process.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::printable;

namespace {

constexpr std::size_t unit_output_bytes_max = 64 << 10;
constexpr int unit_timeout_ms = 30'000;

bool secret_is_elsewhere(const agent::Automation& automation) {
    return std::ranges::any_of(automation.environment,
                               [](const auto& variable) { return variable.first.starts_with("BT2C_REPO_"); });
}

/// Those that take the credentials of whoever runs the job.
std::string locations_without_own_credentials(const config::Settings& settings) {
    std::string names;
    for (const config::LocationSettings& location : settings.locations) {
        const bool names_profile = !location.profile.empty() && location.profile != "default";
        if (location.kind == config::LocationKind::s3 && !names_profile && location.credentials_file.empty())
            names += (names.empty() ? "'" : ", '") + location.name + "'";
    }
    return names;
}

/// Empty where that is not known.
fs::path credentials_file_of(const std::string& user) {
    const passwd* const entry = ::getpwnam(user.c_str());
    return entry ? fs::path(entry->pw_dir) / ".aws" / "credentials" : fs::path();
}

/// One that is used where none is named. True where that is not known.
bool has_own_ssh_key(const std::string& user) {
    const passwd* const entry = ::getpwnam(user.c_str());
    if (!entry) return true;
    for (const char* const name : {"id_ed25519", "id_ecdsa", "id_rsa"}) {
        std::error_code unseen;
        if (fs::exists(fs::path(entry->pw_dir) / ".ssh" / name, unseen) || unseen) return true;
    }
    return false;
}

/// "-r", "-w": asked as that user, with all groups that are his; only root can.
bool may(const std::string& user, const char* what, const fs::path& file) {
    try {
        return platform::run_and_capture({"runuser", "-u", user, "--", "test", what, file.native()}, 4096,
                                         unit_timeout_ms)
                   .status == 0;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return true;  // nothing speaks against it
    }
}

/// The package's unit may write to its home only, and what drop-ins name. Empty where that is enough, or
/// another agent is that of this home.
std::string lack_of_agents_rights(const agent::Automation& automation) {
    const auto shown =
        platform::run_and_capture({"sh", "-c", "exec systemctl cat bt2c-dr-agent.service 2>/dev/null"},
                                  unit_output_bytes_max, unit_timeout_ms);
    std::istringstream unit{std::string(base::as_text(shown.output))};
    bool is_for_home = false;
    std::vector<fs::path> writable;
    for (std::string line; std::getline(unit, line);) {
        is_for_home |= line == "Environment=BT2C_HOME=" + automation.home.native();
        constexpr std::string_view name = "ReadWritePaths=";
        if (!line.starts_with(name)) continue;
        std::istringstream words(line.substr(name.size()));
        for (std::string word; words >> word;)
            if (const std::size_t path = word.find('/'); path != std::string::npos)  // behind '-' and '+'
                writable.push_back(fs::path(word.substr(path)) / "");
    }
    if (!is_for_home) return "";
    std::string missing, named;
    for (const fs::path& folder : automation.writable)
        if (std::ranges::none_of(writable, [&](const fs::path& one) {
                return (folder.native() + "/").starts_with(one.native());
            })) {
            missing += " " + shell_word(folder.native());
            named += " -" + shell_word(folder.native());  // one that is away does not stop the agent
        }
    if (missing.empty()) return "";
    return base::format(
        "the service bt2c-dr-agent may not write to{0}: with 'systemctl edit bt2c-dr-agent' add, below "
        "[Service], the line ReadWritePaths={1}",
        printable(missing), printable(named.substr(1)));
}

}  // namespace

std::string AutomationSetup::missing_key(const std::string& scheduler) const {
    if (scheduler == "agent") return "";  // whose own environment nobody else sees
    const std::string handed = automator(scheduler)->handed_over();
    const auto names = [&](const char* what) { return handed.find(what) != std::string::npos; };
    return missing_key_unless(names("BT2C_REPO_PASSWORD") || names("EnvironmentFile="));
}

/// @param handed_over something is, that may tell the password
std::string AutomationSetup::missing_key_unless(bool handed_over) const {
    const config::Home& home = context_.home();
    const config::Settings& settings = context_.settings();
    const bool has_token = !settings.token_module.empty() && !settings.token_pin_file.empty();
    if (handed_over || has_token || fs::is_regular_file(home.key_file()) || fs::exists(home.write_key_file()))
        return "";
    return base::format(
        "the jobs will find no key to the repository: there is no {}, and neither "
        "BT2C_REPO_PASSWORD_FILE nor BT2C_REPO_PASSWORD_COMMAND was set when this was installed",
        printable(home.key_file().native()));
}

/// @param will_be_given names of variables that are not installed yet
std::optional<AutomationSetup::Lack> AutomationSetup::missing_credentials(
    const std::string& scheduler, const std::string& will_be_given) const {
    if (scheduler == "agent") return std::nullopt;  // as above
    const std::string locations = locations_without_own_credentials(context_.settings());
    if (locations.empty()) return std::nullopt;
    const std::string given = automator(scheduler)->handed_over() + will_be_given;
    for (const char* const source : {"AWS_ACCESS_KEY_ID", "AWS_SHARED_CREDENTIALS_FILE", "EnvironmentFile="})
        if (given.find(source) != std::string::npos) return std::nullopt;
    const std::string user = user_of(context_.home_unchecked());
    const fs::path file = credentials_file_of(user);
    std::error_code unseen;
    if (file.empty() || fs::exists(file, unseen) || unseen) return std::nullopt;
    return Lack{
        base::format("the jobs will find no credentials for {}: there is no {}, and they do not get "
                     "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, whatever is set here",
                     locations, printable(file.native())),
        base::format("write [default], aws_access_key_id = … and aws_secret_access_key = … into {} (a line "
                     "each; mode 600, owner {})",
                     printable(file.native()), printable(user))};
}

std::vector<AutomationSetup::Lack> AutomationSetup::missing_files(const std::string& scheduler) const {
    const std::string user = user_of(context_.home_unchecked());
    std::vector<Lack> lacks;
    const auto look_at = [&](const fs::path& file) {
        if (file.empty()) return;
        std::error_code unseen;
        if (fs::status(file, unseen).type() == fs::file_type::not_found)
            lacks.push_back(
                {base::format("the jobs are to read {}, which is not there", printable(file.native())),
                 "bring it back, or name another"});
        else if (::geteuid() == 0 && user != "root" && !may(user, "-r", file))
            lacks.push_back(
                {base::format("the jobs run as {}, who may not read {}", printable(user),
                              printable(file.native())),
                 base::format("put it where {0} may read it (owner {0}, mode 600, in a folder that "
                              "{0} may enter), and name it there",
                              printable(user))});
    };
    const auto look_into = [&](const fs::path& folder) {
        std::error_code unseen;
        if (::geteuid() != 0 || user == "root" || !fs::exists(folder, unseen) || may(user, "-w", folder))
            return;
        lacks.push_back({base::format("the jobs run as {}, who may not write to {}", printable(user),
                                      printable(folder.native())),
                         base::format("give it to {0} (chown -R {0}), and let {0} enter the folders above",
                                      printable(user))});
    };
    const config::Settings& settings = context_.settings();
    look_into(settings.repository);
    for (const config::LocationSettings& location : settings.locations)
        if (location.kind == config::LocationKind::folder) look_into(location.path);
    if (scheduler != "agent")  // as above
        for (const auto& [name, value] : environment(scheduler))
            if (name.ends_with("_FILE")) look_at(value);
    for (const config::LocationSettings& location : settings.locations) {
        for (const fs::path& file :
             {location.credentials_file, location.key_file, location.known_hosts_file, location.ca_file})
            look_at(file);
        if (scheduler == "agent" || location.kind != config::LocationKind::sftp ||
            !location.key_file.empty() || has_own_ssh_key(user))
            continue;
        lacks.push_back(
            {base::format("the jobs will find no key for '{}': dr.toml names no key_file, {} has none "
                          "in ~/.ssh, and no SSH agent reaches them",
                          location.name, printable(user)),
             base::format("name a key_file for '{}' in dr.toml", location.name)});
    }
    return lacks;
}

/// Empty: there is one.
std::string AutomationSetup::lack_of_repository() const {
    try {
        if (repository::Repository::exists(*repository_location(context_))) return "";
        return "there is no repository yet; make the first backup by hand, which shows its recovery phrase: "
               "bt2c-dr backup";
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        // What was installed is there all the same.
        return "whether there is a repository could not be seen: " + error.in_full() +
               "; bt2c-dr location status tells what is wrong";
    }
}

std::vector<std::string> AutomationSetup::notes(const std::string& scheduler) const {
    std::vector<std::string> notes;
    const auto add = [&](std::string note) {
        if (!note.empty()) notes.push_back(std::move(note));
    };
    if (wishes_.root) return notes;
    const agent::Automation automation = this->automation(scheduler);
    add(lack_of_backups(context_));
    if (is_keeper(context_))
        add("this home keeps the key of a repository (schedule.keeper in dr.toml): no backups are made here, "
            "and "
            "its jobs are restore tests, each followed by prune");
    const std::string no_repository = lack_of_repository();
    add(no_repository);
    if (no_repository.empty()) add(missing_key_unless(secret_is_elsewhere(automation)));
    std::string carried;
    for (const auto& [name, value] : automation.environment) carried += name + "\n";
    for (const Lack& lack : missing_files(scheduler)) add(lack.why + "; " + lack.mend);
    if (const auto lack = missing_credentials(scheduler, carried)) add(lack->why + "; " + lack->mend);
    if (!jobs_can_read(context_))
        add("this node cannot read its backups: prune and restore tests run where the team keeps the keys");
    if (scheduler == "agent") {
        add("the agent has to run: bt2c-dr agent, as a service");
        add(lack_of_agents_rights(automation));
    }
    if (scheduler == "cron" && !cron_runs()) add("no cron daemon seems to run; without one nothing happens");
    if (scheduler == "systemd" && !for_system())
        add(
            base::format("timers of a user run while the user is logged in; for ever with: "
                         "loginctl enable-linger {}",
                         automation.user));
    return notes;
}

}  // namespace bt2c::cli
