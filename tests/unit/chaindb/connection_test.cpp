// Connections to files and images.

#include "chaindb/sqlite/connection.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "ledger.hpp"
#include "platform/file.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::chaindb::testing {
namespace {

using base::Error;
using sqlite::Connection;
using sqlite::Step;
using sqlite::ValueType;

class ConnectionTest : public ::testing::Test {
 protected:
    ConnectionTest() {
        make_ledger(folder_ / "chain.db", {.journal = "wal"});
        bytes_ = platform::read_file(folder_ / "chain.db", 1 << 26);
    }
    PageImage image() {
        return {{4096, static_cast<std::uint32_t>(bytes_.size() / 4096)},
                [this](std::uint32_t first_page, base::MutableBytes out) {
                    if (first_page >= unreadable_)
                        throw Error(base::ErrorKind::failed, "cannot read pack 7f3a").cause("its seal");
                    const auto begin = bytes_.begin() + (first_page - 1) * std::ptrdiff_t{4096};
                    std::copy_n(begin, out.size(), out.begin());
                }};
    }
    const support::TemporaryFolder folder_;
    base::Bytes bytes_;
    std::uint32_t unreadable_ = 0xFFFFFFFF;
};

TEST_F(ConnectionTest, ImageOfAWalDatabaseIsQueried) {
    Connection database = Connection::open_image(image());
    EXPECT_EQ(faults_of(database), "");
    EXPECT_THROW(database.execute("DELETE FROM log"), Error);
}

TEST_F(ConnectionTest, SeveralImagesAtOnce) {
    Connection first = Connection::open_image(image());
    {
        Connection second = Connection::open_image(image());
        EXPECT_EQ(faults_of(second), "");
    }
    Connection third = std::move(first);
    EXPECT_EQ(faults_of(third), "");
}

TEST_F(ConnectionTest, WhatTheImageThrowsIsThrownOn) {
    unreadable_ = 20;
    Connection database = Connection::open_image(image());
    try {
        database.query_integer("SELECT SUM(length(payload)) FROM log");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.message(), "cannot read pack 7f3a");
        EXPECT_EQ(error.cause(), "its seal");
    }
    unreadable_ = 0xFFFFFFFF;
    EXPECT_GT(database.query_integer("SELECT SUM(length(payload)) FROM log"), 1000);
}

TEST_F(ConnectionTest, PagesInMemoryAreReadInPlaceAndGivenBack) {
    constexpr std::uint32_t run_pages = 8;
    std::uint32_t copied = 0;
    std::uint32_t runs = 0;
    const auto held = std::make_shared<int>();
    PageImage in_place = image();
    in_place.read = [&, read = in_place.read](std::uint32_t first_page, base::MutableBytes out) {
        copied += static_cast<std::uint32_t>(out.size() / 4096);
        read(first_page, out);
    };
    in_place.in_memory = [&](std::uint32_t page) -> PageRun {
        const std::uint32_t first = (page - 1) / run_pages * run_pages + 1;
        // Some runs are not at hand, others are no more.
        if (first % 3 == 0) return {};
        if (first % 5 == 0) throw Error(base::ErrorKind::failed, "cannot read pack 7f3a");
        ++runs;
        const base::ByteView all = bytes_;
        const std::size_t at = std::size_t{first - 1} * 4096;
        return {held, first, all.subspan(at, std::min(all.size() - at, std::size_t{run_pages} * 4096))};
    };
    const auto payload = [](Connection& database) {
        return database.query_integer("SELECT SUM(length(payload)) FROM log");
    };
    {
        Connection copying = Connection::open_image(image());
        Connection database = Connection::open_image(in_place);
        EXPECT_EQ(payload(database), payload(copying));
        EXPECT_EQ(faults_of(database), "");
        EXPECT_GT(runs, 0U);
        // Pages of runs that were not at hand, and the last one of each, which nothing may be read beyond.
        EXPECT_LT(copied, in_place.shape.page_count);
        EXPECT_LE(held.use_count(), 2);  // the latest run's
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST_F(ConnectionTest, DamageIsAStepOfItsOwn) {
    for (std::size_t page = 3; page < 20; ++page)
        std::fill_n(bytes_.begin() + static_cast<std::ptrdiff_t>(page * 4096), 4096, std::uint8_t{0xFF});
    Connection database = Connection::open_image(image());
    auto rows = database.prepare("SELECT length(payload) FROM log");
    Step step = Step::row;
    while (step == Step::row) step = rows.step();
    EXPECT_EQ(step, Step::damaged);
}

TEST_F(ConnectionTest, ImageWithADamagedSchemaFailsAtItsFirstStatement) {
    std::fill(bytes_.begin() + 100, bytes_.begin() + 4096, std::uint8_t{0xFF});
    Connection database = Connection::open_image(image());
    EXPECT_THROW(database.prepare("SELECT * FROM log"), Error);
    EXPECT_FALSE(database.try_prepare("SELECT * FROM log"));
}

TEST_F(ConnectionTest, ValuesKeepTheirTypes) {
    Connection database = Connection::open(folder_ / "new.db", Connection::Mode::create);
    database.execute("CREATE TABLE t(a, b, c, d, e)");
    auto insert = database.prepare("INSERT INTO t VALUES(?1, ?2, ?3, ?4, ?5)");
    insert.bind(1, std::int64_t{-5}).bind(2, 0.1).bind(3, std::string_view("a\0b", 3));
    insert.bind_blob(4, base::as_bytes("blob")).bind_null(5).run();
    EXPECT_EQ(database.changes(), 1);
    auto rows = database.prepare("SELECT * FROM t");
    ASSERT_TRUE(rows.next());
    const ValueType types[] = {ValueType::integer, ValueType::real, ValueType::text, ValueType::blob,
                               ValueType::null};
    for (int i = 0; i < 5; ++i) EXPECT_EQ(rows.type(i), types[i]) << i;
    EXPECT_EQ(rows.integer(0), -5);
    EXPECT_EQ(rows.text(0), "-5");
    EXPECT_EQ(rows.real(1), 0.1);
    EXPECT_EQ(rows.text(2), std::string_view("a\0b", 3));
    EXPECT_EQ(rows.text(3), "blob");
    EXPECT_EQ(rows.text(4), "");
    EXPECT_FALSE(rows.next());
    rows.reset();
    EXPECT_TRUE(rows.next());
}

TEST_F(ConnectionTest, AbsentFileIsMadeOnlyWhenAsked) {
    EXPECT_THROW(Connection::open(folder_ / "none.db", Connection::Mode::read_write), Error);
    EXPECT_THROW(Connection::open(folder_ / "none.db", Connection::Mode::immutable), Error);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "none.db"));
}

TEST_F(ConnectionTest, TablesAndColumnsAreFound) {
    Connection database = Connection::open(folder_ / "chain.db", Connection::Mode::immutable);
    EXPECT_TRUE(database.has_table("LOG"));
    EXPECT_FALSE(database.has_table("log_tag")) << "an index";
    EXPECT_TRUE(database.has_column("log", "Payload"));
    EXPECT_FALSE(database.has_column("log", "nothing"));
    EXPECT_FALSE(database.has_column("nothing", "id"));
    EXPECT_FALSE(database.query_integer("SELECT NULL"));
    EXPECT_FALSE(database.query_text("SELECT 1 WHERE 0"));
}

TEST_F(ConnectionTest, BusyIsBusy) {
    Connection writer = Connection::open(folder_ / "chain.db", Connection::Mode::read_write);
    writer.execute("BEGIN IMMEDIATE");
    Connection other = Connection::open(folder_ / "chain.db", Connection::Mode::read_write, 0);
    try {
        other.execute("DELETE FROM log");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::busy);
    }
}

}  // namespace
}  // namespace bt2c::chaindb::testing
