#pragma once
// The jobs of a home, set up on this machine: which scheduler runs them, what it needs, what is there.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/automation_install.hpp"
#include "cli/context.hpp"

namespace bt2c::cli {

/// The settings that say when jobs run must be readable; see Context::settings().
class AutomationSetup {
 public:
    struct Wishes {
        std::string scheduler = "auto";                            ///< or "systemd", "cron", "agent"
        std::optional<std::filesystem::path> root = std::nullopt;  ///< of an image of a system
        std::string user;  ///< that jobs run as; empty: the home's owner
        /// Which variables the jobs are given: those that are set here, or those that they have already.
        enum class Variables { here, installed, installed_or_here } variables = Variables::here;
    };
    AutomationSetup(Context& context, Wishes wishes) : context_(context), wishes_(std::move(wishes)) {}

    /// Which scheduler it is to be: without a wish the one that has the jobs now, else the first that is
    /// possible. Throws Error(failed) when it is not to be had here.
    std::string choose() const;
    /// Has `scheduler` run the jobs, and no other. With `dry_run` nothing is changed. Throws Error(failed)
    /// where root's timers run them and we are not root, unless all is as it is to be.
    Installed install(const std::string& scheduler, bool dry_run) const;
    /// Takes everything of it away, but for root's timers where we are not root; what was there. Throws
    /// Error(busy) while a job runs, whose record stays then.
    std::vector<std::string> remove(bool dry_run) const;
    /// Whether this home has timers of the system, and we are not root, who alone can change them.
    bool has_roots_timers() const { return roots_suffix().has_value(); }
    /// The command that root changes them with.
    std::string roots_command() const;
    /// Throws Error(failed), which tells that command, where there are any.
    void require_no_roots_timers() const;

    /// Those that have something of this home's jobs now, up to date or not; root's timers among them.
    std::vector<std::string> present() const;
    /// Why the jobs of `scheduler`, which are installed, do not run; empty: they do.
    std::string standstill(const std::string& scheduler) const;
    /// Why the jobs, as they are installed, find no key to the repository; empty: nothing speaks against it.
    std::string missing_key(const std::string& scheduler) const;
    /// The same of the credentials for locations of kind "s3".
    struct Lack {
        std::string why, mend;
    };
    std::optional<Lack> missing_credentials(const std::string& scheduler,
                                            const std::string& will_be_given = "") const;
    /// Files of secrets, and of servers that are known, that are not there, or that whoever runs the jobs may
    /// not read, as far as we may see it.
    std::vector<Lack> missing_files(const std::string& scheduler) const;

    /// What would keep the jobs from running; asks the locations. One that does not answer is no error.
    std::vector<std::string> notes(const std::string& scheduler) const;

 private:
    bool is_possible(std::string_view scheduler) const;
    std::unique_ptr<Automator> automator(std::string_view scheduler) const;
    std::unique_ptr<Automator> users_units() const;
    std::optional<std::string> roots_suffix() const;
    std::string unit_suffix() const;
    bool for_system() const;
    std::string crontab_owner() const;
    std::string user_of(const config::Home& home) const;
    agent::Automation automation(const std::string& scheduler) const;
    std::vector<std::pair<std::string, std::string>> environment(const std::string& scheduler) const;
    /// Variables that what is installed hands to the jobs, and that are not set so here.
    std::vector<std::string> foreign_variables(const std::string& scheduler) const;
    std::vector<std::string> dropped_variables(const std::string& scheduler) const;
    void tell_of_command(const std::string& scheduler, const Installed& done) const;
    std::string missing_key_unless(bool handed_over) const;
    std::string lack_of_repository() const;
    void require_no_refused_crontab(const std::string& state) const;
    void remove_records(std::vector<std::string>& removed, bool dry_run) const;

    Context& context_;
    Wishes wishes_;
};

/// "systemd timers", "cron", "the agent".
std::string scheduler_text(const std::string& scheduler);

}  // namespace bt2c::cli
