// [B1] Rollback-journal mode, step by step: locks held and given back, commits between slices noticed.

#include <fcntl.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/error.hpp"
#include "base/time.hpp"
#include "chaindb/sqlite/pinned_file.hpp"
#include "chaindb/sqlite/writers.hpp"
#include "ledger.hpp"
#include "platform/file.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::chaindb::testing {
namespace {

using sqlite::Connection;
using sqlite::Hold;
using sqlite::LiveDatabase;
using sqlite::LiveOptions;

constexpr LiveOptions without_reflink{.patience_ms = 300, .slice_ms = 40, .reflink = false};

class LiveRollback : public ::testing::Test {
 protected:
    LiveRollback() { make_ledger(path_, plan_); }
    base::Bytes page(const LiveDatabase& live, std::uint32_t number = 1) {
        base::Bytes bytes(live.shape().page_size);
        live.read(number, bytes);
        return bytes;
    }
    void sleep(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }
    /// Whether a commit succeeds now, without waiting.
    bool can_commit() {
        Connection writer = Connection::open(path_, Connection::Mode::read_write, 0);
        try {
            commit_once(writer, plan_, random_);
            return true;
        } catch (const base::Error& error) {
            EXPECT_EQ(error.kind(), base::ErrorKind::busy);
            return false;
        }
    }
    void await_commit() {
        while (!can_commit()) sleep(1);
    }
    /// Whether a read holds writers up; on a busy machine its slice may be over before anybody looks.
    bool holds_writers(const LiveDatabase& live) {
        for (int look = 0; look < 20; ++look) {
            page(live);
            if (!can_commit()) return true;
        }
        return false;
    }
    const support::TemporaryFolder folder_;
    const std::filesystem::path path_ = folder_ / "chain.db";
    LedgerPlan plan_;
    unsigned random_ = 1;
};

TEST_F(LiveRollback, WholePassHoldsWritersToItsEnd) {
    const auto live = LiveDatabase::open(path_, without_reflink);
    EXPECT_EQ(live->journal_mode(), "rollback");
    const ImageShape shape = live->begin_pass(Hold::whole);
    EXPECT_FALSE(live->frozen());
    EXPECT_EQ(live->image().shape, shape);
    sleep(120);
    EXPECT_FALSE(can_commit());
    EXPECT_TRUE(live->end_pass());
    EXPECT_TRUE(can_commit());
}

TEST_F(LiveRollback, SliceEndsByItselfWhileNobodyReads) {
    const auto live = LiveDatabase::open(path_, without_reflink);
    live->begin_pass(Hold::slices);
    EXPECT_TRUE(holds_writers(*live));
    await_commit();
    EXPECT_TRUE(holds_writers(*live));
    EXPECT_FALSE(live->end_pass()) << "a commit came between the slices";
    EXPECT_TRUE(can_commit());
}

TEST_F(LiveRollback, PassWithoutCommitsIsOfOneCommit) {
    const auto live = LiveDatabase::open(path_, without_reflink);
    live->begin_pass(Hold::slices);
    for (int i = 0; i < 4; ++i) {
        page(*live);
        sleep(50);
    }
    page(*live);
    EXPECT_TRUE(live->end_pass());
    // A commit between two passes disturbs neither.
    EXPECT_TRUE(can_commit());
    live->begin_pass(Hold::slices);
    page(*live);
    EXPECT_TRUE(live->end_pass());
}

TEST_F(LiveRollback, CommitAfterTheLastReadDisturbsNothing) {
    const auto live = LiveDatabase::open(path_, without_reflink);
    live->begin_pass(Hold::slices);
    page(*live);
    await_commit();
    EXPECT_TRUE(live->end_pass());
}

TEST_F(LiveRollback, DestructorGivesTheLockBack) {
    {
        const auto live = LiveDatabase::open(path_, without_reflink);
        live->begin_pass(Hold::whole);
    }
    {
        const auto live = LiveDatabase::open(path_, without_reflink);
        live->begin_pass(Hold::slices);
    }
    EXPECT_TRUE(can_commit());
}

TEST_F(LiveRollback, LocksSurviveOtherUseOfTheFileInThisProcess) {
    const auto live = LiveDatabase::open(path_, without_reflink);
    live->begin_pass(Hold::whole);
    // Each of these would drop the lock if it closed a raw descriptor of the file.
    { const auto second = LiveDatabase::open(path_, without_reflink); }
    { const auto pin = sqlite::pinned_file(path_); }
    EXPECT_TRUE(sqlite::is_locked(path_));
    sqlite::processes_using(path_);
    { Connection reader = Connection::open(path_, Connection::Mode::read_write); }
    // Asked from outside, since SQLite keeps book of its own process's locks itself.
    Child other([&](Child::Report& report) { report.commits = sqlite::is_locked(path_) ? 1 : 2; });
    other.stop();
    EXPECT_EQ(other.report().commits, 1) << "another process sees no lock";
    EXPECT_TRUE(live->end_pass());
    EXPECT_FALSE(sqlite::is_locked(path_));
}

TEST_F(LiveRollback, PinnedFileIsOpenedOncePerFile) {
    const int first = sqlite::pinned_file(path_)->get();
    std::filesystem::create_symlink(path_, folder_ / "link.db");
    EXPECT_EQ(sqlite::pinned_file(folder_ / "link.db")->get(), first);
    std::filesystem::copy_file(path_, folder_ / "new.db");
    std::filesystem::rename(folder_ / "new.db", path_);
    const auto replaced = sqlite::pinned_file(path_);
    const auto size = platform::file_size(replaced->get(), path_);
    EXPECT_EQ(size, std::filesystem::file_size(path_));
}

TEST_F(LiveRollback, LockedForEverIsBusy) {
    const auto live = LiveDatabase::open(path_, without_reflink);
    Connection writer = Connection::open(path_, Connection::Mode::read_write);
    writer.execute("BEGIN EXCLUSIVE");
    const base::Stopwatch watch;
    try {
        live->begin_pass(Hold::slices);
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(base::exit_status(error.kind()), 4);
        EXPECT_NE(error.message().find("locked"), std::string::npos);
        EXPECT_NE(error.hint().find("locking_mode=EXCLUSIVE"), std::string::npos);
    }
    EXPECT_GE(watch.seconds(), 0.3);
    EXPECT_LT(watch.seconds(), 3.0);
    writer.execute("ROLLBACK");
    live->begin_pass(Hold::slices);
    EXPECT_TRUE(live->end_pass());
}

TEST_F(LiveRollback, LockThatIsTakenBetweenSlicesIsWaitedForAndThenBusy) {
    const auto live = LiveDatabase::open(path_, without_reflink);
    live->begin_pass(Hold::slices);
    sleep(100);
    Connection writer = Connection::open(path_, Connection::Mode::read_write);
    writer.execute("BEGIN EXCLUSIVE");
    EXPECT_THROW(page(*live), base::Error);
    EXPECT_THROW(page(*live), base::Error) << "no reader waits a second time";
    writer.execute("ROLLBACK");
    live->end_pass();
    live->begin_pass(Hold::slices);
    page(*live);
    EXPECT_TRUE(live->end_pass());
}

TEST_F(LiveRollback, ExclusiveLockingModeIsBusy) {
    Connection writer = Connection::open(path_, Connection::Mode::read_write);
    writer.execute("PRAGMA locking_mode=EXCLUSIVE");
    commit_once(writer, plan_, random_);
    EXPECT_THROW(LiveDatabase::open(path_, without_reflink), base::Error);
}

TEST_F(LiveRollback, ChangeOfJournalModeBetweenSlicesEndsThePass) {
    const auto live = LiveDatabase::open(path_, without_reflink);
    live->begin_pass(Hold::slices);
    sleep(100);
    Connection node = Connection::open(path_, Connection::Mode::read_write);
    node.execute("PRAGMA journal_mode=wal");
    commit_once(node, plan_, random_);
    EXPECT_THROW(page(*live), base::Error);
    live->end_pass();
    const ImageShape shape = live->begin_pass(Hold::slices);
    EXPECT_TRUE(live->is_wal());
    EXPECT_EQ(faults_of_image(read_image(*live, shape), folder_.path()), "");
}

TEST_F(LiveRollback, FileThatIsReplacedIsNoticed) {
    const auto live = LiveDatabase::open(path_, without_reflink);
    std::filesystem::copy_file(path_, folder_ / "new.db");
    std::filesystem::rename(folder_ / "new.db", path_);
    try {
        live->begin_pass(Hold::slices);
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_NE(error.message().find("replaced"), std::string::npos) << error.message();
    }
    EXPECT_NO_THROW(LiveDatabase::open(path_, without_reflink));
}

TEST_F(LiveRollback, PagesPastTheEndAreZeros) {
    const auto live = LiveDatabase::open(path_, without_reflink);
    const ImageShape shape = live->begin_pass(Hold::slices);
    base::Bytes bytes(3 * shape.page_size, 0xAA);
    live->read(shape.page_count, bytes);
    EXPECT_NE(bytes[0] | bytes[1] | bytes[2] | bytes[8], 0) << "the last page";
    EXPECT_TRUE(std::all_of(bytes.begin() + shape.page_size, bytes.end(), [](auto b) { return b == 0; }));
    std::fill(bytes.begin(), bytes.end(), std::uint8_t{0xAA});
    live->read(0xFFFFFFF0U, bytes);
    EXPECT_TRUE(std::all_of(bytes.begin(), bytes.end(), [](auto b) { return b == 0; }));
}

TEST_F(LiveRollback, LockBytePageIsZeros) {
    // 1 GiB of holes with junk where no data may stand; the header's count is made invalid.
    std::filesystem::resize_file(path_, (std::uint64_t{1} << 30) + 3 * 4096);
    {
        const auto fd = platform::Descriptor(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
        platform::write_at(fd.get(), base::Bytes(3 * 4096, 0x55), std::uint64_t{1} << 30, path_);
        const base::Bytes other_version{0, 0, 0, 0};
        platform::write_at(fd.get(), other_version, 92, path_);
    }
    const auto live = LiveDatabase::open(path_, without_reflink);
    const ImageShape shape = live->begin_pass(Hold::whole);
    EXPECT_EQ(shape.page_count, (1U << 18) + 3);
    ASSERT_EQ(lock_byte_page(shape), (1U << 18) + 1);
    base::Bytes bytes(3 * 4096, 0xAA);
    live->read(1U << 18, bytes);
    EXPECT_EQ(bytes[0], 0);
    EXPECT_EQ(bytes[4096], 0) << "the lock-byte page";
    EXPECT_EQ(bytes[8192], 0x55) << "the page behind it";
}

TEST_F(LiveRollback, PartOfAPageAtTheEndIsNoPage) {
    const auto last = std::filesystem::file_size(path_) / 4096;
    std::filesystem::resize_file(path_, last * 4096 - 1000);
    const auto live = LiveDatabase::open(path_, without_reflink);
    EXPECT_THROW(live->begin_pass(Hold::whole), base::Error);
}

TEST_F(LiveRollback, DamagedTablesAreNoReasonToFail) {
    // Page 1's own tree is overwritten: SQL fails, the pages are there all the same.
    const auto fd = platform::Descriptor(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
    platform::write_at(fd.get(), base::Bytes(3000, 0xFF), 100, path_);
    const auto live = LiveDatabase::open(path_, without_reflink);
    live->begin_pass(Hold::whole);
    EXPECT_EQ(page(*live)[200], 0xFF);
    Connection database = Connection::open_image(live->image());
    EXPECT_THROW(database.query_integer("SELECT COUNT(*) FROM log"), base::Error);
}

}  // namespace
}  // namespace bt2c::chaindb::testing
