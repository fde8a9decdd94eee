#pragma once
// What runs jobs by themselves on this machine: systemd, cron or the agent; installed and removed.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/automation.hpp"
#include "config/home.hpp"

namespace bt2c::cli {

/// What an installation is, and what it changed.
struct Installed {
    std::vector<std::string> installed;  ///< paths of files, or lines of the crontab
    std::vector<std::string> removed;    ///< of an earlier schedule
    bool changed = false;                ///< false: all of it was there as it is
    bool only_started = false;  ///< `changed` is no more than that: it was there, stopped or disabled
    std::vector<std::pair<std::string, std::string>> texts;  ///< each place, and what is written there
};

/// One way of having jobs run. With `dry_run` nothing is changed.
class Automator {
 public:
    virtual ~Automator() = default;
    /// Throws Error(failed) when something that is not ours stands in its place; nothing is changed then.
    virtual Installed install(const agent::Automation& automation, bool dry_run) = 0;
    /// Takes all of it away; what was there. Empty: nothing.
    virtual std::vector<std::string> remove(bool dry_run) = 0;
    /// All of it that is there now, as it is written.
    virtual std::string text() const = 0;
    /// The same, with what others have set beside it for the jobs' environment.
    virtual std::string handed_over() const { return text(); }
    /// Why what is installed does not run; empty: nothing speaks against it.
    virtual std::string standstill() const = 0;
};

struct SystemdPlace {
    std::filesystem::path home;  ///< of the node
    std::string suffix;          ///< of the units' names
    bool for_system = true;
    std::optional<std::filesystem::path> root;  ///< of an image of a system that does not run
};
std::unique_ptr<Automator> systemd_automator(const SystemdPlace& place);
/// Whether systemd runs here, and takes units of the system, or of this user.
bool systemd_runs(bool for_system);

/// The crontab of `user`; empty: of the user that this process runs as.
std::unique_ptr<Automator> cron_automator(const std::filesystem::path& home, const std::string& user);
inline constexpr const char* no_crontab_program = "there is no program crontab";
/// Why that user can have no crontab: there is no program for it, or it refuses the user. Empty: nothing
/// speaks against it.
std::string cron_refusal(const std::string& user);
/// Whether a crontab of that user, whom the program refuses, may hold jobs of `home` nevertheless: cron goes
/// on with it. False only where the crontabs themselves could be looked at.
bool refused_crontab_may_hold(const std::filesystem::path& home, const std::string& user);
/// Whether a cron daemon runs, which it leaves a mark of.
bool cron_runs();

/// What a program said, on one line that can be shown.
std::string one_line(std::string_view output);

/// A marker in the home that the agent looks for.
std::unique_ptr<Automator> agent_automator(const config::Home& home);

}  // namespace bt2c::cli
