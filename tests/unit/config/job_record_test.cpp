// Records of the jobs' last runs. [A1] [B6]

#include "config/job_record.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::config {
namespace {

JobRecord sample() {
    JobRecord record;
    record.name = "restore-test";
    record.last_started = 1'700'000'000'123;
    record.last_finished = 1'700'000'060'000;
    record.last_ok = 1'600'000'000'000;
    record.exit_status = 3;
    record.message = "backup 40dc1520 does not restore";
    record.duration_seconds = 59.877;
    return record;
}

TEST(JobRecord, IsReadAsItWasWritten) {
    const support::TemporaryFolder folder;
    const Home home{folder.path()};
    EXPECT_FALSE(load_job_record(home, "restore-test"));
    store_job_record(home, sample());
    const auto read = load_job_record(home, "restore-test");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->to_json().dump(), sample().to_json().dump());
    EXPECT_EQ(read->last_started, 1'700'000'000'123);
    EXPECT_EQ(read->exit_status, 3);
    EXPECT_TRUE(read->failed());
    EXPECT_FALSE(read->last_skipped);
    EXPECT_EQ(fs::status(job_record_file(home, "restore-test")).permissions(), fs::perms(0600));
}

TEST(JobRecord, HostileOnesAreRefused) {
    const std::string good = sample().to_json().dump();
    EXPECT_NO_THROW(JobRecord::parse(good));
    const auto with = [&](const std::string& old, const std::string& text) {
        std::string changed = good;
        const std::size_t at = changed.find(old);
        EXPECT_NE(at, std::string::npos) << old;
        return changed.replace(at, old.size(), text);
    };
    for (const std::string& text :
         {std::string(), std::string("[]"), good.substr(0, good.size() / 2),
          with("\"restore-test\"", "\"../x\""), with("\"restore-test\"", "7"),
          with("2023-11-14T22:13:20.123Z", "yesterday"), with(":3,", ":300,"), with(":3,", ":\"3\","),
          with("59.877", "-1"), with("backup 40dc1520", std::string(3000, 'x'))})
        EXPECT_THROW(JobRecord::parse(text), base::Error) << text;
}

TEST(JobRecord, OneOfAnotherJobOrTooLargeIsToldWithItsFile) {
    const support::TemporaryFolder folder;
    const Home home{folder.path()};
    store_job_record(home, sample());
    fs::rename(job_record_file(home, "restore-test"), job_record_file(home, "full"));
    try {
        load_job_record(home, "full");
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_NE(error.message().find("full.json"), std::string::npos);
    }
    folder.write("backups/jobs/verify.json", std::string(100'000, ' '));
    EXPECT_THROW(load_job_record(home, "verify"), base::Error);
}

TEST(JobRecord, LongMessagesAreCut) {
    JobRecord record = sample();
    record.message = std::string(5000, 'm') + "\n";
    EXPECT_NO_THROW(JobRecord::parse(record.to_json().dump()));
    const std::string two = "\xC3\xA9", four = "\xF0\x9F\x92\xBE";
    for (const std::size_t before : {1996U, 1997U, 1998U, 1999U, 2000U}) {
        const std::string start(before, 'm');
        for (const std::string& character : {two, four}) {
            record.message = start + character + character + character;
            const std::string read = JobRecord::parse(record.to_json().dump()).message;
            EXPECT_LE(read.size(), 2000U);
            EXPECT_TRUE(read == start || read == start + character || read == start + character + character)
                << before << " " << read.size();
        }
    }
}

}  // namespace
}  // namespace bt2c::config
