// [N1] A chain that grows: what blocks do to balances and validators, in databases that verify.

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"
#include "sample/create_chain.hpp"
#include "unit/node/test_network.hpp"

namespace bt2c::node {
namespace {

TEST(Genesis, TheSameArgumentsMakeTheSameBlockAndVerify) {
    TestChain one(3, 5000), other(3, 5000);
    EXPECT_EQ(one->genesis(), other->genesis());
    EXPECT_EQ(difference(dump(one.path), dump(other.path)), "");
    EXPECT_EQ(one->base_height(), 0);
    EXPECT_EQ(one->balance_units(address(1)), 5000 * coin);
    EXPECT_EQ(one->balance_units(address(0)), 5021 * coin);
    EXPECT_EQ(failures(one.path), "");
    EXPECT_THROW(create_chain(one.path, genesis_of(1)), base::Error);
}

TEST(Growth, TransfersMoveCoinsAndBurnFees) {
    TestChain chain(2);
    EXPECT_EQ(chain->next_nonce(address(0)), 1);
    EXPECT_EQ(chain.add(chain.transaction(0, "transfer", 5 * coin, address(7))).verdict, Verdict::accepted);
    EXPECT_EQ(chain->next_nonce(address(0)), 2);  // the one that waits counts
    EXPECT_EQ(chain->last_nonce(address(0)), 0);
    const Block block = chain.grow();
    ASSERT_EQ(block.transactions.size(), 2U);
    EXPECT_EQ(chain->next_nonce(address(0)), 2);
    EXPECT_EQ(chain->balance_units(address(7)), 5 * coin);
    EXPECT_EQ(chain->last_nonce(address(0)), 1);
    EXPECT_EQ(chain->pending_count(), 0U);
    std::int64_t sum = 0;
    for (std::size_t i : {0U, 1U, 7U}) sum += chain->balance_units(address(i));
    EXPECT_EQ(sum, (2 * 500 + 2 * 21) * coin - fee_units);
    EXPECT_EQ(to_json(*chain->block_at(1)), to_json(block));
    EXPECT_EQ(failures(chain.path), "");
}

TEST(Growth, ManyBlocksVerifyAndAreTakenByAnotherNode) {
    TestChain chain(3), other(3);
    for (int i = 0; i < 30; ++i) {
        for (std::size_t from : {0U, 1U, 2U})
            ASSERT_EQ(chain.add(chain.transaction(from, "transfer", coin / 3 + i, address(7))).verdict,
                      Verdict::accepted);
        chain.grow(i % 3);
    }
    EXPECT_EQ(failures(chain.path), "");
    std::size_t accepted = 0;
    const auto blocks = chain->blocks_from(1, 100, 1 << 24);
    const Taken taken = other->accept_all(blocks, chain.now(), accepted);
    EXPECT_EQ(taken.verdict, Verdict::accepted) << taken.reason;
    EXPECT_EQ(accepted, 30U);
    EXPECT_EQ(difference(dump(chain.path), dump(other.path)), "");
    // What is derived can be derived anew.
    const std::string before = dump(other.path);
    other.chain.reset();
    Connection::open(other.path, Connection::Mode::read_write).execute("DELETE FROM node_state");
    other.open();
    EXPECT_EQ(difference(dump(other.path), before), "");
}

TEST(Genesis, HasNoMoreAtStakeThanAllCoins) {
    const support::TemporaryFolder folder;
    Genesis genesis = genesis_of(2);
    for (Genesis::Member& member : genesis.validators) member.stake = 10'500'000;
    EXPECT_NO_THROW(create_chain(folder / "sound.db", genesis));
    genesis.validators.front().stake += 1;
    EXPECT_THROW(create_chain(folder / "many.db", genesis), base::Error);
}

TEST(Growth, StakeUnstakeAndWaitingByHeight) {
    TestChain chain(2);
    ASSERT_EQ(chain.add(chain.transaction(0, "transfer", 50 * coin, address(5))).verdict, Verdict::accepted);
    chain.grow();
    EXPECT_EQ(chain.add(chain.transaction(5, "stake", coin - 1)).reason, "the stake is below the minimum");
    ASSERT_EQ(chain.add(chain.transaction(5, "stake", 2 * coin)).verdict, Verdict::accepted);
    chain.grow();
    ASSERT_TRUE(chain->validator(address(5)));
    EXPECT_EQ(chain->validator(address(5))->status, "ACTIVE");
    EXPECT_EQ(chain->validator(address(5))->stake_units, 2 * coin);
    EXPECT_EQ(chain->balance_units(address(5)), 48 * coin - fee_units);
    EXPECT_EQ(chain.add(chain.transaction(5, "unstake", coin)).reason, "the amount is not the whole stake");
    ASSERT_EQ(chain.add(chain.transaction(5, "unstake", 2 * coin)).verdict, Verdict::accepted);
    const auto by_five = [&] { return chain->validator(address(5))->total_blocks; };
    chain.grow();
    const std::int64_t made = by_five();
    EXPECT_EQ(chain->validator(address(5))->status, "UNSTAKING");
    for (int i = 0; i < 9; ++i) chain.grow();
    EXPECT_EQ(chain->validator(address(5))->status, "UNSTAKING");
    EXPECT_EQ(failures(chain.path), "");
    chain.grow();
    EXPECT_EQ(chain->validator(address(5))->status, "INACTIVE");
    EXPECT_EQ(chain->validator(address(5))->stake_units, 0);
    EXPECT_EQ(by_five(), made);
    EXPECT_EQ(chain->balance_units(address(5)), 50 * coin - 2 * fee_units + made * 21 * coin);
    EXPECT_EQ(failures(chain.path), "");
    const std::string before = dump(chain.path);
    chain.chain.reset();
    Connection::open(chain.path, Connection::Mode::read_write).execute("DELETE FROM node_state");
    chain.open();
    const auto without_state = [](const std::string& text) {
        return text.substr(0, text.find("node_state"));
    };
    EXPECT_EQ(difference(without_state(dump(chain.path)), without_state(before)), "");
}

/// A sample chain whose validators' keys are ours.
void give_keys(const std::filesystem::path& path) {
    Connection connection = Connection::open(path, Connection::Mode::read_write);
    std::vector<std::string> old;
    auto query =
        connection.prepare("SELECT address FROM validators WHERE network_type = 'mainnet' ORDER BY rowid");
    while (query.next()) old.push_back(query.string(0));
    for (std::size_t i = 0; i < old.size(); ++i) {
        auto update = connection.prepare("UPDATE validators SET address = ?1 WHERE address = ?2");
        update.bind(1, std::string_view(address(i))).bind(2, std::string_view(old[i])).run();
        auto move = connection.prepare(
            "UPDATE unstake_requests SET validator_address = ?1 WHERE validator_address = ?2");
        move.bind(1, std::string_view(address(i))).bind(2, std::string_view(old[i])).run();
    }
}

TEST(Growth, ChainsOfOtherSoftwareAreContinuedInBothLayouts) {
    for (const auto layout : {chaindb::Layout::orm, chaindb::Layout::fresh}) {
        support::TemporaryFolder folder;
        sample::ChainOptions options;
        options.layout = layout;
        options.blocks = 25;
        options.pending = 3;
        options.legacy_blocks = 5;
        options.networks = {"mainnet", "testnet"};
        sample::create_chain(folder / "sample.db", options);
        give_keys(folder / "sample.db");
        // The second network of the older layout has the heights above the first one's.
        if (layout == chaindb::Layout::orm)
            Connection::open(folder / "sample.db", Connection::Mode::read_write)
                .execute(
                    "DELETE FROM transactions WHERE network_type = 'testnet'; DELETE FROM blocks WHERE "
                    "network_type = 'testnet'");
        TestChain chain(folder / "sample.db", "mainnet");
        const std::int64_t base = chain->tip().height;
        EXPECT_EQ(chain->base_height(), base);
        const Block first = chain.grow();
        ASSERT_EQ(chain.add(chain.transaction(0, "transfer", coin, address(9))).verdict,
                  chain->balance_units(address(0)) > coin ? Verdict::accepted : Verdict::refused);
        for (int i = 0; i < 12; ++i) chain.grow(i % 2);
        EXPECT_EQ(chain->tip().height, base + 13);
        EXPECT_EQ(chain->base_height(), base);
        base::SilentProgress progress;
        const auto report = verify::verify_chain(
            {[&] { return Connection::open(chain.path, Connection::Mode::read_write); }}, {}, progress);
        EXPECT_TRUE(report.ok) << failures(chain.path);
        EXPECT_EQ(chain->highest_block_by(first.header.validator).value_or(-1) >= base + 1, true);
        chain.open();
        EXPECT_EQ(chain->tip().height, base + 13);
        EXPECT_EQ(chain->base_height(), base);
    }
}

}  // namespace
}  // namespace bt2c::node
