// Nothing may be found where nothing is wrong. [I1]

#include <gtest/gtest.h>

#include "test_chain.hpp"

namespace bt2c::verify {
namespace {

void expect_clean(const Report& report, std::uint64_t unproved = 0) {
    EXPECT_TRUE(report.ok);
    EXPECT_EQ(failures(report), "");
    EXPECT_EQ(report.total.unproved_blocks, unproved);
    EXPECT_EQ(report.total.proved_blocks + unproved, report.total.blocks);
    for (const CheckResult& result : report.checks) EXPECT_EQ(result.status, CheckStatus::pass);
}

TEST(CleanChains, OfTheReference) {
    const std::filesystem::path chains =
        std::filesystem::path(BT2C_SOURCE_DIR) / "../shared/reference/vectors/chains";
    if (!std::filesystem::exists(chains)) GTEST_SKIP() << "no reference chains at " << chains;
    const Report fresh = verify_file(chains / "fresh-mainnet.db");
    expect_clean(fresh);
    EXPECT_EQ(fresh.total.network, "mainnet");
    EXPECT_EQ(fresh.total.height, 39);
    EXPECT_EQ(fresh.total.tip_hash, "3bc69ab0fddbf67614f4e053e6d5a4f4fe53699d2103f11538d36cb886e02331");
    EXPECT_EQ(fresh.total.blocks, 40U);
    EXPECT_EQ(fresh.total.transactions, 160U);
    EXPECT_EQ(fresh.total.validators, 8U);
    const Report orm = verify_file(chains / "orm-testnet.db");
    expect_clean(orm);
    EXPECT_EQ(orm.total.network, "testnet");
    EXPECT_EQ(orm.total.transactions, 120U);
}

// An incremental of the older tool holds the newest blocks alone.
TEST(CleanChains, AnOlderIncrementalIsNoWholeChain) {
    const std::filesystem::path folder =
        std::filesystem::path(BT2C_SOURCE_DIR) / "../shared/reference/vectors/chains/older-tool-backups";
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no reference chains at " << folder;
    expect_clean(verify_file(folder / "bt2c_backup_full_20250406_020000.db"));
    const Report report = verify_file(folder / "bt2c_backup_incremental_20250406_030000.db");
    EXPECT_EQ(failures(report), "discontinuities=1");
    EXPECT_EQ(report.total.proved_blocks, 5U);
    const Finding& finding = report[Check::discontinuities].examples.at(0);
    EXPECT_EQ(finding.height, 40);
    EXPECT_EQ(finding.key, "85726e9058fee54cef4ac04435e3dc98a132333daf91a6f256c4fb31ff9d3f4e");
}

struct Shape {
    sample::Layout layout;
    std::int64_t first_height;
    int networks;
    std::int64_t legacy_blocks;
    int transactions;
    bool varied;
};

class GeneratedChains : public testing::TestWithParam<Shape> {};

TEST_P(GeneratedChains, AreClean) {
    sample::ChainOptions options;
    options.layout = GetParam().layout;
    options.first_height = GetParam().first_height;
    if (GetParam().networks == 3) options.networks = {"mainnet", "testnet", "devnet"};
    options.legacy_blocks = GetParam().legacy_blocks;
    options.transactions_per_block = GetParam().transactions;
    options.varied = GetParam().varied;
    options.pending = 3;
    const Report report = TestChain(options).verify();
    // Of the older blocks, only the first one's scheme is not known.
    expect_clean(report, GetParam().legacy_blocks > 0 ? static_cast<std::uint64_t>(GetParam().networks) : 0);
    EXPECT_EQ(report.networks.size(), static_cast<std::size_t>(GetParam().networks));
}

INSTANTIATE_TEST_SUITE_P(Shapes, GeneratedChains,
                         testing::Values(Shape{sample::Layout::orm, 0, 1, 0, 4, true},
                                         Shape{sample::Layout::orm, 1, 3, 5, 2, true},
                                         Shape{sample::Layout::fresh, 0, 3, 0, 11, true},
                                         Shape{sample::Layout::fresh, 1, 1, 9, 1, false},
                                         Shape{sample::Layout::fresh, 0, 1, 40, 3, false}));

TEST(CleanChains, WithSeveralNetworksEachIsReported) {
    sample::ChainOptions options;
    options.networks = {"testnet", "mainnet"};
    TestChain chain(options);
    const Report both = chain.verify();
    expect_clean(both);
    EXPECT_EQ(both.total.network, "");
    EXPECT_EQ(both.total.height, std::nullopt);
    ASSERT_EQ(both.networks.size(), 2U);
    EXPECT_EQ(both.networks[0].network, "mainnet");
    EXPECT_EQ(both.networks[1].blocks, 40U);

    Options only;
    only.network = "testnet";
    const Report one = chain.verify(only);
    expect_clean(one);
    EXPECT_EQ(one.total.network, "testnet");
    EXPECT_EQ(one.total.blocks, 40U);
    EXPECT_EQ(one.total.validators, 8U);
    chain.sql("DELETE FROM blocks WHERE network_type = 'mainnet' AND height = 7");
    EXPECT_TRUE(chain.verify(only).ok);
    EXPECT_EQ(failures(chain.verify()), "discontinuities=1 orphaned_transactions=4");
}

TEST(CleanChains, AnEmptyOneIsCleanToo) {
    sample::ChainOptions options;
    options.blocks = 0;
    const Report report = TestChain(options).verify();
    EXPECT_TRUE(report.ok);
    EXPECT_EQ(report.total.height, std::nullopt);
    EXPECT_TRUE(report.networks.empty());
}

TEST(CleanChains, OldRowsAndFurtherTablesAreNoFaults) {
    TestChain chain;
    chain.sql("UPDATE validators SET status = lower(status)")
        .sql("ALTER TABLE blocks ADD COLUMN note TEXT")
        .sql("CREATE TABLE extra (x)")
        .sql("DROP TABLE unstake_requests");
    expect_clean(chain.verify());
    for (const char* table : {"blocks", "transactions", "validators"}) chain.strip(table);
    expect_clean(chain.verify());
}

// A validator that took its request back may keep the time of it.
TEST(CleanChains, ACancelledRequestIsNoExit) {
    TestChain chain;
    const std::string address = chain.text("SELECT address FROM validators WHERE status = 'ACTIVE'");
    chain.sql("UPDATE validators SET unstake_requested_at = '2025-04-06' WHERE address = '" + address + "'")
        .sql(
            "INSERT INTO unstake_requests (id, validator_address, amount, requested_at, status, "
            "network_type) "
            "VALUES (77, '" +
            address + "', 1.0, '2025-04-06', 'cancelled', 'mainnet')");
    expect_clean(chain.verify());
}

}  // namespace
}  // namespace bt2c::verify
