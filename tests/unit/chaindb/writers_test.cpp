// Who else uses a database.

#include "chaindb/sqlite/writers.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "ledger.hpp"
#include "platform/file.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::chaindb::testing {
namespace {

using sqlite::Connection;
using sqlite::is_locked;
using sqlite::processes_using;

/// A child that has a database open in one way until it is told to stop.
std::unique_ptr<Child> holder(std::function<void(Child::Report&)> open_and_wait) {
    auto child = std::make_unique<Child>(std::move(open_and_wait));
    child->wait_for_commits(1);
    return child;
}
void hold(Child::Report& report) {
    ++report.commits;
    while (!report.stop) ::usleep(1000);
}

class Writers : public ::testing::Test {
 protected:
    Writers() { make_ledger(path_, {}); }
    const support::TemporaryFolder folder_;
    const std::filesystem::path path_ = folder_ / "chain.db";
};

TEST_F(Writers, ProcessThatWritesIsNamed) {
    EXPECT_TRUE(processes_using(path_).empty());
    auto child = holder([&](Child::Report& report) {
        Connection database = Connection::open(path_, Connection::Mode::read_write);
        database.execute("CREATE TABLE more(x)");
        hold(report);
    });
    const auto uses = processes_using(path_);
    ASSERT_EQ(uses.size(), 1U);
    EXPECT_EQ(uses[0].pid, child->pid());
    EXPECT_NE(uses[0].name.find("unit_chaindb"), std::string::npos) << uses[0].name;
    std::filesystem::create_symlink(path_, folder_ / "link.db");
    EXPECT_EQ(processes_using(folder_ / "link.db").size(), 1U);
    child->stop();
    EXPECT_TRUE(processes_using(path_).empty());
}

TEST_F(Writers, ProcessThatOnlyReadsIsNot) {
    auto child = holder([&](Child::Report& report) {
        const auto descriptor = platform::open_for_reading(path_);
        hold(report);
    });
    EXPECT_TRUE(processes_using(path_).empty());
}

TEST_F(Writers, OwnUseDoesNotCount) {
    Connection database = Connection::open(path_, Connection::Mode::read_write);
    EXPECT_GT(database.query_integer("SELECT COUNT(*) FROM log"), 0);
    EXPECT_TRUE(processes_using(path_).empty());
}

TEST_F(Writers, LogAloneCounts) {
    { Connection(Connection::open(path_, Connection::Mode::read_write)).execute("PRAGMA journal_mode=wal"); }
    auto child = holder([&](Child::Report& report) {
        Connection database = Connection::open(path_, Connection::Mode::read_write);
        database.execute("CREATE TABLE more(x)");
        hold(report);
    });
    EXPECT_TRUE(is_locked(path_)) << "any connection in WAL mode";
    // The file itself was replaced under the node; its -wal still tells.
    std::filesystem::copy_file(path_, folder_ / "new.db");
    std::filesystem::rename(folder_ / "new.db", path_);
    EXPECT_EQ(processes_using(path_).size(), 1U);
}

TEST_F(Writers, LocksOfEachKindAreSeen) {
    EXPECT_FALSE(is_locked(path_));
    for (const char* begin : {"BEGIN; SELECT * FROM log", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"}) {
        auto child = holder([&](Child::Report& report) {
            Connection database = Connection::open(path_, Connection::Mode::read_write);
            database.execute(begin);
            hold(report);
        });
        EXPECT_TRUE(is_locked(path_)) << begin;
        child->kill();
        EXPECT_FALSE(is_locked(path_));
    }
}

TEST_F(Writers, AbsentFileIsUsedByNobody) {
    EXPECT_TRUE(processes_using(folder_ / "none.db").empty());
    EXPECT_FALSE(is_locked(folder_ / "none.db"));
}

}  // namespace
}  // namespace bt2c::chaindb::testing
