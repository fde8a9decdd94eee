// [N1] When a validator signs, and when it must not: never two blocks of one height, whatever happens.

#include "node/producer.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "chaindb/network_pause.hpp"
#include "keys/signing_state.hpp"
#include "unit/node/test_network.hpp"

namespace bt2c::node {
namespace {

struct Producing : testing::Test {
    explicit Producing(std::size_t validators = 1) : chain(validators) {}
    Producer producer(std::size_t key = 0, double settle_s = 0) const {
        return {home, signer(key), settle_s};
    }
    Abstained asked(Producer& who, const PeerView& view = {}) {
        return who.try_produce(*chain.chain, view, late()).abstained;
    }
    double late() const { return chain.now() + 100 * block_time_s; }
    keys::SigningIdentity identity(std::size_t key = 0) const {
        return {"devnet", chain::hash_text(chain.chain->genesis()), address(key)};
    }
    support::TemporaryFolder folder;
    config::Home home{folder.path()};
    TestChain chain;
};

/// Neither has signed a block yet, so no watermark is missing.
struct NewValidator : Producing {
    NewValidator() : Producing(2) {}
    PeerView all{100 * coin, std::nullopt, 0, false};
};

TEST_F(NewValidator, MakesABlockInItsTurnAndRaisesTheWatermarkFirst) {
    Producer who = producer(1);
    const std::int64_t round = chain->proposers().front() == address(1) ? 0 : 1;
    const double when = chain->earliest_s(0) + static_cast<double>(round) * block_time_s;
    const auto early = who.try_produce(*chain.chain, all, chain->earliest_s(0) - 1);
    EXPECT_EQ(early.abstained, round == 0 ? Abstained::too_early : Abstained::not_our_turn);
    EXPECT_GE(early.next_try_s, chain->earliest_s(0));
    const auto outcome = who.try_produce(*chain.chain, all, when + 2 * block_time_s);
    ASSERT_EQ(outcome.abstained, Abstained::nothing) << outcome.detail;
    EXPECT_EQ(keys::read_watermark(home, identity(1)), 1);
    EXPECT_EQ(chain->accept(*outcome.block, when + 2 * block_time_s).verdict, Verdict::accepted);
    EXPECT_EQ(failures(chain.path), "");
}

TEST_F(NewValidator, AbstainsForEachReason) {
    Producer nobody(home, std::nullopt, 0);
    EXPECT_EQ(asked(nobody, all), Abstained::no_key);
    EXPECT_EQ(nobody.address(), "");
    Producer stranger = producer(9);
    EXPECT_EQ(asked(stranger, all), Abstained::not_active);
    Producer who = producer(1);
    PeerView view = all;
    view.best_height = 1;
    EXPECT_EQ(asked(who, view), Abstained::behind);
    view = all;
    view.pause_sequence = 1;
    EXPECT_EQ(asked(who, view), Abstained::behind);
    view = all;
    view.awake_stake_units = 0;  // half is not more than half
    EXPECT_EQ(asked(who, view), Abstained::minority);
    while (chain.grow().header.validator != address(0)) {
    }
    Producer old = producer(0);  // has made a block, and has no watermark
    EXPECT_EQ(asked(old, all), Abstained::watermark);
    Producer settling = producer(1, 30);
    const auto outcome = settling.try_produce(*chain.chain, all, late());
    EXPECT_EQ(outcome.abstained, Abstained::too_early);
    EXPECT_EQ(outcome.next_try_s, late() + 30);
    keys::lock_signing(home, "restored");
    EXPECT_EQ(asked(who, all), Abstained::locked);
    for (int i = 0; i <= static_cast<int>(Abstained::twin); ++i)
        EXPECT_NE(abstained_name(static_cast<Abstained>(i)), "");
}

TEST_F(NewValidator, ADamagedOrHigherWatermarkForbidsToSign) {
    Producer who = producer(1);
    keys::raise_watermark(home, identity(1), 5);
    EXPECT_EQ(asked(who, all), Abstained::watermark);
    for (const auto& entry : std::filesystem::directory_iterator(home.root / "network"))
        std::ofstream(entry.path()) << "{";
    EXPECT_EQ(asked(who, all), Abstained::watermark);
}

TEST_F(NewValidator, ATwinLocks) {
    Producer who = producer(1);
    PeerView view = all;
    view.twin = true;
    EXPECT_EQ(asked(who, view), Abstained::twin);
    EXPECT_TRUE(keys::signing_lock(home));
    EXPECT_EQ(asked(who, all), Abstained::locked);
}

TEST_F(NewValidator, AForeignBlockByOurKeyLocks) {
    Producer who = producer(1);
    while (chain->proposers().front() != address(1)) chain.grow();
    const Block made = chain.block();
    keys::raise_watermark(home, identity(1), made.header.height - 1);
    BlockHeader header = made.header;
    header.validator = address(0);
    who.observe(*chain.chain, header);
    EXPECT_FALSE(keys::signing_lock(home));
    who.observe(*chain.chain, made.header);
    EXPECT_TRUE(keys::signing_lock(home));
}

TEST_F(NewValidator, OurOwnBlocksRaiseNoAlarm) {
    Producer who = producer(1);
    who.try_produce(*chain.chain, all, late());
    const auto outcome = who.try_produce(*chain.chain, all, late() + 5 * block_time_s);
    ASSERT_EQ(outcome.abstained, Abstained::nothing) << outcome.detail;
    who.observe(*chain.chain, outcome.block->header);
    EXPECT_FALSE(keys::signing_lock(home));
    Block other = *outcome.block;
    other.header.timestamp += 1;
    other.header.hash = other.header.own_hash();
    who.observe(*chain.chain, other.header);
    EXPECT_TRUE(keys::signing_lock(home));
}

TEST_F(Producing, APausedOneMakesNothing) {
    Connection other = Connection::open(chain.path, Connection::Mode::read_write);
    chaindb::PauseOrder order;
    order.network = "devnet";
    order.sequence = 1;
    order.issued_at = chain.now();
    chaindb::apply_pause(other, order);
    Producer who = producer();
    EXPECT_EQ(asked(who), Abstained::paused);
}

TEST_F(Producing, ABlockThatWasMadeBeforeAKillIsGivenAgainUntilItIsInTheChain) {
    keys::raise_watermark(home, identity(), 0);
    Producer first = producer();
    const auto made = first.try_produce(*chain.chain, {}, late());
    ASSERT_EQ(made.abstained, Abstained::nothing) << made.detail;
    // It was killed before anybody saw the block; meanwhile there is more to put into one.
    chain.open();
    ASSERT_EQ(chain.add(chain.transaction(0, "transfer", coin, address(5))).verdict, Verdict::accepted);
    Producer again = producer();
    const auto same = again.try_produce(*chain.chain, {}, late() + 50);
    ASSERT_EQ(same.abstained, Abstained::nothing) << same.detail;
    EXPECT_EQ(to_json(*same.block), to_json(*made.block));
    EXPECT_EQ(chain->accept(*same.block, late() + 50).verdict, Verdict::accepted);
    EXPECT_EQ(again.try_produce(*chain.chain, {}, late()).abstained, Abstained::nothing);
}

TEST_F(Producing, AWatermarkWithoutTheBlocksContentsBurnsTheHeight) {
    keys::raise_watermark(home, identity(), 1);
    Producer who = producer();
    EXPECT_EQ(asked(who), Abstained::watermark);
}

TEST_F(NewValidator, AfterALongSilenceLaterRoundsLeaveTheFirstOnesTheirTime) {
    Producer who = producer(1);
    while (chain->proposers().front() != address(0)) chain.grow();
    keys::raise_watermark(home, identity(1), chain->tip().height);
    const double now = late();
    const auto outcome = who.try_produce(*chain.chain, all, now);
    EXPECT_EQ(outcome.abstained, Abstained::not_our_turn);
    EXPECT_EQ(outcome.next_try_s, now + block_time_s);
    EXPECT_EQ(who.try_produce(*chain.chain, all, now + block_time_s).abstained, Abstained::nothing);
}

}  // namespace
}  // namespace bt2c::node
