// The pieces that verification is made of.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "test_chain.hpp"
#include "verify/block_table.hpp"
#include "verify/finding_book.hpp"
#include "verify/height_set.hpp"
#include "verify/leaf.hpp"
#include "verify/row_reader.hpp"

namespace bt2c::verify {
namespace {

TEST(HeightSetTest, FindsWhatRepeatsAndWhatIsMissing) {
    HeightSet heights;
    for (const std::int64_t height : {5, 4095, 4096, 6, 9000, 7}) EXPECT_TRUE(heights.insert(height));
    EXPECT_FALSE(heights.insert(4096));
    EXPECT_TRUE(heights.contains(9000));
    EXPECT_FALSE(heights.contains(8));
    EXPECT_FALSE(heights.contains(-1));
    std::vector<std::pair<std::int64_t, std::int64_t>> gaps;
    heights.for_each_gap([&](HeightSet::Gap gap) { gaps.emplace_back(gap.first, gap.last); });
    EXPECT_EQ(gaps, (std::vector<std::pair<std::int64_t, std::int64_t>>{{8, 4094}, {4097, 8999}}));
    EXPECT_TRUE(heights.insert(INT64_MAX));
    EXPECT_FALSE(heights.insert(INT64_MAX));
}

TEST(HeightSetTest, GivesUpOnHeightsThatAreScattered) {
    HeightSet heights;
    for (std::int64_t i = 0; i < 30'000; ++i) EXPECT_TRUE(heights.insert(i * 1'000'000));
    EXPECT_TRUE(heights.overflowed());
}

TEST(BlockTableTest, FindsEveryBlockAndSpreadsTheParts) {
    BlockTable table;
    std::array<int, 4> parts{};
    for (std::int64_t i = 0; i < 20'000; ++i) {
        Block block;
        block.hash = crypto::sha256(base::as_bytes(std::to_string(i)));
        block.height = i;
        EXPECT_EQ(table.add(block), BlockTable::none);
        ++parts[table.part_of(block.hash, 4)];
    }
    for (const int part : parts) EXPECT_NEAR(part, 5000, 500);
    for (std::int64_t i = 0; i < 20'000; ++i) {
        const std::uint32_t number = table.find(crypto::sha256(base::as_bytes(std::to_string(i))));
        ASSERT_NE(number, BlockTable::none);
        EXPECT_EQ(table[number].height, i);
    }
    EXPECT_EQ(table.find(chain::zero_hash), BlockTable::none);
    Block again;
    again.hash = table[7].hash;
    EXPECT_EQ(table.add(again), 7U);
}

TEST(FindingBookTest, KeepsTheLowestWhateverTheOrder) {
    const auto finding_at = [](std::int64_t height) {
        Finding finding;
        finding.height = height;
        return finding;
    };
    FindingBook a(3), b(3);
    for (const std::int64_t height : {9, 2, 7, 5})
        a.add(Check::supply, {height, 0}, [&] { return finding_at(height); });
    for (const std::int64_t height : {8, 1, 6})
        b.add(Check::supply, {height, 0}, [&] { return finding_at(height); });
    a.merge(std::move(b));
    EXPECT_EQ(a.count(Check::supply), 7U);
    std::vector<std::int64_t> heights;
    for (const Finding& finding : a.take(Check::supply)) heights.push_back(finding.height.value());
    EXPECT_EQ(heights, (std::vector<std::int64_t>{1, 2, 5}));
    FindingBook none(0);
    none.add(Check::supply, {1, 1}, [&]() -> Finding { throw 1; });
    EXPECT_EQ(none.count(Check::supply), 1U);
}

// The order is SQLite's own.
TEST(TimeKeyTest, OrdersAsSqliteDoes) {
    support::TemporaryFolder folder;
    Connection connection = Connection::open(folder.path() / "t.db", Connection::Mode::create);
    connection.execute(
        "CREATE TABLE t (x); INSERT INTO t VALUES (NULL), (1743811200), (1743811200.5), (1743811200.0), "
        "(-3), (1e300),"
        "(-1e300), (9007199254740993), (9007199254740992.0), ('2025-04-05 00:00:00'), "
        "('2025-04-05T00:00:00'),"
        "('2025-04-05 00:00:00.000001'), (''), ('10'), ('9'), (x''), (x'00ff'), (x'00'), ('z'), "
        "(9223372036854775807),"
        "(9223372036854775808.0)");
    auto query = connection.prepare("SELECT rowid, x FROM t ORDER BY x, rowid");
    std::vector<Leaf> sorted;
    while (query.next()) {
        Leaf leaf;
        leaf.rowid = query.integer(0);
        leaf.time = TimeKey(query, 1);
        sorted.push_back(leaf);
    }
    ASSERT_EQ(sorted.size(), 21U);
    for (std::size_t i = 0; i < sorted.size(); ++i)
        for (std::size_t j = 0; j < sorted.size(); ++j)
            EXPECT_EQ(sorted[i] < sorted[j], i < j) << sorted[i].rowid << " and " << sorted[j].rowid;
}

/// A table of numbered rows, and its file's pages.
class RowReaderTest : public testing::Test {
 protected:
    RowReaderTest() : path_(folder_.path() / "rows.db") {
        Connection connection = Connection::open(path_, Connection::Mode::create);
        connection.execute(
            "PRAGMA page_size = 512; CREATE TABLE t (x TEXT);"
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
            "INSERT INTO t SELECT printf('%050d', i) FROM n");
    }
    void overwrite_page(std::int64_t page) {
        std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp((page - 1) * 512);
        file.write(std::string(512, '\0').data(), 512);
    }
    /// Reads everything; returns how many rows there were.
    int read(std::vector<DamagedRange>& damaged) {
        Connection connection = Connection::open(path_, Connection::Mode::immutable);
        RowReader reader(connection, "t", {"x"});
        int rows = 0;
        std::int64_t last = 0;
        for (bool more = reader.seek(INT64_MIN); more; more = reader.next()) {
            EXPECT_GT(reader.rowid(), last);
            last = reader.rowid();
            EXPECT_EQ(std::stol(reader.row().string(1)), last);
            ++rows;
        }
        damaged = reader.damaged();
        return rows;
    }
    support::TemporaryFolder folder_;
    std::filesystem::path path_;
};

TEST_F(RowReaderTest, ReadsEveryRow) {
    std::vector<DamagedRange> damaged;
    EXPECT_EQ(read(damaged), 2000);
    EXPECT_TRUE(damaged.empty());
}

TEST_F(RowReaderTest, StepsOverAnyDamagedPage) {
    const auto pages = static_cast<std::int64_t>(std::filesystem::file_size(path_) / 512);
    const std::filesystem::path sound = folder_.path() / "sound.db";
    std::filesystem::copy_file(path_, sound);
    int inner_pages = 0;
    for (std::int64_t page = 3; page <= pages; ++page) {  // 1 is the schema, 2 the tree's root
        overwrite_page(page);
        std::vector<DamagedRange> damaged;
        const int rows = read(damaged);
        ASSERT_EQ(damaged.size(), 1U) << page;
        const std::int64_t last = std::min<std::int64_t>(damaged[0].last, 2000);
        const std::int64_t first = std::max<std::int64_t>(damaged[0].first, 1);
        EXPECT_EQ(rows + (last - first + 1), 2000) << page;
        if (last - first > 20) ++inner_pages;
        std::filesystem::copy_file(sound, path_, std::filesystem::copy_options::overwrite_existing);
    }
    EXPECT_GT(inner_pages, 0);
}

TEST_F(RowReaderTest, GivesUpWhereNothingCanBeRead) {
    overwrite_page(2);
    std::vector<DamagedRange> damaged;
    EXPECT_EQ(read(damaged), 0);
    EXPECT_EQ(damaged.size(), 1U);
}

TEST(ReportJson, HasThePinnedFields) {
    const base::Json json = base::Json::parse(to_json(TestChain().verify()).dump());
    EXPECT_TRUE(json.bool_at("ok"));
    EXPECT_EQ(json.string_at("network"), "mainnet");
    EXPECT_EQ(json.integer_at("height"), 39);
    EXPECT_EQ(json.string_at("tip_hash").size(), 64U);
    for (const char* key : {"blocks", "transactions", "validators", "proved_blocks"})
        EXPECT_GT(json.integer_at(key), 0) << key;
    EXPECT_EQ(json.integer_at("unproved_blocks"), 0);
    EXPECT_GT(json.number_at("duration_seconds"), 0);
    EXPECT_EQ(json.find("networks"), nullptr);
    std::string names;
    for (const base::Json& check : json.array_at("checks")) {
        names += check.string_at("name") + " ";
        EXPECT_EQ(check.string_at("status"), "pass");
        EXPECT_EQ(check.integer_at("count"), 0);
        EXPECT_TRUE(check.array_at("examples").empty());
    }
    EXPECT_EQ(names,
              "missing_tables discontinuities duplicate_blocks orphaned_transactions invalid_validators "
              "merkle_roots block_hashes supply database_pages ");
}

}  // namespace
}  // namespace bt2c::verify
