// [B1] WAL mode, step by step: what a pass must take from the log, and what not.

#include <gtest/gtest.h>

#include <fstream>

#include "base/error.hpp"
#include "chaindb/sqlite/read_transaction.hpp"
#include "ledger.hpp"
#include "platform/file.hpp"
#include "support/temporary_folder.hpp"
#include "wal_builder.hpp"

namespace bt2c::chaindb::testing {
namespace {

using sqlite::Connection;
using sqlite::Hold;
using sqlite::LiveDatabase;

class LiveWal : public ::testing::Test {
 protected:
    LiveWal() {
        plan_.journal = "wal";
        plan_.autocheckpoint = 0;
        make_ledger(path_, plan_);
        // The node: a connection of this process, so that each test decides the order of events.
        writer_.emplace(Connection::open(path_, Connection::Mode::read_write));
        writer_->execute("PRAGMA wal_autocheckpoint=0");
        commit();
    }
    void commit() { commit_once(*writer_, plan_, random_); }
    std::string checkpoint() {
        auto run = writer_->prepare("PRAGMA wal_checkpoint(PASSIVE)");
        run.next();
        return run.string(0) + " " + run.string(1) + " " + run.string(2);
    }
    /// SQLite's own view of the same moment, page for page but for page 1's change counter.
    std::string dump(Connection& database) {
        auto rows = database.prepare("SELECT id, tag, hex(payload) FROM log ORDER BY id");
        std::string text;
        while (rows.next()) text += rows.string(0) + rows.string(1) + rows.string(2) + "\n";
        return text;
    }
    std::string dump(const base::Bytes& image) {
        platform::write_durably(folder_ / "image.db", image, 0600);
        Connection database = Connection::open(folder_ / "image.db", Connection::Mode::immutable);
        EXPECT_EQ(faults_of(database), "");
        return dump(database);
    }
    base::Bytes log() { return platform::read_file(path_.native() + "-wal", 1 << 26); }

    const support::TemporaryFolder folder_;
    const std::filesystem::path path_ = folder_ / "chain.db";
    LedgerPlan plan_;
    std::optional<Connection> writer_;
    unsigned random_ = 1;
};

TEST_F(LiveWal, PassSeesTheLogLaidOverTheFile) {
    const auto live = LiveDatabase::open(path_);
    EXPECT_TRUE(live->is_wal());
    const ImageShape shape = live->begin_pass(Hold::slices);
    EXPECT_TRUE(live->frozen());
    const std::string expected = dump(*writer_);
    const base::Bytes image = read_image(*live, shape);
    EXPECT_EQ(live->image().shape, shape);
    EXPECT_TRUE(live->end_pass());
    EXPECT_EQ(dump(image), expected);
}

TEST_F(LiveWal, PassStaysAtItsCommitWhileOthersCommitAndCheckpoint) {
    const auto live = LiveDatabase::open(path_);
    const ImageShape shape = live->begin_pass(Hold::slices);
    const std::string expected = dump(*writer_);
    const base::Bytes before = read_image(*live, shape);
    for (int i = 0; i < 5; ++i) commit();
    EXPECT_NE(checkpoint(), "") << "part of the log goes into the file under the pass";
    for (int i = 0; i < 5; ++i) commit();
    checkpoint();
    EXPECT_EQ(read_image(*live, shape), before);
    EXPECT_TRUE(live->end_pass());
    EXPECT_EQ(dump(before), expected);
    const ImageShape later = live->begin_pass(Hold::slices);
    EXPECT_EQ(dump(read_image(*live, later)), dump(*writer_));
}

TEST_F(LiveWal, LogIsIgnoredWhereOnlyTheFileIsHeld) {
    // A log that is wholly in the file leaves the reader with mark 0, and the writer free to
    // restart the log: its new frames must not show, or the image would be of two commits.
    const auto live = LiveDatabase::open(path_);
    checkpoint();
    {
        sqlite::ReadTransaction probe(path_);
        probe.begin(1000);
        ASSERT_EQ(probe.read_mark(), 0) << "the case that this test is about";
    }
    const std::string expected = dump(*writer_);
    const base::Bytes log_before = log();
    const ImageShape shape = live->begin_pass(Hold::slices);
    for (int i = 0; i < 4; ++i) commit();
    ASSERT_NE(base::to_hex(base::ByteView(log()).subspan(16, 8)),
              base::to_hex(base::ByteView(log_before).subspan(16, 8)))
        << "the log was restarted under the reader";
    const base::Bytes image = read_image(*live, shape);
    EXPECT_TRUE(live->end_pass());
    EXPECT_EQ(dump(image), expected);
    EXPECT_NE(dump(*writer_), expected);
}

TEST_F(LiveWal, LongLogIsBroughtHomeBeforeTheMarkIsLetGo) {
    // Else the next writer would do it within its commit, and wait for the disk that long.
    const auto live = LiveDatabase::open(path_);
    const auto in_file = [&] {
        Connection file_alone = Connection::open(path_, Connection::Mode::immutable);
        return dump(file_alone);
    };
    for (const bool mark_zero : {false, true}) {
        if (mark_zero) checkpoint();
        live->begin_pass(Hold::slices);
        for (int i = 0; i < 200; ++i) commit();  // of more than eight pages each
        ASSERT_NE(in_file(), dump(*writer_)) << "the mark keeps the checkpoint back";
        EXPECT_TRUE(live->end_pass());
        EXPECT_EQ(in_file(), dump(*writer_)) << mark_zero;
        commit();
        EXPECT_EQ(faults_of(*writer_), "");
    }
}

TEST_F(LiveWal, ShortLogIsLeftToTheNode) {
    const auto live = LiveDatabase::open(path_);
    live->begin_pass(Hold::slices);
    commit();
    live->end_pass();
    Connection file_alone = Connection::open(path_, Connection::Mode::immutable);
    EXPECT_NE(dump(file_alone), dump(*writer_));
}

TEST_F(LiveWal, WriterThatRestartsTheLogJustBeforeThePassIsFollowed) {
    const auto live = LiveDatabase::open(path_);
    for (int i = 0; i < 6; ++i) {
        checkpoint();
        commit();  // restarts the log with few frames, stale ones behind them
        const ImageShape shape = live->begin_pass(Hold::slices);
        const base::Bytes image = read_image(*live, shape);
        live->end_pass();
        ASSERT_EQ(dump(image), dump(*writer_)) << i;
    }
}

TEST_F(LiveWal, CommitThatNobodyPublishedDoesNotCount) {
    // A writer that is killed between its commit frame and the wal-index leaves a sound frame that
    // the next writer overwrites.
    const auto live = LiveDatabase::open(path_);
    const std::string expected = dump(*writer_);
    WalBuilder builder(log());
    builder.frame(2, 3, 0xEE);
    std::ofstream(path_.native() + "-wal", std::ios::binary | std::ios::in)
        .write(reinterpret_cast<const char*>(builder.log().data()),
               static_cast<std::streamsize>(builder.log().size()));
    const ImageShape shape = live->begin_pass(Hold::slices);
    EXPECT_GT(shape.page_count, 3U);
    EXPECT_EQ(dump(read_image(*live, shape)), expected);
}

TEST_F(LiveWal, DamagedLogIsAnError) {
    const auto live = LiveDatabase::open(path_);
    std::fstream file(path_.native() + "-wal", std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(32 + 24 + 100);
    file.write("\xde\xad\xbe\xef", 4);
    file.close();
    try {
        live->begin_pass(Hold::slices);
        FAIL() << "a damaged frame was taken for sound";
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::failed);
        EXPECT_NE(error.message().find("write-ahead log is damaged"), std::string::npos) << error.message();
    }
}

TEST_F(LiveWal, PageThatIsNowhereIsAnError) {
    checkpoint();
    for (int i = 0; i < 3; ++i) commit();
    const auto live = LiveDatabase::open(path_);
    std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2);
    try {
        live->begin_pass(Hold::slices);
        FAIL() << "lost pages went unseen";
    } catch (const base::Error& error) {
        EXPECT_NE(error.message().find("truncated"), std::string::npos) << error.message();
    }
}

TEST_F(LiveWal, ClosingLeavesTheLogToTheNode) {
    const base::Bytes before = log();
    { const auto live = LiveDatabase::open(path_); }
    EXPECT_EQ(log(), before);
    // The node is gone without a checkpoint; the capture is the last to close.
    std::filesystem::copy_file(path_, folder_ / "copy.db");
    std::filesystem::copy_file(path_.native() + "-wal", folder_ / "copy.db-wal");
    {
        const auto live = LiveDatabase::open(folder_ / "copy.db");
        const ImageShape shape = live->begin_pass(Hold::slices);
        EXPECT_EQ(dump(read_image(*live, shape)), dump(*writer_));
    }
    EXPECT_EQ(platform::read_file(folder_ / "copy.db-wal", 1 << 26), before);
    EXPECT_EQ(platform::read_file(folder_ / "copy.db", 1 << 26), platform::read_file(path_, 1 << 26))
        << "the log was written back into the file";
}

TEST_F(LiveWal, TornLogOfAKilledNodeEndsAtItsLastCommit) {
    const std::string expected = dump(*writer_);
    const std::uint64_t size = log().size();
    commit();
    std::filesystem::copy_file(path_, folder_ / "copy.db");
    base::Bytes torn = log();
    torn.resize(torn.size() - 700);
    platform::write_durably(folder_ / "copy.db-wal", torn, 0600);
    ASSERT_GT(torn.size(), size);
    const auto live = LiveDatabase::open(folder_ / "copy.db");
    const ImageShape shape = live->begin_pass(Hold::slices);
    EXPECT_EQ(dump(read_image(*live, shape)), expected);
}

TEST_F(LiveWal, DatabaseWithoutLogIsRead) {
    const std::string expected = dump(*writer_);
    writer_.reset();
    ASSERT_FALSE(std::filesystem::exists(path_.native() + "-wal")) << "a node that stopped in order";
    const auto live = LiveDatabase::open(path_);
    EXPECT_TRUE(live->is_wal());
    const ImageShape shape = live->begin_pass(Hold::slices);
    EXPECT_EQ(dump(read_image(*live, shape)), expected);
}

TEST_F(LiveWal, ReaderNeverStopsAnOrdinaryWriter) {
    const auto live = LiveDatabase::open(path_);
    live->begin_pass(Hold::whole);
    Connection impatient = Connection::open(path_, Connection::Mode::read_write, 0);
    unsigned random = 3;
    for (int i = 0; i < 20; ++i) {
        EXPECT_NO_THROW(commit_once(impatient, plan_, random));
        impatient.execute("PRAGMA wal_checkpoint(PASSIVE)");
    }
    EXPECT_TRUE(live->end_pass());
}

}  // namespace
}  // namespace bt2c::chaindb::testing
