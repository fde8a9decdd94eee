// [N1] What a home's database and audit log say when an order comes in.

#include "network/order_situation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "network/audit_log.hpp"
#include "support/temporary_folder.hpp"
#include "unit/network/policy.hpp"

namespace bt2c::network {
namespace {

using testing::ElementsAre;

struct Situation : testing::Test {
    void log(AuditEvent event, const Order& order) const {
        append_audit(
            home,
            {.event = event, .network = order.network, .sequence = order.sequence, .order = order.text()},
            test::issued);
    }
    OrderSituation now(const std::optional<chaindb::PauseState>& state = {}) const {
        return situation_of(home, "mainnet", state, test::issued);
    }
    support::TemporaryFolder folder;
    config::Home home{folder.path()};
    const Order pause = test::signed_by(test::pause_order(4), {"alice", "bob"});
};

TEST_F(Situation, IsEmptyAtFirst) {
    const OrderSituation none = now();
    EXPECT_EQ(none.last_sequence, 0);
    EXPECT_FALSE(none.paused);
    EXPECT_TRUE(none.genesis_hash.empty());
}

TEST_F(Situation, FollowsTheLog) {
    Order elsewhere = test::pause_order(90);
    elsewhere.network = "testnet";
    log(AuditEvent::paused, elsewhere);
    log(AuditEvent::order_refused, test::pause_order(80));
    log(AuditEvent::order_accepted, pause);
    log(AuditEvent::paused, pause);
    OrderSituation seen = now();
    EXPECT_EQ(seen.last_sequence, 4);
    EXPECT_TRUE(seen.last_order && seen.last_order->is(pause));
    EXPECT_TRUE(seen.paused);
    EXPECT_EQ(seen.pause_sequence, 4);
    ASSERT_EQ(seen.earlier_pauses.size(), 1U);
    EXPECT_THAT(seen.earlier_pauses[0].signers, ElementsAre("alice", "bob"));

    // To extend it uses up no budget.
    log(AuditEvent::paused, test::signed_by(test::pause_order(5), {"alice", "bob"}));
    seen = now();
    EXPECT_EQ(seen.pause_sequence, 5);
    EXPECT_EQ(seen.earlier_pauses.size(), 1U);

    log(AuditEvent::resumed, test::resume_order(6, 5));
    seen = now();
    EXPECT_FALSE(seen.paused);
    EXPECT_EQ(seen.last_sequence, 6);
}

TEST_F(Situation, IsFirstOfAllThatOfTheDatabase) {
    log(AuditEvent::paused, pause);
    chaindb::PauseState state;
    state.genesis_hash = test::genesis;
    state.sequence = 9;
    state.action = "resume";
    const OrderSituation seen = now(state);
    EXPECT_FALSE(seen.paused);
    EXPECT_EQ(seen.last_sequence, 9);
    EXPECT_FALSE(seen.last_order);
    EXPECT_EQ(seen.genesis_hash, test::genesis);
    EXPECT_EQ(seen.earlier_pauses.size(), 1U);
    // A database that was restored to an earlier state makes no older order count again.
    state.sequence = 2;
    EXPECT_EQ(now(state).last_sequence, 4);
}

}  // namespace
}  // namespace bt2c::network
