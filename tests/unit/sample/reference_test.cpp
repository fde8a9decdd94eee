// Sample chains are like those that nodes write: compared with the chains of the reference data.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/text.hpp"
#include "sample/block.hpp"
#include "sample/chain_edit.hpp"
#include "sample/create_chain.hpp"
#include "unit/sample/scratch.hpp"

namespace bt2c::sample {
namespace {

using chaindb::sqlite::Connection;
using chaindb::sqlite::Statement;
using test::Scratch;
namespace fs = std::filesystem;

class Reference : public testing::TestWithParam<Layout> {
 protected:
    void SetUp() override {
        const fs::path chains = fs::path(BT2C_SOURCE_DIR) / "../shared/reference/vectors/chains";
        const fs::path source = chains / (GetParam() == Layout::orm ? "orm-testnet.db" : "fresh-mainnet.db");
        if (!fs::exists(source)) GTEST_SKIP() << "the reference data is not there: " << source;
        fs::copy_file(source, scratch_ / "reference.db");
        fs::permissions(scratch_ / "reference.db", fs::perms::owner_all);
        ChainOptions options;
        options.layout = GetParam();
        options.networks = {GetParam() == Layout::orm ? "testnet" : "mainnet"};
        create_chain(scratch_ / "sample.db", options);
    }
    Connection reference() {
        return Connection::open(scratch_ / "reference.db", Connection::Mode::read_write);
    }
    Connection made() { return Connection::open(scratch_ / "sample.db", Connection::Mode::read_write); }

    Scratch scratch_;
};

std::vector<std::string> rows(Connection& connection, const std::string& sql) {
    std::vector<std::string> all;
    Statement statement = connection.prepare(sql);
    while (statement.next()) all.push_back(statement.string(0));
    return all;
}

TEST_P(Reference, TheTablesAreTheSameWordForWord) {
    Connection theirs = reference(), ours = made();
    const std::string sql = "SELECT name || ' ' || ifnull(sql, '') FROM sqlite_master ORDER BY rowid";
    EXPECT_EQ(rows(ours, sql), rows(theirs, sql));
}

TEST_P(Reference, ValuesHaveTheSameTypes) {
    Connection theirs = reference(), ours = made();
    const auto columns =
        rows(theirs,
             "SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c "
             "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'");
    ASSERT_GT(columns.size(), 40U);
    for (const std::string& column : columns) {
        const std::string table = column.substr(0, column.find('.'));
        const std::string sql = base::format(
            "SELECT DISTINCT typeof({0}) FROM {1} WHERE {0} IS NOT NULL ORDER BY 1", column, table);
        const auto theirs_types = rows(theirs, sql);
        // Evidence and finished requests are in our chains alone.
        if (theirs_types.empty()) continue;
        EXPECT_EQ(rows(ours, sql), theirs_types) << column;
    }
}

TEST_P(Reference, SealingANodesBlockGivesTheNodesHashes) {
    Connection theirs = reference();
    const Block newest = newest_block(theirs);
    Block again = newest;
    again.hash = again.merkle_root = "";
    redo_rewards(again);
    seal(again, Scheme::scheduled);
    EXPECT_EQ(again.merkle_root, newest.merkle_root);
    EXPECT_EQ(again.hash, newest.hash);
    EXPECT_EQ(reward_of(again).hash, reward_of(newest).hash);
    EXPECT_EQ(reward_of(again).payload, reward_of(newest).payload);
    EXPECT_EQ(reward_of(again).signature, reward_of(newest).signature);
}

INSTANTIATE_TEST_SUITE_P(BothLayouts, Reference, testing::Values(Layout::orm, Layout::fresh),
                         [](const auto& param) { return param.param == Layout::orm ? "orm" : "fresh"; });

TEST(TimestampText, IsPythons) {
    EXPECT_EQ(timestamp_text(1743811300.7111266, ' '), "2025-04-05 00:01:40.711127");
    EXPECT_EQ(timestamp_text(1743811000.0, 'T'), "2025-04-04T23:56:40.000000");
}

}  // namespace
}  // namespace bt2c::sample
