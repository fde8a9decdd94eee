// Jobs run by the runner, with a small program in place of the real one. [A1]

#include "agent/run_job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/schedule.hpp"
#include "base/error.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::agent {
namespace {

using base::Error;
using base::ErrorKind;
using config::JobRecord;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class RunJob : public testing::Test {
 protected:
    RunJob() {
        settings.home = config::Home{folder.path() / "home"};
        std::filesystem::create_directories(settings.home.root);
        settings.share.processors = 64;
        settings.log = [this](platform::LogLevel level, const std::string& line) {
            lines.push_back(std::to_string(static_cast<int>(level)) + " " +
                            line.substr(0, line.find(" in ")));
        };
        program(R"(echo '{"id":"40dc1520aabbccdd","type":"full","stored_bytes":1024,"changed":true}')");
    }
    void program(const std::string& script) {
        const auto path = folder.write(
            "program", "#!/bin/sh\necho \"$*\" >> " + (folder / "calls").native() + "\n" + script + "\n");
        std::filesystem::permissions(path, std::filesystem::perms(0700));
        settings.program = {path.native(), "--json"};
    }
    int run(const Job& job) {
        const JobLock lock(settings.home, 0);
        ended = run_job(settings, job, lock);
        return ended.status;
    }
    JobRecord record(std::string_view name) const {
        return config::load_job_record(settings.home, name).value();
    }
    std::string calls() const { return support::file_text(folder / "calls"); }

    support::TemporaryFolder folder;
    JobSettings settings;
    EndedJob ended;  ///< of the last run
    std::vector<std::string> lines;
    const Job full{.name = "full", .commands = {{"backup", "--type", "full"}, {"prune"}}};
};

TEST_F(RunJob, CommandsRunInTheirOrderAndAreRecorded) {
    EXPECT_EQ(run(full), 0);
    EXPECT_EQ(calls(), "--json backup --type full\n--json prune\n");
    EXPECT_THAT(lines, ElementsAre("6 job full: started", "6 job full: done"));
    const JobRecord done = record("full");
    EXPECT_EQ(done.exit_status, 0);
    EXPECT_EQ(done.last_ok, done.last_finished);
    EXPECT_GE(*done.last_finished, *done.last_started);
    EXPECT_THAT(done.message, HasSubstr("full backup 40dc1520 is stored, 1.00 KiB"));
}

TEST_F(RunJob, AfterAFailureNothingIsPruned) {
    run(full);
    const auto ok = record("full").last_ok;
    program(R"(echo '{"error":{"kind":"failed","message":"cannot back up","cause":"no space"}}'; exit 1)");
    std::filesystem::remove(folder / "calls");
    EXPECT_EQ(run(full), 1);
    EXPECT_EQ(calls(), "--json backup --type full\n");
    EXPECT_THAT(lines.back(), HasSubstr("3 job full: ended with status 1"));
    EXPECT_EQ(record("full").exit_status, 1);
    EXPECT_EQ(record("full").last_ok, ok);
    EXPECT_EQ(record("full").message, "backup: cannot back up: no space");
}

TEST_F(RunJob, PartlyDoneGoesOnAndIsTold) {
    program(R"(echo '{}'; [ "$2" = backup ] && exit 6; exit 0)");
    EXPECT_EQ(run(full), 6);
    EXPECT_EQ(calls(), "--json backup --type full\n--json prune\n");
    EXPECT_EQ(record("full").message, "backup: done; prune done") << "with a colon what failed";
    const auto done = record("full").last_done;
    EXPECT_EQ(done, record("full").last_finished);
    EXPECT_FALSE(record("full").last_ok);
    program("exit 1");
    run(full);
    EXPECT_EQ(record("full").last_done, done);
}

TEST_F(RunJob, WhatFailsBehindTheBackupDoesNotRepeatIt) {
    Job job = full;
    job.commands.push_back({"location", "sync"});
    program(
        R"(echo '{"error":{"kind":"failed","message":"the clock is off"}}'; [ "$2" = prune ] && exit 1; exit 0)");
    EXPECT_EQ(run(job), 6);
    EXPECT_EQ(calls(), "--json backup --type full\n--json prune\n--json location sync\n");
    EXPECT_THAT(record("full").message, HasSubstr("prune: the clock is off"));
    EXPECT_EQ(record("full").last_done, record("full").last_finished);
    const Rhythm daily{86'400, 0};
    const auto ran = record("full");
    EXPECT_FALSE(is_due(daily, ran, last_time(daily, *ran.last_started) + 86'399'000));
    EXPECT_TRUE(is_due(daily, ran, next_time(daily, *ran.last_started)));
}

TEST_F(RunJob, WhatTheProgramSaysIsNotTrusted) {
    for (const std::string output : {"not json", "[]", "{\"error\":7}", "{\"checks\":7,\"backup\":[]}",
                                     "{\"id\":\"x\",\"stored_bytes\":-1}", "{\"changed\":\"no\"}",
                                     "{\"checks\":[7,{\"status\":\"fail\"}]}"}) {
        program("echo '" + output + "'");
        EXPECT_EQ(run(full), 0) << output;
    }
    program("head -c 30000000 /dev/zero");
    EXPECT_EQ(run(full), 0);
    EXPECT_LT(record("full").message.size(), 2000U);
}

TEST_F(RunJob, AProgramThatIsNotThereIsARecordedFailure) {
    settings.program = {(folder / "none").native()};
    EXPECT_EQ(run(full), 1);
    EXPECT_EQ(record("full").exit_status, 1);
    EXPECT_THAT(record("full").message, HasSubstr("No such file"));
}

TEST_F(RunJob, AConditionThatDoesNotHoldIsARecordedFailure) {
    Job job = full;
    job.check = [] { throw Error(ErrorKind::no_repository, "there is no repository"); };
    EXPECT_EQ(run(job), 10);
    EXPECT_EQ(record("full").message, "there is no repository");
    EXPECT_EQ(calls(), "");
}

TEST_F(RunJob, TwoNeverOverlap) {
    const JobLock held(settings.home, 0);
    try {
        const JobLock other(settings.home, 50);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::busy);
    }
}

TEST_F(RunJob, ASkippedOneKeepsWhatWasKnown) {
    run(full);
    const JobRecord before = record("full");
    skip_job(settings, "full", "another job runs");
    EXPECT_EQ(record("full").last_ok, before.last_ok);
    EXPECT_EQ(record("full").exit_status, 0);
    EXPECT_TRUE(record("full").last_skipped);
    skip_job(settings, "incremental", "another job runs");
    EXPECT_FALSE(record("incremental").last_started);
}

TEST_F(RunJob, ADamagedRecordIsWrittenAnew) {
    folder.write("home/backups/jobs/full.json", "{");
    EXPECT_EQ(run(full), 0);
    EXPECT_EQ(record("full").exit_status, 0);
}

TEST_F(RunJob, WithoutARecordItRunsAllTheSame) {
    std::filesystem::create_directories(config::job_record_file(settings.home, "full"));
    EXPECT_EQ(run(full), 6);
    EXPECT_EQ(calls(), "--json backup --type full\n--json prune\n");
    EXPECT_THAT(lines, Contains(HasSubstr("3 job full: its record cannot be written: ")));
    EXPECT_NO_THROW(skip_job(settings, "full", "another job runs"));
    program("exit 1");
    EXPECT_EQ(run(full), 1);
}

TEST_F(RunJob, HowItEndedIsKnownWithoutARecord) {
    const auto file = config::job_record_file(settings.home, "full");
    run(full);
    EXPECT_TRUE(ended.recorded);
    EXPECT_EQ(ended.message, record("full").message);
    std::filesystem::remove(file);
    std::filesystem::create_directories(file);
    program(R"(echo '{"error":{"kind":"failed","message":"cannot back up","cause":"no space"}}'; exit 1)");
    EXPECT_EQ(run(full), 1);
    EXPECT_FALSE(ended.recorded);
    EXPECT_THAT(ended.message, testing::StartsWith("backup: cannot back up: no space; the record of this run "
                                                   "cannot be written: "));
    Job job = full;
    job.may_run_unrecorded = [] { return false; };
    try {
        run(job);
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.cause(), HasSubstr("the record cannot be written: "));
    }
}

TEST_F(RunJob, ARecordThatCanBeWrittenAtTheEndIs) {
    const auto file = config::job_record_file(settings.home, "full");
    std::filesystem::create_directories(file);
    program("rmdir '" + file.native() + "' 2>/dev/null; echo '{}'");
    EXPECT_EQ(run(full), 0);
    EXPECT_EQ(record("full").exit_status, 0);
}

TEST_F(RunJob, OneThatMayNotRunUnrecordedDoesNot) {
    const auto file = config::job_record_file(settings.home, "full");
    std::filesystem::create_directories(file);
    Job job = full;
    job.may_run_unrecorded = [] { return false; };
    EXPECT_THROW(run(job), Error);
    EXPECT_EQ(calls(), "");
    std::filesystem::remove(file);
    EXPECT_EQ(run(job), 0);
}

TEST(JobSummary, FailedChecksAreNamed) {
    EXPECT_EQ(
        summary_of(base::Json::parse(
            R"({"ok":false,"checks":[{"name":"supply","status":"fail"},{"name":"blocks","status":"pass"}]})")),
        "problems were found: supply");
    EXPECT_EQ(
        summary_of(base::Json::parse(
            R"({"backup":"0123456789","checks":[{"name":"restore","status":"fail","detail":"no pack"}]})")),
        "backup 01234567 does not restore: restore: no pack");
    EXPECT_EQ(summary_of(base::Json::parse(
                  R"({"backup":"0123456789","checks":[{"name":"restore","status":"pass"}],"damaged":[]})")),
              "backup 01234567 was restored and proved");
    EXPECT_EQ(
        summary_of(base::Json::parse(
            R"({"backup":"0123456789","checks":[{"name":"restore","status":"pass"}],"damaged":[],"unread":["ab"]})")),
        "backup 01234567 was restored and proved; 1 other backups cannot be read, and may be newer");
    EXPECT_EQ(summary_of(base::Json::parse(R"({"changed":false})")),
              "nothing has changed since the last backup");
    EXPECT_EQ(summary_of(base::Json::parse(R"({"held":"a mark is not known","locations":[]})")),
              "no bytes were removed: a mark is not known");
    EXPECT_EQ(summary_of(base::Json::parse(R"({"held":null,"locations":[]})")), "done");
}

TEST(JobSummary, LocationsThatFailedAreNamed) {
    EXPECT_EQ(
        summary_of(base::Json::parse(
            R"({"id":"0123456789","type":"full","stored_bytes":1024,"locations":[{"name":"usb","status":"ok","error":null},)"
            R"({"name":"s3","status":"failed","error":"no answer"},{"name":"sftp","status":"behind","error":null}]})")),
        "full backup 01234567 is stored, 1.00 KiB (location 's3' failed: no answer) (location 'sftp' "
        "behind)");
}

}  // namespace
}  // namespace bt2c::agent
