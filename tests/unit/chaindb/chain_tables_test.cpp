// Networks and tips, in both layouts and in tables that lost their constraints.

#include "chaindb/chain_tables.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_folder.hpp"

namespace bt2c::chaindb::testing {
namespace {

using sqlite::Connection;

constexpr const char* columns =
    "hash VARCHAR(64), previous_hash VARCHAR(64), timestamp FLOAT, nonce INTEGER, difficulty INTEGER,"
    "merkle_root VARCHAR(64), height INTEGER, network_type VARCHAR";

class ChainTables : public ::testing::Test {
 protected:
    void blocks(const std::string& constraints) {
        database_.execute(std::string("CREATE TABLE blocks(") + columns + constraints + ")");
    }
    void add(const std::string& network, int first, int last) {
        auto insert = database_.prepare(
            "WITH RECURSIVE n(i) AS (VALUES(?2) UNION ALL SELECT i+1 FROM n WHERE i<?3)"
            "INSERT INTO blocks(hash, height, network_type) SELECT ?1||'-'||i, i, ?1 FROM n");
        insert.bind(1, network).bind(2, std::int64_t{first}).bind(3, std::int64_t{last}).run();
    }
    const support::TemporaryFolder folder_;
    const std::filesystem::path path_ = folder_ / "chain.db";
    Connection database_ = Connection::open(path_, Connection::Mode::create);
};

void expect_tip(const NetworkTip& tip, const std::string& network, int first, int last) {
    EXPECT_EQ(tip.network, network);
    EXPECT_EQ(tip.height, last);
    EXPECT_EQ(tip.tip_hash, network + "-" + std::to_string(last));
    EXPECT_EQ(tip.first_height, first);
    EXPECT_EQ(tip.genesis_hash, network + "-" + std::to_string(first));
    EXPECT_EQ(tip.blocks, last - first + 1);
}

TEST_F(ChainTables, OneNetworkInEachLayout) {
    for (const char* constraints :
         {"", ", PRIMARY KEY(hash), UNIQUE(height)", ", PRIMARY KEY(hash), UNIQUE(height, network_type)"}) {
        blocks(constraints);
        add("mainnet", 1, 500);
        const auto tips = network_tips(database_);
        ASSERT_EQ(tips.size(), 1U) << constraints;
        expect_tip(tips[0], "mainnet", 1, 500);
        database_.execute("DROP TABLE blocks");
    }
}

TEST_F(ChainTables, SeveralNetworksAreTold) {
    for (const char* constraints : {"", ", UNIQUE(height, network_type)"}) {
        blocks(constraints);
        add("testnet", 0, 30);
        add("mainnet", 1, 400);
        add("devnet", 7, 7);
        const auto tips = network_tips(database_);
        ASSERT_EQ(tips.size(), 3U);
        expect_tip(tips[0], "devnet", 7, 7);
        expect_tip(tips[1], "mainnet", 1, 400);
        expect_tip(tips[2], "testnet", 0, 30);
        database_.execute("DROP TABLE blocks");
    }
}

TEST_F(ChainTables, TablesThatAreNotThereGiveNothing) {
    EXPECT_TRUE(network_tips(database_).empty());
    database_.execute("CREATE TABLE blocks(hash, height)");
    EXPECT_TRUE(network_tips(database_).empty());
    database_.execute("DROP TABLE blocks");
    blocks("");
    EXPECT_TRUE(network_tips(database_).empty());
}

TEST_F(ChainTables, ViewsAreNoTables) {
    // One that never ends, under the table's name.
    database_.execute(
        "CREATE VIEW blocks AS WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n)"
        "SELECT 'x' AS hash, i AS height, 'mainnet' AS network_type FROM n WHERE i<0");
    EXPECT_TRUE(network_tips(database_).empty());
}

TEST_F(ChainTables, ValuesOfOtherTypesArePassedOver) {
    blocks("");
    add("mainnet", 1, 9);
    database_.execute(
        "INSERT INTO blocks(hash, height, network_type) VALUES"
        "('a', NULL, 'mainnet'), ('b', 'zzz', 'mainnet'), ('c', 99.5, 'mainnet'), ('d', x'ff', 'mainnet'),"
        "('e', 5, NULL), ('f', 5, x'00'), ('g', 5, 17), ('h', NULL, 'nowhere')");
    const auto tips = network_tips(database_);
    ASSERT_EQ(tips.size(), 2U);
    EXPECT_EQ(tips[0].network, "17") << "kept as text by the column's affinity";
    EXPECT_EQ(tips[1].network, "mainnet");
    EXPECT_EQ(tips[1].height, 9);
    EXPECT_EQ(tips[1].tip_hash, "mainnet-9");
    EXPECT_EQ(tips[1].first_height, 1);
}

TEST_F(ChainTables, AHashThatIsFarTooLongIsNotKeptWhole) {
    blocks("");
    add("mainnet", 1, 9);
    database_.execute(
        "UPDATE blocks SET hash = printf('%.*c', 1000000, 'z') || height WHERE height IN (1, 9)");
    const auto tips = network_tips(database_);
    ASSERT_EQ(tips.size(), 1U);
    EXPECT_LE(tips[0].tip_hash.size(), 100U);
    EXPECT_LE(tips[0].genesis_hash.size(), 100U);
    EXPECT_NE(tips[0].tip_hash, tips[0].genesis_hash) << "they are still told apart";
}

TEST_F(ChainTables, ManyNetworksDoNotSlowTheReaderDown) {
    blocks("");
    for (int i = 0; i < 100; ++i) add("net" + std::to_string(i), 1, 2);
    EXPECT_EQ(network_tips(database_).size(), 64U);
}

TEST_F(ChainTables, DamagedPagesAreNoError) {
    blocks(", UNIQUE(height)");
    add("mainnet", 1, 3000);
    const auto size = std::filesystem::file_size(path_);
    database_ = Connection::open(folder_ / "other.db", Connection::Mode::create);
    for (std::uint64_t page = 2; page < size / 4096; page += 3) {
        std::filesystem::copy_file(path_, folder_ / "damaged.db",
                                   std::filesystem::copy_options::overwrite_existing);
        std::fstream file(folder_ / "damaged.db", std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(static_cast<std::streamoff>(page * 4096));
        file << std::string(4096, '\xff');
        file.close();
        Connection damaged = Connection::open(folder_ / "damaged.db", Connection::Mode::immutable);
        EXPECT_NO_THROW(network_tips(damaged));
    }
}

}  // namespace
}  // namespace bt2c::chaindb::testing
