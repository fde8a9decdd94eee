// [N1] Branches: the better one wins on every node, what is undone is undone exactly, and two blocks by one
// validator at one height end in its tombstone.

#include <gtest/gtest.h>

#include "node/evidence.hpp"
#include "unit/node/test_network.hpp"

namespace bt2c::node {
namespace {

/// Dumps without the pool, which branches may leave fuller.
std::string chain_of(const TestChain& chain) {
    std::istringstream lines(dump(chain.path));
    std::string kept, line;
    while (std::getline(lines, line))
        if (!line.starts_with("transactions") || !line.ends_with(",1")) kept += line + "\n";
    return kept;
}

TEST(Branches, TheLowerRoundWinsAtEqualHeightAndTheHigherChainOverAll) {
    TestChain one(3), other(3);
    const Block early = one.grow(0);
    const Block late = other.grow(1);
    EXPECT_EQ(one->accept(late, late.header.timestamp).verdict, Verdict::worse);
    EXPECT_EQ(other->accept(early, late.header.timestamp).verdict, Verdict::accepted);
    EXPECT_EQ(difference(chain_of(one), chain_of(other)), "");
    EXPECT_EQ(other->accept(late, late.header.timestamp).verdict, Verdict::known);

    TestChain third(3);
    third.accept(late);
    const Block second = third.grow(0);
    EXPECT_EQ(one->accept(second, second.header.timestamp).verdict, Verdict::accepted);
    EXPECT_EQ(difference(chain_of(one), chain_of(third)), "");
    EXPECT_EQ(failures(one.path), "");
}

TEST(Branches, UndoingPutsEveryRowBackAndTransactionsWaitAgain) {
    TestChain chain(3), other(3);
    for (int i = 0; i < 3; ++i) other.accept(chain.grow());
    const std::string before = dump(chain.path);
    // A branch of all kinds of transactions, which the longer one does not have.
    std::vector<Transaction> lost;
    for (int i = 0; i < 4; ++i) {
        lost.push_back(chain.transaction(0, "transfer", coin, address(8)));
        ASSERT_EQ(chain.add(lost.back()).verdict, Verdict::accepted);
        if (i == 0) chain.add(chain.transaction(1, "unstake", 100 * coin));
        if (i == 1) chain.add(chain.transaction(2, "stake", 7 * coin));
        chain.grow(i == 2 ? 1 : 0);
    }
    EXPECT_EQ(chain->validator(address(1))->status, "UNSTAKING");
    for (int i = 0; i < 5; ++i) {
        const Block block = other.grow();
        const Taken taken = chain->accept(block, other.now() + 100);
        EXPECT_EQ(taken.verdict,
                  i < 4 && taken.verdict == Verdict::worse ? Verdict::worse : Verdict::accepted)
            << taken.reason;
    }
    EXPECT_EQ(chain->tip().hash, other->tip().hash);
    EXPECT_EQ(difference(chain_of(chain), chain_of(other)), "");
    EXPECT_EQ(chain->pending_count(), 6U);
    EXPECT_EQ(failures(chain.path), "");
    chain.grow();
    EXPECT_EQ(chain->pending_count(), 0U);
    EXPECT_EQ(chain->balance_units(address(8)), 4 * coin);
    EXPECT_EQ(failures(chain.path), "");
}

TEST(Branches, BlocksDeeperThanTheFinalOnesAreNotUndone) {
    TestChain chain(3), other(3);
    std::vector<Block> branch;
    for (int i = 0; i < 9; ++i) branch.push_back(other.grow(1));
    for (int i = 0; i < 6; ++i) chain.grow();
    const double now = other.now();
    std::size_t accepted = 0;
    TestChain deeper(3);
    for (int i = 0; i < 7; ++i) deeper.grow();
    EXPECT_EQ(deeper->accept_all(branch, now, accepted).verdict, Verdict::final);
    EXPECT_EQ(deeper->tip().height, 7);
    // Six can be undone.
    EXPECT_EQ(chain->accept_all(branch, now, accepted).verdict, Verdict::accepted);
    EXPECT_EQ(chain->tip().hash, other->tip().hash);
    EXPECT_EQ(difference(chain_of(chain), chain_of(other)), "");
}

TEST(Branches, ABadBlockInABetterBranchLeavesTheChainAsItWas) {
    TestChain chain(3), other(3);
    chain.grow(0);
    const Block first = other.grow(1);
    Block bad = other.block(0);
    bad.transactions.back().units += 1;
    bad.transactions.back().hash = transaction_hash(bad.transactions.back(), "devnet");
    bad = other.resealed(bad);
    const double now = bad.header.timestamp;
    EXPECT_EQ(chain->accept(first, now).verdict, Verdict::worse);
    const std::string before = dump(chain.path);
    EXPECT_EQ(chain->accept(bad, now).reason, "the reward is not what the schedule says");
    EXPECT_EQ(difference(dump(chain.path), before), "");
    const Block good = other.grow(0);
    EXPECT_EQ(chain->accept(good, now).verdict, Verdict::accepted);
    EXPECT_EQ(difference(chain_of(chain), chain_of(other)), "");
}

struct DoubleSigning : testing::Test {
    /// Another sound block by the maker of `block`.
    Block twin_of(const Block& block) const {
        Block twin = block;
        twin.header.timestamp += 0.5;
        twin.transactions.back().timestamp = twin.header.timestamp;
        twin.transactions.back().hash = transaction_hash(twin.transactions.back(), "devnet");
        return chain.resealed(twin);
    }
    std::size_t index_of(const std::string& name) const {
        for (std::size_t i = 0;; ++i)
            if (address(i) == name) return i;
    }
    TestChain chain{4};
};

TEST_F(DoubleSigning, IsRecordedOnceReportedAndTombstoned) {
    const Block block = chain.grow();
    EXPECT_TRUE(chain->take_own_transactions().empty());
    for (int i = 0; i < 2; ++i) chain->accept(twin_of(block), chain.now() + 10);
    EXPECT_EQ(chain->evidence_count(), 1);
    auto templates = chain->take_own_transactions();
    ASSERT_EQ(templates.size(), 1U);
    EXPECT_TRUE(chain->take_own_transactions().empty());
    const std::size_t guilty = index_of(block.header.validator);
    const std::size_t reporter = (guilty + 1) % 4;
    const Transaction report = chain.transaction(reporter, "validator", 0, {}, templates[0].payload);
    ASSERT_EQ(chain.add(report).verdict, Verdict::accepted);
    chain.grow();
    EXPECT_EQ(chain->validator(address(guilty))->status, "TOMBSTONED");
    EXPECT_EQ(chain->validator(address(guilty))->stake_units, 100 * coin);
    EXPECT_EQ(chain->evidence_count(), 1);
    EXPECT_EQ(failures(chain.path), "");
    EXPECT_EQ(chain.add(chain.transaction(reporter, "validator", 0, {}, templates[0].payload)).reason,
              "the validator is TOMBSTONED already");
    for (int i = 0; i < 14; ++i) EXPECT_NE(chain.grow().header.validator, address(guilty));
    EXPECT_TRUE(chain->take_own_transactions().empty());
}

TEST_F(DoubleSigning, EvidenceThatProvesNothingIsRefused) {
    const Block block = chain.grow(), twin = twin_of(block);
    const auto refused = [&](std::string payload) {
        const Taken taken = chain.add(chain.transaction(3, "validator", 0, {}, std::move(payload)));
        EXPECT_EQ(taken.verdict, Verdict::refused);
        return taken.reason;
    };
    EXPECT_NE(refused(evidence_payload(block.header, block.header)), "");
    BlockHeader forged = twin.header;
    forged.signature[0] ^= 1;
    EXPECT_NE(refused(evidence_payload(block.header, forged)).find("does not verify"), std::string::npos);
    EXPECT_NE(refused(evidence_payload(block.header, chain.grow().header)), "");
    EXPECT_NE(refused("{}"), "");
    EXPECT_NE(refused(""), "");
    EXPECT_NE(refused("[1"), "");
    // A stranger's two headers.
    BlockHeader one = block.header, other = twin.header;
    for (BlockHeader* header : {&one, &other}) {
        header->validator = address(20);
        header->hash = header->own_hash();
        sign_header(*header, chain->genesis(), signer(20));
    }
    EXPECT_EQ(refused(evidence_payload(one, other)), "the evidence is against no validator");
}

struct Rotation : testing::Test {
    keys::RotationRecord record(std::size_t from, std::size_t to, bool compromised = false) const {
        keys::RotationRecord made;
        made.network = "devnet";
        made.genesis_hash = chain::hash_text(chain.chain->genesis());
        made.reason = "half a year";
        made.compromised = compromised;
        made.rotated_at = 1743811500000;
        keys::sign_rotation(made, signer(from), signer(to));
        return made;
    }
    TestChain chain{3};
};

TEST_F(Rotation, MovesTheValidatorAndCanBeUndone) {
    TestChain other(3);
    const Transaction rotate = chain.transaction(11, "validator", 0, {}, record(1, 11).text());
    ASSERT_EQ(chain.add(rotate).verdict, Verdict::accepted);
    const Block block = chain.grow(1);
    EXPECT_FALSE(chain->validator(address(1)));
    EXPECT_EQ(chain->validator(address(11))->stake_units, 100 * coin);
    EXPECT_EQ(failures(chain.path), "");
    EXPECT_EQ(other->accept(block, chain.now()).verdict, Verdict::accepted);
    EXPECT_EQ(difference(chain_of(chain), chain_of(other)), "");
    // A sibling of the lower round undoes it.
    TestChain third(3);
    EXPECT_EQ(chain->accept(third.grow(0), chain.now()).verdict, Verdict::accepted);
    EXPECT_TRUE(chain->validator(address(1)));
    EXPECT_EQ(difference(chain_of(chain), chain_of(third)), "");
    EXPECT_EQ(chain->pending_count(), 1U);
    chain.grow();
    EXPECT_TRUE(chain->validator(address(11)));
    EXPECT_EQ(chain.add(chain.transaction(1, "stake", 5 * coin)).reason,
              "the key was given up for another one");
}

TEST_F(Rotation, OfAStolenKeyBansTheOldAddress) {
    ASSERT_EQ(chain.add(chain.transaction(1, "validator", 0, {}, record(1, 11, true).text())).verdict,
              Verdict::accepted);
    chain.grow();
    EXPECT_EQ(chain->validator(address(1))->status, "TOMBSTONED");
    EXPECT_EQ(chain->validator(address(11))->status, "ACTIVE");
    EXPECT_EQ(failures(chain.path), "");
}

TEST_F(Rotation, OfTheWrongChainBySomebodyElseOrOfNobodyIsRefused) {
    keys::RotationRecord foreign = record(1, 11);
    foreign.genesis_hash = std::string(64, '1');
    keys::sign_rotation(foreign, signer(1), signer(11));
    EXPECT_NE(
        chain.add(chain.transaction(1, "validator", 0, {}, foreign.text())).reason.find("another chain"),
        std::string::npos);
    EXPECT_EQ(chain.add(chain.transaction(0, "validator", 0, {}, record(1, 11).text())).reason,
              "a rotation is sent by the old or the new key only");
    EXPECT_NE(chain.add(chain.transaction(12, "validator", 0, {}, record(12, 11).text()))
                  .reason.find("it is no validator there"),
              std::string::npos);
}

}  // namespace
}  // namespace bt2c::node
