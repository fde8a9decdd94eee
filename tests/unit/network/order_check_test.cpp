// [N1] Which orders count. Each reason to refuse one has its own message.

#include "network/order_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "unit/network/policy.hpp"

namespace bt2c::network {
namespace {

using base::ErrorKind;
using test::day;
using test::hour;
using test::issued;
using test::minute;
using test::pause_order;
using test::paused_situation;
using test::policy;
using test::resume_order;
using test::signed_by;
using test::situation;
using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const Order& order, const OrderSituation& where, CheckMode mode = CheckMode::fresh,
                    const config::EmergencyPolicy& rules = policy(), ErrorKind kind = ErrorKind::failed) {
    try {
        check(Order::parse(order.text()), rules, where, mode);
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), kind) << error.message();
        return error.message() + " | " + error.cause() + " | " + error.hint();
    }
    return "accepted";
}

TEST(OrderCheck, EnoughSignaturesCount) {
    EXPECT_THAT(check(signed_by(pause_order(), {"oncall"}), policy(), situation(), CheckMode::fresh),
                ElementsAre("oncall"));
    EXPECT_THAT(
        check(signed_by(resume_order(), {"alice", "carol"}), policy(), paused_situation(), CheckMode::fresh),
        ElementsAre("alice", "carol"));
}

TEST(OrderCheck, AnotherNetworkIsRefused) {
    OrderSituation elsewhere = situation();
    elsewhere.network = "testnet";
    EXPECT_THAT(
        refusal(signed_by(pause_order(), {"alice"}), elsewhere),
        HasSubstr("order 1 is refused: the policy here is for the network 'mainnet', not for 'testnet'"));
    Order order = pause_order();
    order.network = "testnet";
    EXPECT_THAT(refusal(signed_by(order, {"alice"}), situation()),
                HasSubstr("it is for the network 'testnet', and this is 'mainnet'"));
}

TEST(OrderCheck, AnotherGenesisIsRefused) {
    Order order = pause_order();
    order.genesis_hash = std::string(64, 'b');
    EXPECT_THAT(refusal(signed_by(order, {"alice"}), situation()), HasSubstr("it is for another chain"));
}

TEST(OrderCheck, WhoIsNoMemberCannotSign) {
    EXPECT_THAT(refusal(signed_by(pause_order(), {"mallory"}), situation()),
                HasSubstr("'mallory' is no member of the policy"));
    // Also beside signatures that would be enough.
    EXPECT_THAT(refusal(signed_by(pause_order(), {"alice", "mallory"}), situation()),
                HasSubstr("'mallory' is no member of the policy"));
    Order order = pause_order();
    sign_order(order, test::signer_called("alice", "an old key of alice"), issued);
    EXPECT_THAT(refusal(order, situation()), HasSubstr("the key of 'alice' is not the one in the policy"));
}

TEST(OrderCheck, NobodySignsTwice) {
    Order order = signed_by(resume_order(), {"alice"});
    const Order again = signed_by(resume_order(), {"alice"});
    order.signatures.push_back(again.signatures[0]);
    EXPECT_THAT(refusal(order, paused_situation()), HasSubstr("'alice' signed it twice"));
}

TEST(OrderCheck, WhatWasChangedAfterwardsIsForged) {
    const auto forged = [](const Order& order) {
        EXPECT_THAT(refusal(order, situation(), CheckMode::fresh, policy(), ErrorKind::wrong_secret),
                    HasSubstr("the signature of 'alice' does not verify"));
    };
    const Order order = signed_by(pause_order(), {"alice"});
    Order changed = order;
    changed.pause_until += hour;
    forged(changed);
    changed = order;
    changed.reason += "!";
    forged(changed);
    changed = order;
    changed.sequence = 2;
    forged(changed);
    changed = order;
    changed.signatures[0].signed_at += 1;
    forged(changed);
    // A signature of bob under the name and key of alice.
    changed = order;
    changed.signatures[0].signature = signed_by(pause_order(), {"bob"}).signatures[0].signature;
    forged(changed);
}

TEST(OrderCheck, OnlyWhatAMemberMayDoCounts) {
    EXPECT_THAT(refusal(signed_by(pause_order(), {"carol"}), situation()),
                HasSubstr("'carol' may not pause"));
    EXPECT_THAT(refusal(signed_by(resume_order(), {"alice", "oncall"}), paused_situation()),
                HasSubstr("'oncall' may not resume"));
    Order unlock = pause_order();
    unlock.action = Action::unlock;
    unlock.pause_until = 0;
    unlock.scope = "bt2c_ilglu3mcvs7s6eruv2p72ymepu";
    EXPECT_THAT(refusal(signed_by(unlock, {"carol"}), situation()), HasSubstr("'carol' may not unlock"));
    EXPECT_EQ(refusal(signed_by(unlock, {"bob"}), situation()), "accepted");
}

TEST(OrderCheck, SaysHowManySignaturesAreMissingAndWhoMaySign) {
    EXPECT_THAT(refusal(resume_order(), paused_situation()),
                HasSubstr("2 more signatures are needed | who may sign it: alice, bob, carol"));
    EXPECT_THAT(refusal(signed_by(resume_order(), {"bob"}), paused_situation()),
                HasSubstr("1 more signature is needed | who may sign it: alice, carol"));
    // An order that nobody signed is none, whatever the policy.
    Order unlock = pause_order();
    unlock.action = Action::unlock;
    unlock.pause_until = 0;
    unlock.scope = "bt2c_x";
    EXPECT_THAT(refusal(unlock, situation()), HasSubstr("1 more signature is needed"));
}

TEST(OrderCheck, AReplayIsRefused) {
    OrderSituation where = situation();
    where.last_sequence = 1;
    const Order order = signed_by(pause_order(), {"alice"});
    EXPECT_THAT(refusal(order, where), HasSubstr("it was applied already"));
    where.last_order = signed_by(pause_order(), {"bob"});
    EXPECT_THAT(refusal(order, where), HasSubstr("it was applied already"));
}

TEST(OrderCheck, AnotherOrderOfTheSameNumberIsRefused) {
    OrderSituation where = situation();
    where.last_sequence = 1;
    where.last_order = signed_by(pause_order(), {"alice"});
    Order other = pause_order();
    other.reason = "another";
    EXPECT_THAT(refusal(signed_by(other, {"alice"}), where),
                HasSubstr("another order has that number already"));
}

TEST(OrderCheck, AnOlderOrderIsRefused) {
    OrderSituation where = situation();
    where.last_sequence = 5;
    EXPECT_THAT(refusal(signed_by(pause_order(4), {"alice"}), where),
                HasSubstr("it comes after order 5, which is newer"));
}

TEST(OrderCheck, AGapIsRefusedWhereNoneMayBe) {
    OrderSituation where = situation();
    where.last_sequence = 5;
    const Order order = signed_by(pause_order(7), {"alice"});
    EXPECT_EQ(refusal(order, where), "accepted");
    where.gaps_allowed = false;
    EXPECT_THAT(refusal(order, where), HasSubstr("order 6 has to come first"));
    EXPECT_EQ(refusal(signed_by(pause_order(6), {"alice"}), where), "accepted");
}

TEST(OrderCheck, NobodyUsesUpTheNumbers) {
    OrderSituation where = situation();
    where.last_sequence = 5;
    Order order = pause_order();
    order.sequence = 1'000'005;
    EXPECT_EQ(refusal(signed_by(order, {"alice"}), where), "accepted");
    order.sequence = 1'000'006;
    EXPECT_THAT(refusal(signed_by(order, {"alice"}), where), HasSubstr("too far ahead of order 5"));
}

// Its first order is over, and what it has to obey is the extension.
TEST(OrderCheck, WhoMayExtendAPauseMayBeginItWhereANodeWasAway) {
    EXPECT_EQ(refusal(signed_by(pause_order(2), {"alice", "carol"}), paused_situation()), "accepted");
    EXPECT_EQ(refusal(signed_by(pause_order(2), {"alice", "carol"}), situation(), CheckMode::catching_up),
              "accepted");
    EXPECT_THAT(refusal(signed_by(pause_order(), {"carol"}), situation()),
                HasSubstr("'carol' may not pause"));
}

TEST(OrderCheck, APauseThatIsOverIsNotExtended) {
    OrderSituation where = paused_situation();
    where.pause_is_over = true;
    Order order = pause_order();
    order.sequence = where.last_sequence + 1;
    EXPECT_EQ(refusal(signed_by(order, {"alice"}), where), "accepted");
}

TEST(OrderCheck, WhatWasAcceptedNeedsItsSignersStill) {
    OrderSituation where = situation();
    where.now = issued + hour;
    Order order = pause_order();
    EXPECT_EQ(refusal(signed_by(order, {"alice"}), where, CheckMode::accepted), "accepted");
    EXPECT_THAT(refusal(signed_by(order, {"mallory"}), where, CheckMode::accepted),
                HasSubstr("'mallory' is no member of the policy"));
    where.now = order.pause_until + minute;
    EXPECT_THAT(refusal(signed_by(order, {"alice"}), where, CheckMode::accepted),
                HasSubstr("its pause ended at"));
}

TEST(OrderCheck, AnExpiredOrderIsRefusedUnlessANodeWasAway) {
    OrderSituation where = situation();
    const Order order = signed_by(pause_order(), {"alice"});
    where.now = order.expires_at;
    EXPECT_EQ(refusal(order, where), "accepted");
    where.now = order.expires_at + minute;
    EXPECT_THAT(refusal(order, where), HasSubstr("it expired 1 min 00 s ago"));
    EXPECT_EQ(refusal(order, where, CheckMode::catching_up), "accepted");
    where.now = order.pause_until;
    EXPECT_THAT(refusal(order, where, CheckMode::catching_up),
                HasSubstr("its pause ended at 2026-09-21T18:13:20Z"));
}

TEST(OrderCheck, AClockThatIsOffIsTold) {
    OrderSituation where = situation();
    const Order order = signed_by(pause_order(), {"alice"});
    where.now = issued - 2 * minute + minute;
    EXPECT_EQ(refusal(order, where), "accepted");
    where.now = issued - 5 * minute;
    EXPECT_THAT(refusal(order, where), HasSubstr("it was issued 5 min 00 s in the future"));
    EXPECT_THAT(refusal(order, where, CheckMode::catching_up), HasSubstr("compare the clocks"));
    Order late = pause_order();
    sign_order(late, test::signer_called("alice"), issued + 10 * minute);
    EXPECT_THAT(refusal(late, situation()), HasSubstr("'alice' signed it 8 min 00 s in the future"));
    Order early = pause_order();
    sign_order(early, test::signer_called("alice"), issued - 10 * minute);
    EXPECT_THAT(refusal(early, situation()), HasSubstr("'alice' signed it 10 min 00 s before it was issued"));
}

TEST(OrderCheck, ASignatureAfterTheExpiryNeverCounts) {
    Order order = pause_order();
    sign_order(order, test::signer_called("alice"), order.expires_at + minute);
    OrderSituation where = situation();
    where.now = issued + hour;
    EXPECT_THAT(refusal(order, where, CheckMode::catching_up),
                HasSubstr("'alice' signed it after it had expired"));
}

TEST(OrderCheck, LifetimesAreBounded) {
    Order order = pause_order();
    order.expires_at = issued + 16 * minute;
    EXPECT_THAT(refusal(signed_by(order, {"alice"}), situation()),
                HasSubstr("it is valid for 16 min 00 s, longer than the policy's 15 min"));
    order = pause_order();
    order.pause_until = issued + 24 * hour + 1;
    EXPECT_THAT(refusal(signed_by(order, {"alice"}), situation()),
                HasSubstr("longer than the policy's 24 h"));
    order.pause_until = issued + 24 * hour;
    EXPECT_EQ(refusal(signed_by(order, {"alice"}), situation()), "accepted");
}

TEST(OrderCheck, APauseThatHasEndedIsRefused) {
    Order order = pause_order();
    order.pause_until = issued + minute;
    EXPECT_THAT(refusal(signed_by(order, {"alice"}), situation()), HasSubstr("its pause ended at"));
}

TEST(OrderCheck, EachMemberHasABudgetOfPauses) {
    OrderSituation where = situation();
    where.earlier_pauses = {{{"oncall"}, issued - 29 * day},
                            {{"alice", "oncall"}, issued - 3 * day},
                            {{"oncall"}, issued - 31 * day}};
    EXPECT_THAT(refusal(signed_by(pause_order(), {"oncall"}), where),
                HasSubstr("'oncall' has used up its 2 pauses of 30 days | the next is free at "
                          "2026-09-22T14:13:20Z | let another member sign"));
    EXPECT_EQ(refusal(signed_by(pause_order(), {"alice"}), where), "accepted");
    where.earlier_pauses.erase(where.earlier_pauses.begin());
    EXPECT_EQ(refusal(signed_by(pause_order(), {"oncall"}), where), "accepted");
}

TEST(OrderCheck, OnlyThePauseInForceIsResumed) {
    EXPECT_EQ(refusal(signed_by(resume_order(), {"alice", "bob"}), situation()), "accepted")
        << "it changes nothing here";
    OrderSituation where = paused_situation();
    where.last_sequence = where.pause_sequence = 3;
    EXPECT_THAT(refusal(signed_by(resume_order(4, 1), {"alice", "bob"}), where),
                HasSubstr("it ends the pause of order 1, but the one in force is of order 3"));
    EXPECT_EQ(refusal(signed_by(resume_order(4, 3), {"alice", "bob"}), where), "accepted");
}

TEST(OrderCheck, ToExtendAPauseTakesWhatAResumeTakes) {
    const OrderSituation where = paused_situation();
    EXPECT_THAT(refusal(signed_by(pause_order(2), {"alice"}), where),
                HasSubstr("1 more signature is needed to extend a pause | who may sign it: bob, carol"));
    EXPECT_THAT(refusal(signed_by(pause_order(2), {"alice", "oncall"}), where),
                HasSubstr("'oncall' may not extend a pause"));
    EXPECT_EQ(refusal(signed_by(pause_order(2), {"alice", "bob"}), where), "accepted");
    // And a number of its own.
    EXPECT_THAT(refusal(signed_by(pause_order(1), {"alice", "bob"}), where), HasSubstr("applied already"));
}

TEST(OrderCheck, ReportsWhatEachSignatureIsWorth) {
    Order order = signed_by(resume_order(), {"alice", "mallory", "oncall"});
    order.signatures.push_back(order.signatures[0]);
    order.signatures.push_back(signed_by(resume_order(3), {"bob"}).signatures[0]);
    const SignatureReport report = look_at_signatures(order, policy(), false);
    EXPECT_THAT(report.worth,
                ElementsAre(SignatureWorth::counts, SignatureWorth::unknown_signer,
                            SignatureWorth::not_allowed, SignatureWorth::repeated, SignatureWorth::forged));
    EXPECT_EQ(report.missing(), 1);
    EXPECT_THAT(report.others, ElementsAre("bob", "carol"));
}

}  // namespace
}  // namespace bt2c::network
