// [N1] Nodes that find each other, and share blocks and transactions.

#include "keys/derive_key.hpp"
#include "unit/node_net/net_fixture.hpp"

namespace bt2c::node {
namespace {

using std::chrono::milliseconds;

keys::Signer signer_of_phrase(std::string_view phrase) {
    return keys::signer_of(keys::derive_key(keys::seed_of_phrase(base::as_bytes(phrase)).view()).key);
}
const keys::Signer& one_key() {
    static const keys::Signer signer = signer_of_phrase("the key of one");
    return signer;
}
const keys::Signer& other_key() {
    static const keys::Signer signer = signer_of_phrase("the key of another");
    return signer;
}
auto with_key(const keys::Signer& signer) {
    return [&signer](PeersOptions& options) { options.signer = signer; };
}

TEST_F(NodeNet, TwoMeet) {
    TestNode& a = started("node-a", {}, with_key(one_key()));
    TestNode& b = started("node-b", {a.port()}, with_key(other_key()));
    a.chain.stakes[keys::address_of(other_key().public_key)] = 500;
    ASSERT_TRUE(until([&] { return a.peers->list().size() == 1 && b.peers->list().size() == 1; }));
    EXPECT_EQ(a.peers->list()[0].name, "node-b");
    EXPECT_EQ(a.peers->list()[0].validator, keys::address_of(other_key().public_key));
    EXPECT_FALSE(a.peers->list()[0].twin);
    const PeerView view = a.peers->view();
    EXPECT_EQ(view.awake_stake_units, 500);
    EXPECT_EQ(view.best_height, 0);
    EXPECT_FALSE(view.twin);
    EXPECT_TRUE(a.said("met node-b")) << a.all_lines();
}

TEST_F(NodeNet, ThePausedAndTheUninformedDoNotCount) {
    TestNode& a = started("node-a");
    TestNode& b = started("node-b", {a.port()}, with_key(other_key()));
    a.chain.stakes[keys::address_of(other_key().public_key)] = 500;
    ASSERT_TRUE(until([&] { return a.peers->view().awake_stake_units == 500; }));
    b.chain.is_paused = true;
    b.chain.sequence = 1;
    b.peers->tell_status();
    ASSERT_TRUE(until([&] { return a.peers->view().awake_stake_units == 0; }));
    EXPECT_EQ(a.peers->view().pause_sequence, 1);
    b.chain.is_paused = false;
    b.peers->tell_status();
    ASSERT_TRUE(until([&] { return a.peers->view().awake_stake_units == 500; }));
    a.chain.sequence = 2;
    EXPECT_EQ(a.peers->view().awake_stake_units, 0);
}

TEST_F(NodeNet, OneConnectionIsEnough) {
    TestNode& a = started("node-a");
    TestNode& b = started("node-b", {a.port()});
    ASSERT_TRUE(until([&] { return a.peers->list().size() == 1; }));
    const std::uint16_t port = b.port();
    TestNode& c = started("node-c", {a.port(), port, a.port(), port});
    ASSERT_TRUE(until([&] { return c.peers->list().size() == 2; }));
    for_a_while();
    EXPECT_EQ(a.peers->list().size(), 2U) << a.all_lines();
    EXPECT_EQ(b.peers->list().size(), 2U);
    EXPECT_EQ(c.peers->list().size(), 2U);
}

TEST_F(NodeNet, BothDialAtOnceAndKeepOneConnection) {
    // Ports have to be known before, so that each can be told of the other.
    std::uint16_t port_a = 0, port_b = 0;
    {
        TestNode& a = started("port-a");
        TestNode& b = started("port-b");
        port_a = a.port();
        port_b = b.port();
        nodes.clear();
    }
    TestNode& a = started("node-a", {port_b}, [&](PeersOptions& options) { options.listen.port = port_a; });
    TestNode& b = started("node-b", {port_a}, [&](PeersOptions& options) { options.listen.port = port_b; });
    const auto steady = [&] { return a.peers->list().size() == 1 && b.peers->list().size() == 1; };
    ASSERT_TRUE(until(steady));
    for_a_while();
    EXPECT_TRUE(steady());
    EXPECT_NE(a.peers->list()[0].dialled, b.peers->list()[0].dialled);
}

TEST_F(NodeNet, DialsAgainAndIsNotItsOwnPeer) {
    std::uint16_t port = 0;
    {
        TestNode& a = started("node-a");
        port = a.port();
        nodes.clear();
    }
    const auto at_port = [&](PeersOptions& options) { options.listen.port = port; };
    TestNode& b = started("node-b", {port});
    ASSERT_TRUE(until([&] { return b.said("cannot reach 127.0.0.1"); }));
    TestNode& a = started("node-a", {port}, at_port);
    ASSERT_TRUE(until([&] { return b.peers->list().size() == 1; }));
    for_a_while();
    EXPECT_EQ(a.peers->list().size(), 1U) << a.all_lines();
    a.peers->stop("the test ends it");
    ASSERT_TRUE(until([&] { return b.peers->list().empty(); }));
    EXPECT_TRUE(b.said("said goodbye: the test ends it")) << b.all_lines();
}

TEST_F(NodeNet, SyncsThousandsOfBlocksInBatches) {
    TestNode& a = node("node-a");
    a.chain.grow(5000);
    a.chain.blocks_at_once = 100;  // fewer than are asked for, as blocks that are long make it
    a.start();
    TestNode& b = started("node-b", {a.port()});
    TestNode& c = started("node-c", {b.port()});
    ASSERT_TRUE(until([&] { return b.chain.height() == 5000 && c.chain.height() == 5000; }))
        << b.all_lines() << c.all_lines();
    EXPECT_EQ(b.chain.tip().hash, a.chain.tip().hash);
    ASSERT_TRUE(until([&] { return b.peers->synced() && c.peers->synced(); }));
    EXPECT_GT(b.tip_changes, 0);
}

TEST_F(NodeNet, NewBlocksTravelOn) {
    TestNode& a = started("node-a");
    TestNode& b = started("node-b", {a.port()});
    TestNode& c = started("node-c", {b.port()});
    ASSERT_TRUE(until([&] { return b.peers->list().size() == 2; }));
    a.chain.grow(1);
    a.peers->broadcast(a.chain.blocks.back());
    ASSERT_TRUE(until([&] { return c.chain.height() == 1; }));
    const Transaction transaction = fake_transaction(1);
    c.chain.add_transaction(transaction);
    c.peers->broadcast(transaction);
    ASSERT_TRUE(until([&] { return a.chain.transactions.size() == 1; }));
    EXPECT_EQ(to_json(a.chain.transactions.begin()->second), to_json(transaction));
}

TEST_F(NodeNet, WhoComesLaterHearsOfWhatWaits) {
    TestNode& a = started("node-a");
    for (int i = 1; i <= 5; ++i) a.chain.add_transaction(fake_transaction(i));
    TestNode& b = started("node-b", {a.port()});
    ASSERT_TRUE(until([&] { return b.chain.transactions.size() == 5; }));
}

TEST_F(NodeNet, TheLongerForkWins) {
    TestNode& a = node("node-a");
    TestNode& b = node("node-b");
    for (TestNode* one : {&a, &b}) one->chain.grow(50, "common");
    a.chain.grow(3, "a");
    b.chain.grow(4, "b");
    a.start();
    ASSERT_TRUE(a.peers);
    TestNode& dialler = started("node-c", {a.port()});
    dialler.chain.blocks = b.chain.blocks;
    dialler.peers->tell_status();
    ASSERT_TRUE(until([&] { return a.chain.height() == 54; })) << a.all_lines() << dialler.all_lines();
    EXPECT_EQ(a.chain.tip().hash, b.chain.tip().hash);
}

TEST_F(NodeNet, AForkThatPartedTooEarlyIsToldAndLeftAlone) {
    TestNode& a = node("node-a");
    TestNode& b = node("node-b");
    for (TestNode* one : {&a, &b}) one->chain.grow(50, "common");
    a.chain.grow(30, "a");
    b.chain.grow(40, "b");
    a.start();
    b.start();
    TestNode& c = started("node-c", {a.port(), b.port()});
    c.chain.blocks = a.chain.blocks;
    ASSERT_TRUE(until([&] { return c.said("node-b is on another chain"); })) << c.all_lines();
    EXPECT_EQ(c.chain.tip().hash, a.chain.tip().hash);
    ASSERT_TRUE(until([&] { return c.peers->synced(); }));
    EXPECT_EQ(c.peers->list().size(), 2U);
}

TEST_F(NodeNet, WhoAnnouncesAndDoesNotDeliverIsLeft) {
    TestNode& liar = node("node-liar");
    liar.chain.grow(100);
    liar.chain.withholds = true;
    liar.start();
    TestNode& honest = node("node-honest");
    honest.chain.grow(60);
    honest.start();
    TestNode& c = started("node-c", {liar.port(), honest.port()});
    ASSERT_TRUE(until([&] { return c.chain.height() == 60; })) << c.all_lines();
    EXPECT_TRUE(c.said("dropped node-liar")) << c.all_lines();
    EXPECT_EQ(c.peers->view().best_height, 60);
}

TEST_F(NodeNet, ABlockAgainstTheRulesEndsTheConnectionForAWhile) {
    TestNode& a = started("node-a", {}, [](PeersOptions& options) { options.ban = milliseconds(1500); });
    TestNode& b = started("node-b", {a.port()});
    ASSERT_TRUE(until([&] { return b.peers->list().size() == 1; }));
    Block bad = fake_block(1, b.chain.tip().hash);
    bad.header.nonce = 99;
    b.peers->broadcast(bad);
    ASSERT_TRUE(until([&] { return a.said("against the rules: a bad round"); }));
    EXPECT_TRUE(a.peers->list().empty());
    ASSERT_TRUE(until([&] { return b.said("said goodbye: it sent a block against the rules"); }))
        << b.all_lines();
    ASSERT_TRUE(until([&] { return a.peers->list().size() == 1; })) << "the ban ends";
}

TEST_F(NodeNet, OtherNetworksAndChainsAreToldApart) {
    TestNode& a = started("node-a");
    started("node-b", {a.port()}, [](PeersOptions& options) { options.network = "devnet"; });
    started("node-c", {a.port()}, [](PeersOptions& options) { options.genesis[0] ^= 1; });
    started("node-d", {a.port()}, [](PeersOptions& options) { options.name = "node-a"; });
    ASSERT_TRUE(until([&] {
        return a.said("node-b at 127.0.0.1") && a.said("it is of the network devnet, and this is testnet") &&
               a.said("its testnet begins with another block") &&
               a.said("it calls itself node-a, and its certificate node-d");
    })) << a.all_lines();
    EXPECT_TRUE(a.peers->list().empty());
}

TEST_F(NodeNet, AClaimOfAKeyIsProvedOnItsConnection) {
    TestNode& a = started("node-a");
    keys::Signer liar = one_key();
    liar.sign = [](base::ByteView message) { return other_key().sign(message); };
    started("node-b", {a.port()}, [&](PeersOptions& options) { options.signer = liar; });
    ASSERT_TRUE(until([&] { return a.said("it does not hold the key that it claims"); })) << a.all_lines();
}

TEST_F(NodeNet, TwinsAreFoundByWhomTheyMeet) {
    TestNode& a = started("node-a");
    TestNode& first = started("node-b", {a.port()}, with_key(one_key()));
    ASSERT_TRUE(until([&] { return a.peers->list().size() == 1; }));
    // A copy of the home has the same name and certificate, and another process.
    TestNode& second = started("node-b", {a.port()}, with_key(one_key()));
    ASSERT_TRUE(until([&] { return first.peers->view().twin && second.peers->view().twin; }))
        << a.all_lines() << first.all_lines();
    ASSERT_TRUE(until([&] {
        return std::ranges::any_of(a.peers->list(), [](const PeerInfo& peer) { return peer.twin; });
    }));
    EXPECT_TRUE(a.said("is used by more than one node")) << a.all_lines();
    second.peers.reset();
    ASSERT_TRUE(until([&] { return !first.peers->view().twin; })) << "it is forgotten when it is gone";
}

TEST_F(NodeNet, TwinsFindEachOther) {
    TestNode& first = started("node-b", {}, with_key(one_key()));
    TestNode& second = started("node-c", {first.port()}, with_key(one_key()));
    ASSERT_TRUE(until([&] { return first.peers->view().twin && second.peers->view().twin; }));
}

}  // namespace
}  // namespace bt2c::node
