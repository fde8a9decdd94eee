// When a restored validator may sign again.

#include "network/unlock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bt2c::network {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

UnlockFacts sound_facts() {
    UnlockFacts facts;
    facts.now_s = 10'000;
    facts.block_time_s = 30;
    facts.height = 100;
    facts.tip_hash = "t";
    facts.tip_at_s = 9'990;
    facts.other_validators = 3;
    facts.watermark = 95;
    facts.attestation = "power cut, disk removed";
    facts.peers = {{"p1", "", 100, "t", 9'000, false}, {"p2", "", 101, "t", 9'000, false}};
    return facts;
}

TEST(Unlock, ASoundNodeWhoseTwinIsDeadMaySign) {
    const UnlockDecision decision = decide_unlock(sound_facts());
    EXPECT_THAT(decision.refusals, IsEmpty());
    EXPECT_THAT(decision.not_checked, IsEmpty());
    EXPECT_EQ(decision.watermark, 101 + unlock_margin);
}

TEST(Unlock, EachDoubtRefusesByItself) {
    const auto refused = [](auto change, const char* text) {
        UnlockFacts facts = sound_facts();
        change(facts);
        EXPECT_THAT(decide_unlock(facts).refusals, Contains(HasSubstr(text))) << text;
        EXPECT_EQ(decide_unlock(facts).refusals.size(), 1U) << text;
    };
    refused([](UnlockFacts& facts) { facts.attestation.clear(); }, "nobody says");
    refused([](UnlockFacts& facts) { facts.integrity_problem = "a gap"; }, "the chain has problems: a gap");
    refused([](UnlockFacts& facts) { facts.paused = true; }, "paused");
    refused([](UnlockFacts& facts) { facts.peers[0].height = 102; }, "let it sync first");
    refused([](UnlockFacts& facts) { facts.peers[0].hash_at_our_height = "u"; }, "fork");
    refused([](UnlockFacts& facts) { facts.peers[1].has_our_validator = true; }, "the old host lives");
    refused([](UnlockFacts& facts) { facts.peers[1].last_block_at = 9'950; }, "saw a block by this key");
    refused([](UnlockFacts& facts) { facts.peers[1].last_block_at = 10'500; }, "saw a block by this key");
}

TEST(Unlock, WhatCouldNotBeCheckedIsSaid) {
    UnlockFacts facts = sound_facts();
    facts.peers[1] = {"p2", "connection refused", 0, "", {}, false};
    EXPECT_THAT(decide_unlock(facts).not_checked,
                Contains(HasSubstr("p2 could not be asked: connection refused")));
    EXPECT_THAT(decide_unlock(facts).refusals, IsEmpty());
    facts.peers[0].last_block_at.reset();
    EXPECT_THAT(decide_unlock(facts).not_checked, Contains(HasSubstr("p1 does not say when")));
    facts.peers.clear();
    EXPECT_THAT(decide_unlock(facts).not_checked, Contains(HasSubstr("no peer was asked")));
}

TEST(Unlock, WithoutHistoryTheClockSaysWhatTheOldHostMayHaveSigned) {
    UnlockFacts facts = sound_facts();
    facts.peers.clear();
    facts.tip_at_s = 9'000;
    EXPECT_EQ(decide_unlock(facts).watermark, 100 + 34 + unlock_margin);
    facts.watermark = 500;
    EXPECT_EQ(decide_unlock(facts).watermark, 500);
    facts.highest_own = 700;
    EXPECT_EQ(decide_unlock(facts).watermark, 700);
}

TEST(Unlock, TheOnlyValidatorGoesOnFromItsTip) {
    UnlockFacts facts = sound_facts();
    facts.peers.clear();
    facts.other_validators = 0;
    EXPECT_EQ(decide_unlock(facts).watermark, 100);
    EXPECT_THAT(decide_unlock(facts).refusals, IsEmpty());
    facts.watermark = 130;
    EXPECT_THAT(decide_unlock(facts).refusals, Contains(HasSubstr("--total-outage")));
}

TEST(Unlock, InATotalOutageAPersonAnswersForIt) {
    UnlockFacts facts = sound_facts();
    facts.peers.clear();
    facts.total_outage = true;
    facts.watermark = 130;
    EXPECT_EQ(decide_unlock(facts).watermark, 100);
    EXPECT_THAT(decide_unlock(facts).not_checked, Contains(HasSubstr("heights 101 to 130")));
    facts.attestation.clear();
    EXPECT_THAT(decide_unlock(facts).refusals, Contains(HasSubstr("nobody says")));
}

}  // namespace
}  // namespace bt2c::network
