// What single findings say, and faults beyond those of the generator. [I1]

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chain/block_hash.hpp"
#include "test_chain.hpp"

namespace bt2c::verify {
namespace {

using base::format;

const Finding& first_of(const Report& report, Check check) {
    static const Finding none;
    return report[check].examples.empty() ? none : report[check].examples[0];
}

TEST(Findings, NameTableKeyHeightExpectedAndFound) {
    TestChain chain;
    const std::string before = chain.text("SELECT hash FROM blocks WHERE height = 6");
    const std::string key = chain.text("SELECT hash FROM blocks WHERE height = 7");
    chain.sql("UPDATE blocks SET previous_hash = hash WHERE height = 7");
    const Report report = chain.verify();
    EXPECT_EQ(failures(report), "discontinuities=1 block_hashes=1");
    const Finding& finding = first_of(report, Check::discontinuities);
    EXPECT_EQ(finding.table, "blocks");
    EXPECT_EQ(finding.key, key);
    EXPECT_EQ(finding.network, "mainnet");
    EXPECT_EQ(finding.height, 7);
    EXPECT_EQ(finding.expected, "previous_hash: a block at height 6");
    EXPECT_EQ(finding.found, key + " at height 7");

    chain.sql("UPDATE blocks SET previous_hash = 'ab' WHERE height = 7");
    EXPECT_EQ(first_of(chain.verify(), Check::discontinuities).found, "ab");
    chain.sql("UPDATE blocks SET previous_hash = lower(hex(randomblob(32))) WHERE height = 7");
    EXPECT_EQ(first_of(chain.verify(), Check::discontinuities).expected, "previous_hash: " + before);
}

TEST(Findings, ATableThatCannotBeCheckedIsOne) {
    TestChain chain;
    chain.sql(
        "CREATE TABLE other (hash TEXT PRIMARY KEY, previous_hash, height, network_type, timestamp, nonce, "
        "merkle_root) WITHOUT ROWID; INSERT INTO other SELECT hash, previous_hash, height, network_type, "
        "timestamp, nonce, merkle_root FROM blocks; DROP TABLE blocks; ALTER TABLE other RENAME TO blocks");
    const Report report = chain.verify();
    EXPECT_FALSE(report.ok);
    EXPECT_EQ(failures(report), "missing_tables=1");
    EXPECT_EQ(first_of(report, Check::missing_tables).table, "blocks");
    EXPECT_EQ(report[Check::block_hashes].status, CheckStatus::skipped);
}

TEST(Findings, ANetworkThatIsNotThereIsAnError) {
    const TestChain chain;
    Options options = in_small_ranges();
    options.network = "testnet";
    try {
        chain.verify(options);
        ADD_FAILURE() << "nothing was checked, and nothing said";
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::usage);
        EXPECT_NE(error.message().find("testnet"), std::string::npos);
        EXPECT_NE(error.cause().find("mainnet"), std::string::npos);
    }
    options.network = "mainnet";
    EXPECT_TRUE(chain.verify(options).ok);
}

TEST(Findings, AGapIsOneFinding) {
    TestChain chain;
    chain
        .sql(
            "DELETE FROM transactions WHERE block_hash IN (SELECT hash FROM blocks WHERE height BETWEEN 5 "
            "AND 8)")
        .sql("DELETE FROM blocks WHERE height BETWEEN 5 AND 8");
    const Report report = chain.verify();
    EXPECT_EQ(failures(report), "discontinuities=1");
    const Finding& finding = first_of(report, Check::discontinuities);
    EXPECT_EQ(finding.height, 5);
    EXPECT_EQ(finding.expected, "blocks at heights 5 to 8");
    EXPECT_EQ(finding.key, chain.text("SELECT hash FROM blocks WHERE height = 9"));
}

TEST(Findings, AreTheLowestOnesAndAllWhenAskedFor) {
    TestChain chain;
    chain.sql("UPDATE blocks SET nonce = nonce + 1 WHERE height >= 20");
    const Report ten = chain.verify();
    EXPECT_EQ(ten[Check::block_hashes].count, 20U);
    ASSERT_EQ(ten[Check::block_hashes].examples.size(), 10U);
    for (std::int64_t i = 0; i < 10; ++i)
        EXPECT_EQ(ten[Check::block_hashes].examples[static_cast<std::size_t>(i)].height, 20 + i);
    Options all;
    all.examples_max = SIZE_MAX;
    EXPECT_EQ(chain.verify(all)[Check::block_hashes].examples.size(), 20U);
}

// The first block may be of an unknown scheme, but not when its hash follows from other values.
TEST(Findings, AnAlteredFirstBlockIsNamedWhereItCanBeProved) {
    const struct {
        const char* edit;
        const char* failures;
    } cases[] = {
        {"UPDATE blocks SET merkle_root = lower(hex(zeroblob(32))) WHERE height = 0",
         "merkle_roots=1 block_hashes=1"},
        {"UPDATE blocks SET timestamp = timestamp + 1 WHERE height = 0", "block_hashes=1"},
        {"UPDATE transactions SET hash = lower(hex(randomblob(32))) WHERE type = 'transfer' AND rowid = 2",
         "merkle_roots=1"},
        {"UPDATE blocks SET nonce = nonce + 1 WHERE height = 0", ""},  // nobody can tell
    };
    for (const auto& [edit, expected] : cases) {
        TestChain chain;
        chain.sql(edit);
        EXPECT_EQ(failures(chain.verify()), expected) << edit;
    }
    TestChain chain;
    chain.sql(
        "UPDATE transactions SET recipient = 'bt2c_somebodyelse' WHERE type = 'reward' AND block_hash = "
        "(SELECT hash FROM blocks WHERE height = 0)");
    EXPECT_EQ(failures(chain.verify()), "block_hashes=1 supply=1");
}

// Without constraints a table can hold anything.
TEST(Findings, NullsAndWrongTypesAreNamedAndNeverFatal) {
    const struct {
        const char* table;
        const char* edit;
        const char* check;
    } cases[] = {
        {"blocks", "UPDATE blocks SET hash = NULL WHERE height = 9", "block_hashes"},
        {"blocks", "UPDATE blocks SET hash = x'00ff' WHERE height = 9", "block_hashes"},
        {"blocks", "UPDATE blocks SET hash = upper(hash) WHERE height = 9", "block_hashes"},
        {"blocks", "UPDATE blocks SET previous_hash = NULL WHERE height = 9", "discontinuities"},
        {"blocks", "UPDATE blocks SET previous_hash = 17 WHERE height = 9", "discontinuities"},
        {"blocks", "UPDATE blocks SET height = NULL WHERE height = 9", "discontinuities"},
        {"blocks", "UPDATE blocks SET height = 'nine' WHERE height = 9", "discontinuities"},
        {"blocks", "UPDATE blocks SET height = -9 WHERE height = 9", "discontinuities"},
        {"blocks", "UPDATE blocks SET height = 9223372036854775807 WHERE height = 9", "discontinuities"},
        {"blocks", "UPDATE blocks SET network_type = NULL WHERE height = 9", "discontinuities"},
        {"blocks", "UPDATE blocks SET timestamp = 'noon' WHERE height = 9", "block_hashes"},
        {"blocks", "UPDATE blocks SET timestamp = 9e999 WHERE height = 9", "block_hashes"},
        {"blocks", "UPDATE blocks SET timestamp = NULL WHERE height = 9", "block_hashes"},
        {"blocks", "UPDATE blocks SET nonce = NULL WHERE height = 9", "block_hashes"},
        {"blocks", "UPDATE blocks SET nonce = 'x' WHERE height = 9", "block_hashes"},
        {"blocks", "UPDATE blocks SET merkle_root = NULL WHERE height = 9", "merkle_roots"},
        {"blocks", "UPDATE blocks SET merkle_root = 'x' WHERE height = 9", "merkle_roots"},
        {"transactions", "UPDATE transactions SET hash = NULL WHERE rowid = 9", "merkle_roots"},
        {"transactions", "UPDATE transactions SET hash = 5 WHERE rowid = 9", "merkle_roots"},
        {"transactions", "UPDATE transactions SET block_hash = x'00' WHERE rowid = 9",
         "orphaned_transactions"},
        {"transactions", "UPDATE transactions SET block_hash = '' WHERE rowid = 9", "orphaned_transactions"},
        {"transactions", "UPDATE transactions SET block_hash = NULL, is_pending = NULL WHERE rowid = 9",
         "orphaned_transactions"},
        {"transactions", "UPDATE transactions SET network_type = NULL WHERE rowid = 9",
         "orphaned_transactions"},
        {"transactions", "UPDATE transactions SET network_type = 'devnet' WHERE rowid = 9",
         "orphaned_transactions"},
        {"transactions", "UPDATE transactions SET timestamp = NULL WHERE rowid = 9", "supply"},
        {"transactions", "UPDATE transactions SET timestamp = NULL WHERE rowid = 10", "merkle_roots"},
        {"transactions", "UPDATE transactions SET amount = NULL WHERE rowid = 9", "supply"},
        {"transactions", "UPDATE transactions SET amount = 'much' WHERE rowid = 9", "supply"},
        {"transactions", "UPDATE transactions SET amount = -1.0 WHERE rowid = 10", "supply"},
        {"transactions", "UPDATE transactions SET amount = 9e999 WHERE rowid = 9", "supply"},
        {"transactions", "UPDATE transactions SET type = NULL, recipient = x'00' WHERE rowid = 9",
         "block_hashes"},
        {"validators", "UPDATE validators SET address = NULL WHERE rowid = 1", "invalid_validators"},
        {"validators", "UPDATE validators SET stake = 'all' WHERE rowid = 1", "invalid_validators"},
        {"validators", "UPDATE validators SET stake = 9e999 WHERE rowid = 1", "invalid_validators"},
        {"validators", "UPDATE validators SET stake = 1e308 WHERE rowid = 1", "invalid_validators"},
        {"validators", "UPDATE validators SET stake = -9e999 WHERE rowid = 1", "invalid_validators"},
        {"validators", "UPDATE validators SET rewards_earned = 1e308 WHERE rowid = 1", "invalid_validators"},
        {"validators", "UPDATE validators SET rewards_earned = 9e999 WHERE rowid = 1", "invalid_validators"},
        {"validators", "UPDATE validators SET rewards_earned = -1 WHERE rowid = 1", "invalid_validators"},
        {"validators", "UPDATE validators SET total_blocks = -5 WHERE rowid = 1", "invalid_validators"},
        {"validators", "UPDATE validators SET unstake_amount = 21000001 WHERE rowid = 1",
         "invalid_validators"},
        {"unstake_requests", "UPDATE unstake_requests SET amount = 1e308", "invalid_validators"},
        {"unstake_requests", "UPDATE unstake_requests SET amount = -1", "invalid_validators"},
        {"validators", "UPDATE validators SET status = NULL WHERE rowid = 1", "invalid_validators"},
        {"validators", "UPDATE validators SET status = 'Active' WHERE rowid = 1", "invalid_validators"},
        {"validators", "UPDATE validators SET is_active = 'maybe' WHERE rowid = 1", "invalid_validators"},
        {"validators", "UPDATE validators SET joined_at = NULL WHERE rowid = 1", "invalid_validators"},
        {"validators", "UPDATE validators SET network_type = NULL WHERE rowid = 1", "invalid_validators"},
        {"validators", "UPDATE validators SET unstake_requested_at = 'x' WHERE status = 'ACTIVE'",
         "invalid_validators"},
        {"validators", "INSERT INTO validators SELECT * FROM validators WHERE rowid = 1",
         "invalid_validators"},
    };
    for (const auto& [table, edit, check] : cases) {
        TestChain chain;
        chain.strip(table).sql(edit);
        const Report report = chain.verify();
        bool named = false;
        for (const CheckResult& result : report.checks)
            named = named || (check_name(result.check) == check && result.status == CheckStatus::fail &&
                              !result.examples.empty());
        EXPECT_TRUE(named) << edit << ": " << failures(report);
        EXPECT_FALSE(to_json(report).dump().empty());
    }
}

TEST(Findings, MoreCoinsAtStakeThanThereMayBeAreOneForEachNetwork) {
    sample::ChainOptions options;
    options.networks = {"mainnet", "testnet"};
    TestChain chain(options);
    const std::string on_testnet = " WHERE network_type = 'testnet'";
    chain.sql("UPDATE validators SET stake = 20999000.0 / (SELECT count(*) FROM validators" + on_testnet +
              ")" + on_testnet);
    EXPECT_EQ(failures(chain.verify()), "") << "nearly all coins there can be";
    chain.sql("UPDATE validators SET stake = stake + 1000" + on_testnet);
    const Report report = chain.verify();
    EXPECT_EQ(failures(report), "invalid_validators=1");
    EXPECT_EQ(first_of(report, Check::invalid_validators).network, "testnet");
    EXPECT_EQ(first_of(report, Check::invalid_validators).expected, "at most 21000000.0 staked in all");
    chain.sql("UPDATE validators SET stake = 1" + on_testnet);
    chain.sql("UPDATE validators SET stake = 21000000.5 WHERE rowid = 1");
    EXPECT_EQ(failures(chain.verify()), "invalid_validators=1") << "one alone is told as such, and no sum";
}

// Merkle trees pair an odd last leaf with itself: repeating it leaves the root as it is.
TEST(Findings, ARepeatedTransactionIsNamedThoughTheRootHolds) {
    sample::ChainOptions options;
    options.transactions_per_block = 3;
    TestChain chain(options);
    chain.strip("transactions");
    chain.sql("INSERT INTO transactions SELECT * FROM transactions WHERE rowid = 12");
    const Report report = chain.verify();
    EXPECT_EQ(failures(report), "merkle_roots=1");
    EXPECT_EQ(first_of(report, Check::merkle_roots).key,
              chain.text("SELECT hash FROM transactions WHERE rowid = 12"));
}

TEST(Findings, ARewardThatDoesNotFollowFromItsContentIsNamed) {
    TestChain chain;
    chain.sql(
        "UPDATE transactions SET amount = 20.5 WHERE type = 'reward' AND block_hash = "
        "(SELECT hash FROM blocks WHERE height = 3)");
    const Report report = chain.verify();
    EXPECT_EQ(failures(report), "supply=1");
    EXPECT_EQ(first_of(report, Check::supply).height, 3);
    EXPECT_EQ(first_of(report, Check::supply).text, "the reward's hash is not that of its content");
}

TEST(Findings, AChainWithoutProofsIsNoFaultButSaidSo) {
    TestChain chain;
    chain.sql("UPDATE blocks SET nonce = nonce + 1");
    const Report report = chain.verify();
    EXPECT_TRUE(report.ok);
    EXPECT_EQ(report.total.proved_blocks, 0U);
    EXPECT_EQ(report.total.unproved_blocks, 40U);
}

TEST(Findings, MissingColumnsAndTablesSkipWhatNeedsThem) {
    TestChain chain;
    chain.sql("ALTER TABLE transactions DROP COLUMN amount");
    const Report report = chain.verify();
    EXPECT_EQ(failures(report), "missing_tables=1");
    EXPECT_EQ(first_of(report, Check::missing_tables).expected, "column amount of table transactions");
    EXPECT_EQ(report[Check::supply].status, CheckStatus::skipped);
    EXPECT_EQ(report[Check::supply].reason, "column amount of table transactions is missing");
    EXPECT_EQ(report[Check::discontinuities].status, CheckStatus::pass);

    support::TemporaryFolder folder;
    const std::filesystem::path empty = folder.path() / "empty.db";
    Connection::open(empty, Connection::Mode::create).execute("CREATE TABLE other (x)");
    EXPECT_EQ(failures(verify_file(empty)), "missing_tables=3");
}

}  // namespace
}  // namespace bt2c::verify
