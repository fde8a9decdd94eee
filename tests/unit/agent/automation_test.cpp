// The texts for systemd and cron, as these read them. [A1]

#include "agent/automation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/time.hpp"
#include "platform/process.hpp"
#include "support/skip.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::agent {
namespace {

using testing::HasSubstr;

Automation sample() {
    Automation automation;
    automation.program = "/bin/true";
    automation.home = "/var/lib/bt2c";
    automation.options = {"--home", "/var/lib/bt2c"};
    automation.user = "daemon";
    automation.processors = 4;
    return automation;
}

std::string unit(const Automation& automation, const std::string& name) {
    for (const UnitFile& file : unit_files(automation))
        if (file.name == name) return file.text;
    return "";
}

base::Bytes run(const std::string& command, int& status) {
    auto result = platform::run_and_capture({"sh", "-c", command + " 2>&1"}, 1 << 20, 120'000);
    status = result.status;
    return std::move(result.output);
}

bool has_systemd() {
    int status = 0;
    run("command -v systemd-analyze", status);
    return status == 0;
}

std::string written(const support::TemporaryFolder& folder, const Automation& automation) {
    std::string paths;
    for (const UnitFile& file : unit_files(automation)) {
        // The manual need not be installed where this runs.
        std::string text = file.text;
        const std::size_t manual = text.find("Documentation=");
        if (manual != std::string::npos) text.erase(manual, text.find('\n', manual) + 1 - manual);
        paths += " '" + folder.write(file.name, text).native() + "'";
    }
    return paths;
}

TEST(UnitFiles, AServiceAndATimerForEachJob) {
    const auto files = unit_files(sample());
    ASSERT_EQ(files.size(), 8U);
    EXPECT_EQ(files[0].name, "bt2c-dr-full.service");
    EXPECT_THAT(files[0].text, HasSubstr("ExecStart=\"/bin/true\" \"--home\" \"/var/lib/bt2c\" job full\n"));
    EXPECT_THAT(files[0].text, HasSubstr("\nUser=daemon\n"));
    EXPECT_THAT(files[0].text, HasSubstr("\nCPUQuota=200%\n"));
    EXPECT_THAT(files[0].text, HasSubstr("\nProtectHome=yes\n"));
    EXPECT_THAT(unit(sample(), "bt2c-dr-full.timer"), HasSubstr("\nOnCalendar=*-*-* 02:00:00 UTC\n"));
    EXPECT_THAT(unit(sample(), "bt2c-dr-full.timer"), HasSubstr("\nPersistent=yes\n"));
    EXPECT_THAT(unit(sample(), "bt2c-dr-restore-test.timer"),
                HasSubstr("\nOnCalendar=Sun *-*-* 04:00:00 UTC\n"));
    EXPECT_THAT(unit(sample(), "bt2c-dr-incremental.timer"), HasSubstr("\nOnCalendar=*-*-* *:00:00 UTC\n"));
    for (const UnitFile& file : files) {
        EXPECT_TRUE(is_our_unit(file.text, "/var/lib/bt2c"));
        EXPECT_FALSE(is_our_unit(file.text, "/var/lib/bt2"));
        EXPECT_TRUE(
            is_our_unit("# Written by 'bt2c-dr setup-automated-backups' for the home /var/lib/bt2c.\n" +
                            file.text.substr(file.text.find('\n') + 1),
                        "/var/lib/bt2c"))
            << "of an earlier build";
        EXPECT_THAT(unit_names(""), testing::Contains(file.name));
    }
}

TEST(UnitFiles, JobsThatAreOffHaveNone) {
    Automation automation = sample();
    automation.suffix = "-0011aabb";
    automation.schedule.verify.reset();
    automation.schedule.incremental_minutes = 0;
    const auto files = unit_files(automation);
    ASSERT_EQ(files.size(), 4U);
    EXPECT_EQ(files[3].name, "bt2c-dr-restore-test-0011aabb.timer");
}

TEST(UnitFiles, SystemdFindsNoFault) {
    if (!has_systemd()) BT2C_SKIP_OR_FAIL("systemd-analyze is not installed");
    Automation odd = sample();
    odd.home = "/srv/a \"node\" of 100% $HOME \\ it's";
    odd.options = {"--home", odd.home.native(), "--config", "/etc/%n/dr.toml"};
    odd.writable = {"/mnt/backups of mine", "/mnt/50%"};
    odd.environment = {{"BT2C_REPO_PASSWORD_COMMAND", "cat \"/run/a b\" | head -n1 # 100%"}};
    odd.schedule.incremental_minutes = 15;
    Automation users = sample();
    users.for_system = false;
    for (const Automation& automation : {sample(), odd, users}) {
        const support::TemporaryFolder folder;
        int status = 0;
        const auto output = run("systemd-analyze verify" + written(folder, automation), status);
        EXPECT_EQ(status, 0);
        EXPECT_EQ(base::as_text(output), "");
    }
}

TEST(UnitFiles, SystemdReadsTheTimesAsTheyAreMeant) {
    if (!has_systemd()) BT2C_SKIP_OR_FAIL("systemd-analyze is not installed");
    Automation automation = sample();
    for (const int minutes : {5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440}) {
        automation.schedule.incremental_minutes = minutes;
        const std::string text = unit(automation, "bt2c-dr-incremental.timer");
        const std::size_t begin = text.find("OnCalendar=") + 11;
        const std::string calendar = text.substr(begin, text.find('\n', begin) - begin);
        int status = 0;
        // The third time after midnight of a day.
        const auto output =
            run("TZ=UTC systemd-analyze calendar --base-time='2026-11-23 23:59:59 UTC' --iterations=3 '" +
                    calendar + "' | grep -E 'elapse|Iter' | tail -n 1 | grep -o '2026-.*UTC'",
                status);
        EXPECT_EQ(status, 0) << calendar;
        const base::UnixMs third = base::parse_utc("2026-11-24T00:00:00Z").value() + 2LL * minutes * 60'000;
        std::string expected = base::format_utc(third);
        expected.replace(10, 1, " ").replace(19, 1, " UTC\n");
        EXPECT_EQ(base::as_text(output), expected) << calendar;
    }
}

TEST(UnitFiles, TheServiceIsLockedIn) {
    if (!has_systemd()) BT2C_SKIP_OR_FAIL("systemd-analyze is not installed");
    const support::TemporaryFolder folder;
    written(folder, sample());
    int status = 0;
    // Beyond 3.0 of 10 ("exposed") it ends with another status.
    const auto output = run("systemd-analyze security --offline=true --threshold=30 '" +
                                (folder / "bt2c-dr-full.service").native() + "'",
                            status);
    EXPECT_EQ(status, 0) << base::as_text(output);
}

TEST(UnitFiles, WhatCannotStandInOneIsRefused) {
    Automation automation = sample();
    automation.home = "/srv/two\nlines";
    EXPECT_THROW(unit_files(automation), base::Error);
    EXPECT_THROW(cron_block(automation), base::Error);
    automation = sample();
    automation.options.push_back("a\x01");
    EXPECT_THROW(unit_files(automation), base::Error);
    EXPECT_THROW(cron_block(automation), base::Error);
    automation = sample();
    automation.for_system = true;
    automation.writable = {"/mnt/two\nlines"};
    try {
        unit_files(automation);
        ADD_FAILURE() << "nothing was thrown";
    } catch (const base::Error& error) {
        EXPECT_THAT(error.message(), HasSubstr("'/mnt/two\\x0alines' cannot stand in one"));
        EXPECT_THAT(error.hint(), HasSubstr("--scheduler agent"));
    }
}

TEST(UnitFiles, HomesThatProtectionWouldHideAreOpened) {
    Automation automation = sample();
    automation.home = "/home/alice/.bt2c";
    EXPECT_THAT(unit(automation, "bt2c-dr-full.service"), HasSubstr("\nProtectHome=read-only\n"));
    automation = sample();
    automation.writable = {"/tmp/scratch"};
    EXPECT_THAT(unit(automation, "bt2c-dr-full.service"), HasSubstr("\nPrivateTmp=no\n"));
    EXPECT_THAT(unit(automation, "bt2c-dr-full.service"),
                HasSubstr("ReadWritePaths=\"/var/lib/bt2c\" \"-/tmp/scratch\"\n"));
}

TEST(UnitFiles, WhatACommandLineReadsIsNotHidden) {
    const auto full = [](const std::string& command) {
        Automation automation = sample();
        automation.environment = {{"BT2C_REPO_PASSWORD_COMMAND", command}};
        return unit(automation, "bt2c-dr-full.service");
    };
    for (const char* command :
         {"cat /root/pw", "cat </root/pw", "gpg -d --file=\"/home/op/a pw\" | head -n1",
          "sh -c 'cat /root/pw'", "cat ~/pw", "cat \"$HOME/pw\"", "cat ${HOME}/pw", "/run/user/0/tell"}) {
        EXPECT_THAT(full(command), HasSubstr("\nProtectHome=read-only\n")) << command;
        EXPECT_THAT(full(command), HasSubstr("\nPrivateTmp=yes\n")) << command;
    }
    for (const char* command : {"cat /tmp/pw", "sort -T/x;cat /var/tmp/pw"}) {
        EXPECT_THAT(full(command), HasSubstr("\nProtectHome=yes\n")) << command;
        EXPECT_THAT(full(command), HasSubstr("\nPrivateTmp=no\n")) << command;
    }
    const std::string elsewhere = full("pass show /etc/tmp/rootless /srv/home");
    EXPECT_THAT(elsewhere, HasSubstr("\nProtectHome=yes\nPrivateTmp=yes\n"));
}

TEST(InstalledVariable, IsReadBackAsItWasSet) {
    for (const std::string value : {"/root/pw", "a node", "it's 100 % \\ \"quoted\" $HOME", "%%", "\\"}) {
        Automation automation = sample();
        automation.environment = {{"BT2C_REPO_PASSWORD_FILE", value}, {"AWS_PROFILE", "x"}};
        for (const std::string& text : {unit(automation, "bt2c-dr-full.service"), cron_block(automation)}) {
            EXPECT_EQ(installed_variable(text, "BT2C_REPO_PASSWORD_FILE"), value) << text;
            EXPECT_EQ(installed_variable(text, "AWS_PROFILE"), "x");
            EXPECT_EQ(installed_variable(text, "BT2C_REPO_PASSWORD"), std::nullopt);
            EXPECT_EQ(installed_variable(text, "PROFILE"), std::nullopt);
        }
    }
}

TEST(CronBlock, TheRestOfTheCrontabStaysByteForByte) {
    const std::string block = cron_block(sample());
    const std::filesystem::path home = sample().home;
    for (const std::string& before :
         {std::string(), std::string("# mine\n0 4 * * * echo 100\\% 'x'\n\n"),
          std::string("MAILTO=a\r\n\tx\n"),
          "# END bt2c-dr jobs of /other\n# BEGIN bt2c-dr jobs of /var/lib/bt2c\n" + cron_block([] {
              Automation other = sample();
              other.home = "/var/lib/bt2c-2";
              return other;
          }())}) {
        const std::string with = with_cron_block(before, home, block);
        EXPECT_EQ(with, before + block);
        EXPECT_EQ(with_cron_block(with, home, block), with);
        EXPECT_EQ(without_cron_block(with, home), before);
        // Others may write behind it.
        EXPECT_EQ(without_cron_block(with + "1 * * * * y\n", home), before + "1 * * * * y\n");
        EXPECT_EQ(without_cron_block(before, home), before);
    }
    Automation changed = sample();
    changed.program = "/usr/local/bin/bt2c-dr";
    const std::string moved = with_cron_block("a\n" + block + "b\n", home, cron_block(changed));
    EXPECT_EQ(moved, "a\n" + cron_block(changed) + "b\n");
}

TEST(CronBlock, ABlockWithoutItsEndIsNotGuessedAt) {
    const std::string block = cron_block(sample());
    const std::string torn = block.substr(0, block.find("# END")) + "0 1 * * * mine\n";
    EXPECT_THROW(without_cron_block(torn, sample().home), base::Error);
}

TEST(CronBlock, TheShellSeesTheWordsAsTheyAre) {
    Automation odd = sample();
    odd.program = "/usr/bin/printf";
    odd.home = "/srv/it's 100% $HOME `x` \"q\"";
    odd.options = {"%s|", odd.home.native()};
    const std::string block = cron_block(odd);
    std::string line = block.substr(block.find("*/5"), std::string::npos);
    line = line.substr(12, line.find('\n') - 12);
    // As cron does before it hands the line on.
    for (std::size_t at = line.find("\\%"); at != std::string::npos; at = line.find("\\%")) line.erase(at, 1);
    int status = 0;
    const auto output = run(line, status);
    EXPECT_EQ(base::as_text(output), odd.home.native() + "|--quiet|job|--due|--syslog|");
}

}  // namespace
}  // namespace bt2c::agent
