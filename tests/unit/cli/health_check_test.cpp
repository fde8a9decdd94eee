// What doctor makes of what it sees. [A1]

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <thread>

#include "cli/doctor.hpp"
#include "cli/health_checks.hpp"
#include "cli/own_program.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::UnixMs;
using testing::HasSubstr;
using Status = HealthCheck::Status;

constexpr UnixMs hour = 3'600'000, now = 1'800'000'000'000;

TEST(AgeCheck, TwoRunsMayBeMissed) {
    const UnixMs limit = age_limit_ms(3600);
    EXPECT_EQ(limit, 3 * hour);
    const auto check = [&](const std::vector<UnixMs>& times) {
        return age_check("backup_age", "backup", times, limit, now, "bt2c-dr backup");
    };
    EXPECT_EQ(check({now - 3 * hour}).status, Status::ok);
    EXPECT_EQ(check({now + hour / 12}).status, Status::ok);
    const HealthCheck old = check({now - 3 * hour - 1});
    EXPECT_EQ(old.status, Status::finding);
    EXPECT_EQ(old.mend, "bt2c-dr backup");
    EXPECT_THAT(old.detail, HasSubstr("it should be less than 3 h"));
    EXPECT_EQ(check({}).status, Status::finding);
    EXPECT_THAT(check({}).detail, HasSubstr("there was no backup yet"));
    // Of a clock that was fast then, which has a check of its own.
    EXPECT_EQ(check({now - 4 * hour, now + hour}).detail, check({now - 4 * hour}).detail);
    EXPECT_EQ(check({now + hour}).status, Status::finding);
    EXPECT_THAT(check({now + hour}).detail, HasSubstr("of a time to come"));
}

TEST(ClockCheck, TimesToComeAreOfAWrongClock) {
    EXPECT_EQ(clock_check("jobs", "the newest run", {}, now).status, Status::ok);
    EXPECT_EQ(clock_check("jobs", "the newest run", {now + hour / 12}, now).status, Status::ok);
    const HealthCheck wrong = clock_check("jobs", "the newest run", {now - hour, now + hour}, now);
    EXPECT_EQ(wrong.status, Status::finding);
    EXPECT_THAT(wrong.mend, HasSubstr("timedatectl"));
}

TEST(ClockCheck, ABackupOfATimeToComeIsKeptAndNotBelieved) {
    const HealthCheck doubted = backup_clock_check({now + hour, now - hour}, now, true);
    EXPECT_THAT(doubted.mend, HasSubstr("timedatectl"));
    const HealthCheck newest = backup_clock_check({now + hour, now - hour}, now, false);
    EXPECT_EQ(newest.status, Status::finding);
    EXPECT_EQ(newest.mend, "bt2c-dr backup --type full");
    EXPECT_THAT(newest.detail, HasSubstr("made while the clock was wrong"));
    const HealthCheck followed = backup_clock_check({now, now + hour}, now, false);
    EXPECT_EQ(followed.status, Status::ok);
    EXPECT_EQ(followed.mend, "");
    EXPECT_EQ(followed.detail, newest.detail);
    EXPECT_EQ(backup_clock_check({}, now, false).status, Status::ok);
}

config::JobRecord ended(const std::string& name, int status, const std::string& message) {
    config::JobRecord record;
    record.name = name;
    record.end(now, status, message);
    return record;
}

TEST(MendJob, IsOfTheStepThatFailed) {
    const std::string stored = "full backup 12345678 is stored, 9 MiB; ";
    EXPECT_EQ(mend_job(ended("full", 1, "backup: it failed")), "bt2c-dr job full");
    for (const int status : {5, 10})  // it would end so again
        EXPECT_EQ(mend_job(ended("full", status, "backup: no")),
                  "first what is found of the repository and its key, then bt2c-dr job full");
    EXPECT_EQ(
        mend_job(ended("incremental", 1, "backup: cannot: node 'x' made the newest one here, 12345678")),
        "once that node is known to be dead: bt2c-dr backup --type full --takeover && bt2c-dr job "
        "incremental");
    EXPECT_EQ(mend_job(ended("full", 6, stored + "prune: cannot prune: no")), "bt2c-dr prune");
    EXPECT_EQ(mend_job(ended("full", 6, "prune: cannot prune: no")), "bt2c-dr prune");
    EXPECT_EQ(mend_job(ended("full", 6, stored + "prune: no; location sync: no")),
              "bt2c-dr prune && bt2c-dr location sync");
    EXPECT_EQ(mend_job(ended("prune", 1, "prune: no")), "bt2c-dr prune && bt2c-dr job prune");
    EXPECT_EQ(mend_job(ended("sync", 6, "location sync: no")), "bt2c-dr job sync");
    EXPECT_EQ(mend_job(ended("verify", 1, "verify-integrity: no")), "bt2c-dr job verify");
    EXPECT_EQ(mend_job(ended("verify", 3, "verify-integrity: problems were found: supply")),
              "bt2c-dr verify-integrity && bt2c-dr job verify");
}

TEST(MendJob, WrongDataComeBeforeAnotherBackupOfThem) {
    const std::string again = "bt2c-dr backup --type full && bt2c-dr job restore-test";
    const auto mend = [](const std::string& message) { return mend_job(ended("restore-test", 3, message)); };
    EXPECT_EQ(mend("test-restore: problems were found: restore: a pack is damaged"), again);
    EXPECT_EQ(mend("backup 12345678 does not restore: database_image: it is not"), again);
    EXPECT_EQ(mend("of an older version"), again);
    EXPECT_EQ(mend("backup 12345678 does not restore: supply: too much"),
              "bt2c-dr verify-integrity && " + again);
    EXPECT_EQ(mend("test-restore: problems were found: merkle_roots, wallets: no"),
              "bt2c-dr verify-integrity && " + again);
    EXPECT_THAT(mend("test-restore: problems were found: settings: line 1"), HasSubstr("correct dr.toml"));
    EXPECT_EQ(mend("test-restore: problems were found: wallets: no key"),
              "bt2c-dr recover-keys --force && " + again);
    EXPECT_EQ(mend_job(ended("restore-test", 1, "no room")), "bt2c-dr job restore-test");
}

TEST(MendJob, WhatIsFoundOfOtherBackupsComesFirst) {
    const std::string proved =
        "backup 12345678 was restored and proved; 1 other backups cannot be read, and may be newer";
    const std::string held =
        "prune: no bytes were removed: what backup 12345678 needs is not known: it is lost";
    const auto mends = [&](const HealthChecks& repository) {
        HealthChecks checks;
        for (const auto& record : {ended("restore-test", 3, proved), ended("prune", 6, held),
                                   ended("full", 6, "full backup 12345678 is stored, 9 MiB; " + held)})
            checks.push_back({"job", record.name, Status::finding, "", mend_job(record)});
        checks.insert(checks.end(), repository.begin(), repository.end());
        mend_backups_first(checks);
        return std::vector<std::string>{checks[0].mend, checks[1].mend, checks[2].mend};
    };
    const HealthCheck ok{"repository", "", Status::ok, "repository 12345678 opens", ""};
    const std::string manifest(manifest_of_backup);
    EXPECT_THAT(
        mends({{"repository", "aa", Status::finding, manifest + "is damaged: no", "bt2c-dr prune --damaged"},
               ok}),
        testing::ElementsAre("bt2c-dr prune --damaged && bt2c-dr job restore-test",
                             "bt2c-dr prune --damaged && bt2c-dr job prune",
                             "bt2c-dr prune --damaged && bt2c-dr prune"));
    EXPECT_EQ(mends({{"repository", "aa", Status::unknown, manifest + "cannot be read: no",
                      "bt2c-dr location status"},
                     ok})[0],
              "bt2c-dr location status; then bt2c-dr job restore-test");
    EXPECT_EQ(mends({ok})[0], "bt2c-dr job restore-test");
    EXPECT_EQ(mends({})[0], "first what is found of the repository, then bt2c-dr job restore-test");
}

TEST(ClockCheck, LocationsHaveClocks) {
    EXPECT_EQ(clock_difference_check("s3", 60'000).status, Status::ok);
    EXPECT_THAT(clock_difference_check("s3", hour).detail, HasSubstr("1 h 00 min behind that of"));
    EXPECT_THAT(clock_difference_check("s3", -hour).detail, HasSubstr("1 h 00 min ahead of that of"));
    EXPECT_EQ(clock_difference_check("s3", -hour).status, Status::finding);
}

TEST(LookedAt, ErrorsAreUnknownAndInterruptionIsNot) {
    const HealthChecks checks = looked_at("disk_space", []() -> HealthChecks {
        throw Error(ErrorKind::failed, "cannot look").cause("no right").hint("sudo");
    });
    ASSERT_EQ(checks.size(), 1U);
    EXPECT_EQ(checks[0].status, Status::unknown);
    EXPECT_TRUE(checks[0].is_finding());
    EXPECT_EQ(checks[0].detail, "cannot look: no right");
    EXPECT_EQ(checks[0].mend, "sudo");
    EXPECT_EQ(looked_at("x", []() -> HealthChecks { throw std::runtime_error("odd"); })[0].detail, "odd");
    EXPECT_THROW(looked_at("x", []() -> HealthChecks { throw Error(ErrorKind::interrupted, "stop"); }),
                 Error);
}

TEST(LookedAt, FilesThatCannotBeSeenAreToldInOurWords) {
    const HealthCheck refused = looked_at("schedule", []() -> HealthChecks {
        throw std::filesystem::filesystem_error("status", "/srv/node/jobs",
                                                std::make_error_code(std::errc::permission_denied));
    })[0];
    EXPECT_EQ(refused.status, Status::unknown);
    EXPECT_EQ(refused.detail, "cannot look at /srv/node/jobs: Permission denied");
    EXPECT_THAT(refused.mend, HasSubstr("owner and mode"));
    EXPECT_TRUE(is_there("/dev/null"));
    EXPECT_FALSE(is_there("/dev/null/below"));
    EXPECT_THROW(is_there("/" + std::string(300, 'x')), Error);
}

TEST(LookedAt, WhatHangsIsGivenUp) {
    const auto begun = std::chrono::steady_clock::now();
    const HealthChecks checks = looked_at_within(std::chrono::milliseconds(300), "locations", [] {
        std::this_thread::sleep_for(std::chrono::hours(1));
        return HealthChecks();
    });
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
    ASSERT_EQ(checks.size(), 1U);
    EXPECT_EQ(checks[0].status, Status::unknown);
    EXPECT_THAT(checks[0].detail, HasSubstr("given up after"));
    const HealthChecks crashed =
        looked_at_within(std::chrono::seconds(20), "locations", []() -> HealthChecks { ::_exit(7); });
    EXPECT_THAT(crashed.at(0).detail, HasSubstr("ended early (7)"));
}

TEST(LookedAt, ChecksComeOverWhole) {
    const HealthChecks sent{{"job", "full", Status::finding, "it ended with status 1", "bt2c-dr job full"},
                            {"offsite", "", Status::ok, "yes", ""},
                            {"x", "", Status::skipped, "", ""}};
    const HealthChecks got = looked_at_within(std::chrono::seconds(20), "all", [&] { return sent; });
    ASSERT_EQ(got.size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i)
        EXPECT_EQ(got[i].to_json().dump(), sent[i].to_json().dump());
}

/// What `file_modes` finds in a home, by the file's name.
std::map<std::string, HealthCheck> modes_of(const support::TemporaryFolder& home) {
    TextTerminal out, err;
    Console console{out, err};
    GlobalOptions globals;
    globals.home = home.path();
    Context context(globals, console);
    std::map<std::string, HealthCheck> found;
    for (const HealthCheck& check : check_file_modes(context))
        if (check.is_finding()) found[std::filesystem::path(check.subject).filename()] = check;
    return found;
}

TEST(FileModes, WhatCannotBeLookedAtIsAFinding) {
    const support::TemporaryFolder home;
    std::filesystem::create_symlink("keys", home / "keys");
    const auto found = modes_of(home);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.at("keys").status, Status::unknown);
    EXPECT_THAT(found.at("keys").detail, HasSubstr("could not be looked at"));
}

TEST(FileModes, ChainAndBackupsAreOnlyTheirOwnersToChange) {
    using std::filesystem::perms;
    const support::TemporaryFolder home;
    const auto database = home.write("data/blockchain.db", "");
    std::filesystem::create_directory(home / "backups");
    for (const auto& folder : {home / "data", home / "backups"})
        std::filesystem::permissions(folder, perms::owner_all | perms::group_read | perms::group_exec);
    std::filesystem::permissions(database, perms::owner_read | perms::owner_write | perms::group_read);
    EXPECT_TRUE(modes_of(home).empty());
    for (const auto& path : {home / "data", home / "backups", database})
        std::filesystem::permissions(path, perms::group_write, std::filesystem::perm_options::add);
    const auto found = modes_of(home);
    EXPECT_EQ(found.size(), 3U);
    for (const char* name : {"data", "backups", "blockchain.db"}) {
        ASSERT_TRUE(found.contains(name)) << name;
        EXPECT_THAT(found.at(name).mend, HasSubstr("chmod go-w ")) << name;
    }
}

TEST(FileModes, WhatItsOwnerMayNotReadIsAFinding) {
    const support::TemporaryFolder home;
    const auto key = home.write("config/repository.key", "");
    std::filesystem::permissions(key, std::filesystem::perms::none);
    for (const auto& path : {home.path(), home / "config", key})  // no mode keeps root out
        ASSERT_EQ(::geteuid() == 0 ? ::chown(path.c_str(), 65534, static_cast<gid_t>(-1)) : 0, 0);
    const auto found = modes_of(home);
    ASSERT_TRUE(found.contains("repository.key"));
    EXPECT_EQ(found.at("repository.key").mend, "chmod u+r " + shell_word(key.native()));
}

TEST(DiskSpace, ThePlaceForRestoreTestsIsAFolder) {
    const support::TemporaryFolder home;
    TextTerminal out, err;
    Console console{out, err};
    GlobalOptions globals;
    globals.home = home.path();
    const auto check = [&](const std::filesystem::path& scratch) {
        home.write("config/dr.toml", "schedule.scratch = \"" + scratch.native() + "\"\n");
        Context context(globals, console);
        return check_disk_space(context).back();
    };
    for (const auto& scratch : {home / "none", home.write("file", "")}) {
        EXPECT_EQ(check(scratch).status, Status::finding);
        EXPECT_THAT(check(scratch).detail, HasSubstr("is no folder that can be written to"));
        EXPECT_THAT(check(scratch).mend, HasSubstr("schedule.scratch"));
    }
    EXPECT_THAT(check(home.path()).detail, testing::Not(HasSubstr("is no folder")));
}

TEST(GivenOptions, TheNetworkIsOneOfThemOnce) {
    GlobalOptions given;
    given.network = "testnet";
    const auto typed = [&](const std::string& text) { return with_given_options(text, given); };
    EXPECT_EQ(typed("run 'bt2c-dr doctor'"), "run 'bt2c-dr --network testnet doctor'");
    EXPECT_EQ(typed("bt2c-dr --network mainnet network resume"), "bt2c-dr --network mainnet network resume");
    given.home = "/node";
    EXPECT_EQ(typed("bt2c-dr doctor"), "bt2c-dr --home /node --network testnet doctor");
    EXPECT_EQ(typed(typed("bt2c-dr doctor")), typed("bt2c-dr doctor"));
    EXPECT_EQ(typed("bt2c-dr --home /other network unlock-signing"),
              "bt2c-dr --home /other network unlock-signing");
    EXPECT_EQ(typed("bt2c-dr --network mainnet network resume"),
              "bt2c-dr --home /node --network mainnet network resume");
}

TEST(GivenOptions, QuotesDoNotStandInQuotesOfTheirKind) {
    GlobalOptions given;
    given.home = "/my node";
    const auto typed = [&](const std::string& text) { return with_given_options(text, given); };
    EXPECT_EQ(typed("'bt2c-dr doctor' tells, 'bt2c-dr list-backups' lists"),
              "\"bt2c-dr --home '/my node' doctor\" tells, \"bt2c-dr --home '/my node' list-backups\" lists");
    EXPECT_EQ(typed("'bt2c-dr doctor'"), "\"bt2c-dr --home '/my node' doctor\"");
    EXPECT_EQ(typed("a disk's name; bt2c-dr doctor"), "a disk's name; bt2c-dr --home '/my node' doctor");
    EXPECT_EQ(typed(typed("'bt2c-dr doctor'")), typed("'bt2c-dr doctor'"));
}

TEST(Health, FindingsComeWithWhatMendsThem) {
    const HealthChecks checks{{"home", "", Status::ok, "/srv/node", ""},
                              {"offsite", "", Status::finding, "none is", "bt2c-dr init"},
                              {"restore_test_age", "", Status::skipped, "elsewhere", ""}};
    TextTerminal plain, coloured(true, true, 80);
    Output out(plain);
    print_health(out, checks, false);
    EXPECT_EQ(out.text(),
              "finding  offsite  none is\n         → bt2c-dr init\n1 of 3 checks found something.\n");
    Output all(plain);
    print_health(all, checks, true);
    EXPECT_THAT(all.text(), HasSubstr("skipped  restore_test_age  elsewhere\n"));
    Output well(plain);
    print_health(well, {checks[0], checks[2]}, false);
    EXPECT_EQ(well.text(), "All is well: 2 checks, nothing found.\n");
    Output colours(coloured);
    print_health(colours, checks, false);
    EXPECT_THAT(colours.text(), HasSubstr("\x1b["));
    const base::Json document = health_document(checks);
    EXPECT_FALSE(document.bool_at("ok"));
    EXPECT_EQ(document.integer_at("findings"), 1);
}

TEST(ShellWord, CommandsCanBePasted) {
    EXPECT_EQ(shell_word("/srv/node/a.key"), "/srv/node/a.key");
    EXPECT_EQ(shell_word("/my node"), "'/my node'");
    EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
    EXPECT_EQ(shell_word(""), "''");
    EXPECT_EQ(shell_word("/x/\xff\xfe it's\\\n.pem"), "$'/x/\\xff\\xfe it\\'s\\\\\\x0a.pem'");
    EXPECT_EQ(shell_word("/ag \xc3\xbc"), "'/ag \xc3\xbc'");
}

}  // namespace
}  // namespace bt2c::cli
