// [N1] Each rule refuses what is against it, says so, and changes nothing.

#include <gtest/gtest.h>

#include <functional>

#include "chaindb/network_pause.hpp"
#include "unit/node/test_network.hpp"

namespace bt2c::node {
namespace {

struct Rules : testing::Test {
    Rules() {
        chain.grow();
        EXPECT_EQ(chain.add(chain.transaction(0, "transfer", coin, address(1))).verdict, Verdict::accepted);
        EXPECT_EQ(chain.add(chain.transaction(1, "transfer", coin, address(0))).verdict, Verdict::accepted);
        sound = chain.block();
    }
    /// The block after a change that is sealed soundly again.
    std::string reason(const std::function<void(Block&)>& change, bool reseal = true) {
        Block made = sound;
        change(made);
        if (reseal) made = chain.resealed(made);
        const std::string before = dump(chain.path);
        const Taken taken = chain->accept(made, sound.header.timestamp);
        EXPECT_EQ(taken.verdict, Verdict::refused);
        EXPECT_EQ(difference(dump(chain.path), before), "");
        return taken.reason;
    }
    static void resign(Block& block, std::size_t i, const TestChain& chain, std::size_t from) {
        sign_transaction(block.transactions[i], "devnet", chain.chain->genesis(), signer(from));
    }
    static void retime_reward(Block& block) {
        Transaction& reward = block.transactions.back();
        reward.timestamp = block.header.timestamp;
        reward.hash = transaction_hash(reward, "devnet");
    }
    TestChain chain{3};
    Block sound;
};

TEST_F(Rules, TheSoundBlockIsTaken) {
    EXPECT_EQ(chain.accept(sound).verdict, Verdict::accepted);
    EXPECT_EQ(chain.accept(sound).verdict, Verdict::known);
}

TEST_F(Rules, OfTheHeader) {
    EXPECT_EQ(reason([](Block& b) { b.header.network = "testnet"; }), "the block belongs to another network");
    EXPECT_EQ(reason([](Block& b) { b.header.hash[0] ^= 1; }, false), "the block's hash is wrong");
    EXPECT_EQ(reason([](Block& b) {
                  b.header.height += 1;
                  b.transactions.back().nonce += 1;
                  retime_reward(b);
              }),
              "the block does not follow the tip");
    EXPECT_EQ(reason([](Block& b) { b.header.public_key = signer(9).public_key; }, false),
              "the block's public key is not its validator's");
    EXPECT_EQ(reason([](Block& b) { b.header.signature[9] ^= 1; }, false),
              "the block's signature does not verify");
    EXPECT_EQ(reason([](Block& b) { b.header.nonce = 3; }), "there is no such round");
    EXPECT_EQ(reason([](Block& b) { b.header.nonce = 1; }), "it is not the validator's turn");
    EXPECT_EQ(reason([](Block& b) {
                  b.header.timestamp -= 0.001;
                  retime_reward(b);
              }),
              "the block is earlier than its round");
    EXPECT_EQ(reason([](Block& b) {
                  b.header.timestamp += 2.01;
                  retime_reward(b);
              }),
              "the block is from the future");
    Block orphan = sound;
    orphan.header.previous_hash[3] ^= 1;
    EXPECT_EQ(chain.accept(chain.resealed(orphan)).verdict, Verdict::unconnected);
}

TEST_F(Rules, OfItsTransactions) {
    EXPECT_EQ(reason(
                  [](Block& b) {
                      b.header.merkle_root[0] ^= 1;
                      b.header.hash = b.header.own_hash();
                      sign_header(b.header, {}, signer(0));
                  },
                  false)
                  .empty(),
              false);
    EXPECT_EQ(reason([](Block& b) { b.transactions.clear(); }), "the block has no reward");
    EXPECT_EQ(reason([](Block& b) { b.transactions.pop_back(); }), "the last transaction is no reward");
    EXPECT_EQ(reason([](Block& b) { std::swap(b.transactions[0], b.transactions[1]); }),
              "the transactions are not in order");
    EXPECT_EQ(reason([](Block& b) { b.transactions[1] = b.transactions[0]; }),
              "the transactions are not in order");
    EXPECT_EQ(reason([](Block& b) { b.transactions.insert(b.transactions.begin(), b.transactions.back()); }),
              "there is a reward that the block's maker did not earn");
    EXPECT_EQ(reason([](Block& b) {
                  b.transactions.back().recipient = address(9);
                  retime_reward(b);
              }),
              "the reward is not the block's");
    EXPECT_EQ(reason([](Block& b) {
                  b.transactions.back().units += 1;
                  retime_reward(b);
              }),
              "the reward is not what the schedule says");
    EXPECT_EQ(reason([](Block& b) { b.transactions.back().hash[0] ^= 1; }), "the reward's hash is wrong");
    EXPECT_EQ(reason([](Block& b) { b.transactions[0].units += 1; }), "a transaction's hash is wrong");
    EXPECT_EQ(reason([](Block& b) { b.transactions[0].signature[0] ^= 1; }),
              "a transaction's signature does not verify");
    EXPECT_EQ(reason([](Block& b) { b.transactions[0].public_key = signer(9).public_key; }),
              "a transaction's public key is not its sender's");
    EXPECT_EQ(reason([](Block& b) {
                  b.transactions.resize(1, b.transactions[0]);
                  b.transactions.resize(transactions_max + 1, b.transactions[0]);
              }),
              "the block has too many transactions");
}

TEST_F(Rules, OfWhatTransactionsDo) {
    const auto changed = [&](const std::function<void(Transaction&)>& change) {
        return reason([&](Block& b) {
            b.transactions.erase(b.transactions.begin() + 1);
            change(b.transactions[0]);
            for (std::size_t from : {0U, 1U})
                if (b.transactions[0].sender == address(from)) resign(b, 0, chain, from);
        });
    };
    EXPECT_EQ(changed([](Transaction& t) { t.nonce = 2; }),
              "a transaction's nonce is not 1, the sender's next one");
    EXPECT_EQ(changed([](Transaction& t) { t.units = 900 * coin; }), "the sender's balance is too small");
    EXPECT_EQ(changed([](Transaction& t) { t.units = 0; }), "the amount is not one that the type allows");
    EXPECT_EQ(changed([](Transaction& t) { t.recipient = "somebody"; }),
              "the recipient is not one that the type allows");
    EXPECT_EQ(changed([](Transaction& t) { t.timestamp += 60; }), "a transaction is later than its block");
    EXPECT_EQ(changed([](Transaction& t) { t.timestamp -= 3700; }), "a transaction has expired");
    EXPECT_EQ(changed([](Transaction& t) {
                  t.type = "unstake";
                  t.recipient = t.sender;
              }),
              "the amount is not the whole stake");
    EXPECT_NE(changed([](Transaction& t) {
                  t.type = "validator";
                  t.units = 0;
                  t.recipient = t.sender;
              }),
              "");
}

TEST_F(Rules, AnotherNetworksTransactionIsNotSignedForThisOne) {
    EXPECT_EQ(reason([&](Block& b) {
                  sign_transaction(b.transactions[0], "devnet", chain::Hash{1},
                                   TestChain::signer_for(b.transactions[0].sender));
              }),
              "a transaction's signature does not verify");
}

TEST_F(Rules, SupplyEndsAtItsMaximum) {
    chain.chain.reset();
    Connection::open(chain.path, Connection::Mode::read_write)
        .execute("UPDATE node_state SET paid_units = 2100000000000000 - 500000000");
    chain.open();
    const Block last = chain.grow();
    EXPECT_EQ(last.transactions.back().units, 5 * coin);
    EXPECT_EQ(chain.grow().transactions.back().units, 0);
}

TEST_F(Rules, TransactionsThatCannotWait) {
    const auto said = [&](Transaction made) { return chain.add(made).reason; };
    Transaction made = chain.transaction(2, "transfer", coin, address(1));
    made.nonce = 102;
    sign_transaction(made, "devnet", chain->genesis(), signer(2));
    EXPECT_EQ(said(made), "the nonce is not one of the next 100 after 0");
    made.nonce = 1;
    made.timestamp += 10;
    sign_transaction(made, "devnet", chain->genesis(), signer(2));
    EXPECT_EQ(said(made), "the transaction is from the future");
    EXPECT_EQ(said(chain.transaction(0, "transfer", 2 * coin, address(1))),
              "a transaction with this nonce waits already");
    EXPECT_EQ(said(chain.transaction(2, "transfer", 5000 * coin, address(1))),
              "the sender's balance is too small");
    EXPECT_EQ(chain.add(sound.transactions[0]).verdict, Verdict::known);
    EXPECT_EQ(chain->pending_count(), 2U);
    // They are there after a restart, and expire.
    chain.open();
    EXPECT_EQ(chain->pending_count(), 2U);
    const std::string maker = chain->proposers().front();
    Block late = chain->build(maker, 0, chain.now() + 4000);
    EXPECT_EQ(late.transactions.size(), 1U);
    sign_header(late.header, chain->genesis(), TestChain::signer_for(maker));
    ASSERT_EQ(chain.accept(late).verdict, Verdict::accepted);
    EXPECT_EQ(chain->pending_count(), 0U);
    EXPECT_EQ(failures(chain.path), "");
}

TEST_F(Rules, APausedNetworkTakesNoBlock) {
    Connection other = Connection::open(chain.path, Connection::Mode::read_write);
    chaindb::PauseOrder order;
    order.network = "devnet";
    order.sequence = 1;
    order.issued_at = chain.now();
    chaindb::apply_pause(other, order);
    EXPECT_TRUE(chain->paused());
    EXPECT_EQ(chain->pause_sequence(), 1);
    EXPECT_EQ(chain.accept(sound).verdict, Verdict::paused);
    std::size_t accepted = 0;
    EXPECT_EQ(chain->accept_all({sound, sound}, chain.now() + 100, accepted).verdict, Verdict::paused);
    EXPECT_TRUE(chain->proposers().empty());
    order.sequence = 2;
    order.issued_at += 50;
    chaindb::apply_resume(other, order, false);
    EXPECT_EQ(chain->pause_sequence(), 2);
    EXPECT_EQ(chain.accept(sound).verdict, Verdict::accepted);
    EXPECT_EQ(failures(chain.path), "");
}

TEST_F(Rules, ABatchStopsAtTheFirstBadBlockAndKeepsThoseBefore) {
    TestChain other{3};
    std::vector<Block> blocks;
    for (int i = 0; i < 20; ++i) blocks.push_back(other.grow());
    for (const bool by_hash : {true, false}) {
        TestChain third{3};
        std::vector<Block> bad = blocks;
        Block& target = bad[14];
        if (by_hash) {
            target.header.merkle_root[0] ^= 1;
        } else {
            target.transactions.back().units += 1;
            retime_reward(target);
            target = other.resealed(target);
            bad[15].header.previous_hash = target.header.hash;
        }
        std::size_t accepted = 0;
        EXPECT_EQ(third->accept_all(bad, other.now(), accepted).verdict, Verdict::refused);
        EXPECT_EQ(accepted, 14U);
        EXPECT_EQ(third->tip().hash, blocks[13].header.hash);
        // What was kept can be undone: the right blocks are a better branch.
        EXPECT_EQ(third->accept_all(blocks, other.now(), accepted).verdict, Verdict::accepted);
        EXPECT_EQ(difference(dump(third.path), dump(other.path)), "");
    }
}

}  // namespace
}  // namespace bt2c::node
