// [N1] Whole networks in one process, under a clock of their own: messages are lost and late, nodes are cut
// off, restarted and paused; coins move, stakes grow, go and come back, and a validator that has no node is
// shown to have signed twice. However it goes, nobody else signs twice, and once all is well again all agree.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "base/text.hpp"
#include "chaindb/network_pause.hpp"
#include "keys/signing_state.hpp"
#include "node/evidence.hpp"
#include "node/producer.hpp"
#include "unit/node/test_network.hpp"

namespace bt2c::node {
namespace {

constexpr double step_s = 0.5;
constexpr double settle_s = 2;

struct Message {
    double at = 0;
    std::size_t to = 0, from = 0;
    std::optional<Block> block;
    std::optional<Transaction> transaction;
};

struct Node {
    Node(std::size_t node_index, const Genesis& genesis) : index(node_index) {
        std::filesystem::create_directories(home.root / "data");
        create_chain(home.database(), genesis);
        start();
    }
    void start() {
        chain.reset();
        chain.emplace(Chain::open(home.database(), {"devnet", block_time_s}));
        producer.emplace(home, signer(index), settle_s);
    }
    void order(std::int64_t sequence, double now, bool pause) {
        Connection connection = Connection::open(home.database(), Connection::Mode::read_write);
        chaindb::PauseOrder order;
        order.network = "devnet";
        order.sequence = sequence;
        order.issued_at = now;
        pause ? chaindb::apply_pause(connection, order) : chaindb::apply_resume(connection, order, false);
    }
    std::size_t index;
    support::TemporaryFolder folder;
    config::Home home{folder.path()};
    std::optional<Chain> chain;
    std::optional<Producer> producer;
    std::size_t group = 0;  ///< nodes of one group hear each other
};

class Network {
 public:
    Network(std::size_t count, unsigned seed) : random_(seed) {
        const Genesis genesis = genesis_of(count + 1, 1000);  // the last one has no node
        for (std::size_t i = 0; i < count; ++i) nodes_.push_back(std::make_unique<Node>(i, genesis));
    }

    void run(double seconds, double loss) {
        for (const double end = now_ + seconds; now_ < end; now_ += step_s) {
            deliver();
            for (const auto& node : nodes_) produce(*node, loss);
            if (chance(0.2)) transact(loss);
            if (chance(0.1)) sync(*nodes_[below(nodes_.size())]);
        }
    }
    void disturb() {
        Node& node = *nodes_[below(nodes_.size())];
        switch (below(4)) {
            case 0: node.start(); break;
            case 1:
                for (const auto& each : nodes_) each->group = below(2);
                break;
            case 2:
                // Killed between the watermark and the block's way out.
                lost_block_ = node.index;
                break;
            default:
                ++sequence_;
                for (const auto& each : nodes_) each->order(sequence_, now_, true);
                run(3 * block_time_s, 0.1);
                ++sequence_;
                for (const auto& each : nodes_) each->order(sequence_, now_, false);
        }
    }
    void heal() {
        for (const auto& node : nodes_) node->group = 0;
        lost_block_.reset();
        run(3 * block_time_s, 0);
        for (int i = 0; i < 4; ++i) {
            for (const auto& node : nodes_) sync(*node);
            run(block_time_s, 0);
        }
        // Of the last moment's blocks too.
        now_ += 1;
        while (!messages_.empty()) {
            now_ += 5;
            deliver();
        }
        for (int i = 0; i < 2; ++i)
            for (const auto& node : nodes_) sync(*node);
    }
    void check() {
        for (const auto& node : nodes_) {
            EXPECT_EQ(chain::hash_text(node->chain->tip().hash),
                      chain::hash_text(nodes_[0]->chain->tip().hash))
                << "node " << node->index << " at " << node->chain->tip().height;
            EXPECT_EQ(failures(node->home.database()), "");
            EXPECT_EQ(node->chain->evidence_count(), nodes_[0]->chain->evidence_count());
            EXPECT_LE(node->chain->evidence_count(), 1);
            EXPECT_EQ(states(*node->chain), states(*nodes_[0]->chain)) << "node " << node->index;
            EXPECT_FALSE(keys::signing_lock(node->home)) << keys::signing_lock(node->home)->reason;
            EXPECT_EQ(supply(*node->chain), expected_supply(*node->chain));
        }
        EXPECT_GT(nodes_[0]->chain->tip().height, 5);
    }

 private:
    bool chance(double part) { return std::uniform_real_distribution<double>(0, 1)(random_) < part; }
    std::size_t below(std::size_t end) {
        return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
    }
    void send(const Node& from, double loss, const std::optional<Block>& block,
              const std::optional<Transaction>& transaction) {
        for (const auto& to : nodes_)
            if (to->index != from.index && to->group == from.group && !chance(loss))
                messages_.push_back(
                    {now_ + static_cast<double>(below(40)) * 0.1, to->index, from.index, block, transaction});
    }
    void deliver() {
        std::vector<Message> due;
        std::erase_if(messages_, [&](Message& message) {
            if (message.at > now_) return false;
            due.push_back(std::move(message));
            return true;
        });
        for (const Message& message : due) {
            Node& to = *nodes_[message.to];
            if (to.group != nodes_[message.from]->group) continue;
            if (message.transaction) to.chain->add_transaction(*message.transaction, now_);
            if (!message.block) continue;
            to.producer->observe(*to.chain, message.block->header);
            if (to.chain->accept(*message.block, now_).verdict == Verdict::unconnected)
                fetch(to, *nodes_[message.from]);
        }
    }
    /// As BlockFetch does: who is behind has nothing to give. Its few blocks may have parted from ours before
    /// what is final here; it is the one to fetch.
    void fetch(Node& to, const Node& from) {
        if (from.chain->tip().height < to.chain->tip().height) return;
        std::size_t accepted = 0;
        const std::int64_t first = std::max<std::int64_t>(to.chain->tip().height - final_depth, 1);
        const Taken taken =
            to.chain->accept_all(from.chain->blocks_from(first, 500, 1 << 24), now_, accepted);
        EXPECT_NE(taken.verdict, Verdict::refused) << taken.reason;
        EXPECT_NE(taken.verdict, Verdict::final) << taken.reason;
    }
    void sync(Node& node) {
        for (const auto& peer : nodes_)
            if (peer->index != node.index && peer->group == node.group &&
                peer->chain->tip().hash != node.chain->tip().hash)
                fetch(node, *peer);
    }
    void produce(Node& node, double loss) {
        PeerView view;
        for (const auto& peer : nodes_) {
            if (peer->index == node.index || peer->group != node.group) continue;
            if (!peer->chain->paused()) view.awake_stake_units += active_units(*node.chain, peer->index);
            // What was last heard of a peer may be old.
            if (!chance(0.3))
                view.best_height = std::max(view.best_height.value_or(0), peer->chain->tip().height);
        }
        const auto outcome = node.producer->try_produce(*node.chain, view, now_);
        if (!outcome.block) return;
        const BlockHeader& header = outcome.block->header;
        const auto [known, fresh] = signed_.try_emplace({header.height, header.validator}, header.hash);
        EXPECT_EQ(known->second, header.hash) << "two signatures at height " << header.height;
        if (lost_block_ == node.index) {
            lost_block_.reset();
            node.start();
            return;
        }
        const Taken taken = node.chain->accept(*outcome.block, now_);
        EXPECT_EQ(taken.verdict, Verdict::accepted) << taken.reason;
        send(node, loss, outcome.block, std::nullopt);
    }
    static std::optional<ValidatorInfo> validator(const Chain& chain, std::size_t index) {
        return chain.validator(address(index));
    }
    static std::int64_t active_units(const Chain& chain, std::size_t index) {
        const auto info = validator(chain, index);
        return info && info->status == "ACTIVE" ? info->stake_units : 0;
    }
    static std::string states(const Chain& chain) {
        std::string text;
        for (const ValidatorInfo& info : chain.validators())
            text += base::format("{} {} {}\n", info.address, info.status, info.stake_units);
        return text;
    }
    /// Two blocks of the same height by the validator that has no node.
    std::string proof_of_double_signing(const Chain& chain) {
        std::array<BlockHeader, 2> headers{chain.block_at(0)->header, chain.block_at(0)->header};
        for (std::size_t i = 0; i < headers.size(); ++i) {
            headers[i].height = 1;
            headers[i].validator = address(nodes_.size());
            headers[i].merkle_root[0] = static_cast<std::uint8_t>(i);
            headers[i].hash = headers[i].own_hash();
            sign_header(headers[i], chain.genesis(), signer(nodes_.size()));
        }
        return evidence_payload(headers[0], headers[1]);
    }
    /// One of what an account may do now; those of the first two nodes keep their stakes, so that blocks go
    /// on.
    Transaction some_transaction(const Node& node) {
        Transaction made;
        made.type = "transfer";
        made.recipient = address(below(nodes_.size()));
        made.units = static_cast<std::int64_t>(1 + below(1000));
        const auto own = validator(*node.chain, node.index);
        if (chance(0.2)) {
            made.type = "stake";
            made.units = static_cast<std::int64_t>(1 + below(5)) * coin;
        } else if (node.index >= 2 && own && own->status == "ACTIVE" && chance(0.3)) {
            made.type = "unstake";
            made.units = own->stake_units;
        } else if (chance(0.05)) {
            made.type = "validator";
            made.units = 0;
            made.payload = proof_of_double_signing(*node.chain);
        }
        if (made.type != "transfer") made.recipient.clear();
        return made;
    }
    void transact(double loss) {
        Node& node = *nodes_[below(nodes_.size())];
        Transaction made = some_transaction(node);
        made.timestamp = std::floor(now_);
        made.nonce = node.chain->last_nonce(address(node.index)) + 1;
        sign_transaction(made, "devnet", node.chain->genesis(), signer(node.index));
        if (node.chain->add_transaction(made, now_).verdict == Verdict::accepted)
            send(node, loss, std::nullopt, made);
    }
    /// Balances and stakes of all.
    std::int64_t supply(const Chain& chain) const {
        std::int64_t sum = 0;
        for (std::size_t i = 0; i <= nodes_.size(); ++i) {
            sum += chain.balance_units(address(i));
            if (const auto info = validator(chain, i)) sum += info->stake_units;
        }
        return sum;
    }
    std::int64_t expected_supply(const Chain& chain) const {
        std::int64_t sum = static_cast<std::int64_t>(nodes_.size() + 1) * (1000 + 100) * coin;
        const std::set<std::string> pays_fee{"transfer", "stake", "unstake"};
        for (std::int64_t height = 0; height <= chain.tip().height; ++height) {
            const auto block = chain.block_at(height);
            sum += block->transactions.back().units;
            for (const Transaction& transaction : block->transactions) {
                if (pays_fee.contains(transaction.type)) sum -= fee_units;
                ++done_[transaction.type];
            }
        }
        return sum;
    }

 public:
    /// Of all that happened, by type.
    const std::map<std::string, int>& done() const { return done_; }

 private:
    std::mt19937 random_;
    double now_ = genesis_s;
    std::int64_t sequence_ = 0;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<Message> messages_;
    std::map<std::pair<std::int64_t, std::string>, chain::Hash> signed_;
    std::optional<std::size_t> lost_block_;
    mutable std::map<std::string, int> done_;
};

class Simulation : public testing::TestWithParam<unsigned> {};

TEST_P(Simulation, NobodySignsTwiceAndAllAgreeInTheEnd) {
    Network network(2 + GetParam() % 4, GetParam());
    for (int round = 0; round < 6; ++round) {
        network.run(5 * block_time_s, 0.15);
        network.disturb();
    }
    network.heal();
    network.check();
    for (const auto& [type, count] : network.done()) RecordProperty(type, count);
}
/// Eight, or as many as BT2C_SIMULATION_SEEDS says. A seed makes the same run each time.
unsigned seeds() {
    const char* wished = std::getenv("BT2C_SIMULATION_SEEDS");
    return wished ? static_cast<unsigned>(std::strtoul(wished, nullptr, 10)) : 8;
}
INSTANTIATE_TEST_SUITE_P(Seeds, Simulation, testing::Range(1U, seeds() + 1));

}  // namespace
}  // namespace bt2c::node
