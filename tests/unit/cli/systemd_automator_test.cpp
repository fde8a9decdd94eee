// Timers of a user, with a stand-in for systemctl that has a state for each word. [A1]

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "cli/automation_install.hpp"
#include "support/environment.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class SystemdTimers : public testing::Test {
 protected:
    SystemdTimers() {
        const auto stub = folder_.write("bin/systemctl",
                                        "#!/bin/sh\n"
                                        "shift\n"  // --user
                                        "echo \"$*\" >>\"$STATES/calls\"\n"
                                        "if [ -e \"$STATES/$1\" ]; then cat \"$STATES/$1\"; exit 1; fi\n");
        std::filesystem::permissions(stub, std::filesystem::perms::owner_all);
        automation_.program = "/bin/true";
        automation_.home = "/srv/node";
        automation_.options = {"--home", "/srv/node"};
        automation_.user = "daemon";
        automation_.for_system = false;
    }

    void systemctl_fails(const std::string& word, const std::string& output) const {
        folder_.write(word, output + "\n");
    }
    void systemctl_succeeds(const std::string& word) const { std::filesystem::remove(folder_ / word); }
    std::string calls() const { return support::file_text(folder_ / "calls"); }
    std::filesystem::path unit(const std::string& name) const {
        return folder_ / "units/systemd/user" / name;
    }

    Installed install(bool dry_run = false) const { return timers_->install(automation_, dry_run); }

    support::TemporaryFolder folder_;
    support::Variable path_{"PATH", ((folder_ / "bin").native() + ":" + std::getenv("PATH")).c_str()};
    support::Variable states_{"STATES", folder_.path().c_str()};
    support::Variable configuration_{"XDG_CONFIG_HOME", (folder_ / "units").c_str()};
    agent::Automation automation_;
    std::unique_ptr<Automator> timers_ =
        systemd_automator({.home = "/srv/node", .suffix = "", .for_system = false, .root = std::nullopt});
};

TEST_F(SystemdTimers, RunWhenTheyAreActiveAndEnabled) {
    EXPECT_TRUE(install().changed);
    EXPECT_FALSE(install().changed);
    EXPECT_EQ(timers_->standstill(), "");
}

TEST_F(SystemdTimers, ThatTheNextStartDoesNotBringBackAreAStandstill) {
    install();
    systemctl_fails("is-enabled", "disabled");
    EXPECT_THAT(timers_->standstill(), HasSubstr("bt2c-dr-full.timer is disabled"));
    systemctl_fails("is-enabled", "Failed to connect to bus: Host is down");
    EXPECT_EQ(timers_->standstill(), "") << "it is not known";
}

TEST_F(SystemdTimers, ThatWereStoppedOrDisabledCountAsAChange) {
    EXPECT_FALSE(install().only_started);
    for (const auto& [word, output] :
         {std::pair("is-enabled", "disabled"), std::pair("is-active", "inactive")}) {
        systemctl_fails(word, output);
        for (const bool dry_run : {true, false}) {
            const Installed again = install(dry_run);
            EXPECT_TRUE(again.changed) << word;
            EXPECT_TRUE(again.only_started) << word;
        }
        systemctl_succeeds(word);
    }
    automation_.schedule.io_weight = 11;
    systemctl_fails("is-enabled", "disabled");
    EXPECT_FALSE(install().only_started) << "the units are others, too";
}

TEST_F(SystemdTimers, ThatAreMaskedAreNamedAndUnmasked) {
    install();
    std::filesystem::remove(unit("bt2c-dr-full.timer"));
    std::filesystem::create_symlink("/dev/null", unit("bt2c-dr-full.timer"));
    try {
        install(true);
        FAIL() << "it is masked";
    } catch (const base::Error& error) {
        EXPECT_EQ(error.in_full(), "cannot set up bt2c-dr-full.timer: it is masked: its job does not run");
        EXPECT_EQ(error.hint(),
                  "systemctl --user unmask bt2c-dr-full.timer && bt2c-dr setup-automated-backups");
    }
}

TEST_F(SystemdTimers, LeaveNoFailedUnitBehind) {
    install();
    systemctl_fails("reset-failed", "Unit bt2c-dr-full.timer not loaded.");
    EXPECT_EQ(timers_->remove(false).size(), 8U);
    EXPECT_THAT(calls(), HasSubstr("daemon-reload\nreset-failed bt2c-dr-full.service bt2c-dr-full.timer "));
    EXPECT_THAT(calls(), Not(HasSubstr("stop bt2c-dr-full.service"))) << "a job that runs may end";
    install();
    systemctl_fails("show", "auto-restart");  // ends with a status that nobody looks at
    timers_->remove(true);
    EXPECT_THAT(calls(), Not(HasSubstr("stop bt2c-dr-full.service")));
    timers_->remove(false);
    EXPECT_THAT(calls(), HasSubstr("\nstop bt2c-dr-full.service\n")) << "it waits for another try";
}

}  // namespace
}  // namespace bt2c::cli
