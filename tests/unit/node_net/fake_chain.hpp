#pragma once
// A chain in memory: blocks that follow each other are good, the longer branch wins.

#include <map>

#include "base/text.hpp"
#include "node/peer_port.hpp"

namespace bt2c::node {

inline Block fake_block(std::int64_t height, const chain::Hash& previous, const std::string& salt = {}) {
    Block block;
    block.header.height = height;
    block.header.previous_hash = previous;
    block.header.timestamp = 1'700'000'000.0 + static_cast<double>(height);
    block.header.network = "testnet";
    block.header.validator = "bt2c_aaaaaaaaaaaaaaaaaaaaaaaaaa";
    block.header.public_key = {1, 2, 3};
    block.header.signature = {4, 5, 6};
    block.header.hash =
        crypto::sha256(base::as_bytes(base::format("{} {} {}", height, chain::hash_text(previous), salt)));
    Transaction reward;
    reward.type = "reward";
    reward.sender = "system";
    reward.recipient = block.header.validator;
    reward.units = 2'100'000'000;
    reward.timestamp = block.header.timestamp;
    reward.nonce = height;
    reward.hash = crypto::sha256(base::as_bytes(base::format("reward {}", height)));
    block.transactions.push_back(reward);
    return block;
}

inline Transaction fake_transaction(std::int64_t number) {
    Transaction transaction;
    transaction.type = "transfer";
    transaction.sender = "bt2c_aaaaaaaaaaaaaaaaaaaaaaaaaa";
    transaction.recipient = "bt2c_bbbbbbbbbbbbbbbbbbbbbbbbbb";
    transaction.units = number;
    transaction.timestamp = 1'700'000'000.0;
    transaction.nonce = number;
    transaction.hash = crypto::sha256(base::as_bytes(base::format("transaction {}", number)));
    transaction.public_key = {1, 2, 3};
    transaction.signature = {4, 5, 6};
    return transaction;
}

class FakeChain final : public PeerPort {
 public:
    FakeChain() { blocks.push_back(fake_block(0, chain::zero_hash)); }

    void grow(std::int64_t count, const std::string& salt = {}) {
        for (std::int64_t i = 0; i < count; ++i)
            blocks.push_back(fake_block(height() + 1, blocks.back().header.hash, salt));
    }
    std::int64_t height() const { return static_cast<std::int64_t>(blocks.size()) - 1; }

    ChainTip tip() override {
        const Block& last = blocks.back();
        return {height(), last.header.hash, last.header.timestamp};
    }
    std::int64_t base_height() override { return 0; }
    bool paused() override { return is_paused; }
    std::int64_t pause_sequence() override { return sequence; }
    std::optional<chain::Hash> hash_at(std::int64_t at) override {
        if (at < 0 || at > height()) return std::nullopt;
        return blocks[static_cast<std::size_t>(at)].header.hash;
    }
    std::vector<Block> blocks_from(std::int64_t at, std::size_t count, std::size_t) override {
        std::vector<Block> out;
        if (withholds) return out;
        for (; at <= height() && out.size() < std::min(count, blocks_at_once); ++at)
            out.push_back(blocks[static_cast<std::size_t>(at)]);
        return out;
    }
    Taken accept(const Block& block) override {
        if (is_paused) return {Verdict::paused, "paused"};
        const BlockHeader& header = block.header;
        if (header.nonce == 99) return {Verdict::refused, "a bad round"};
        if (hash_at(header.height) == header.hash) return {Verdict::known, {}};
        if (header.previous_hash == tip().hash && header.height == height() + 1) {
            blocks.push_back(block);
            return {Verdict::accepted, {}};
        }
        if (header.height <= height() - final_depth) return {Verdict::final, "too deep"};
        const bool connected =
            hash_at(header.height - 1) == header.previous_hash || branch.contains(header.previous_hash);
        if (!connected) return {Verdict::unconnected, "no predecessor"};
        branch[header.hash] = block;
        if (header.height <= height()) return {Verdict::worse, "shorter"};
        std::vector<Block> better{block};
        while (branch.contains(better.back().header.previous_hash))
            better.push_back(branch.at(better.back().header.previous_hash));
        blocks.resize(static_cast<std::size_t>(better.back().header.height));
        blocks.insert(blocks.end(), better.rbegin(), better.rend());
        return {Verdict::accepted, {}};
    }
    Taken accept_all(const std::vector<Block>& given, std::size_t& accepted) override {
        Taken last{Verdict::accepted, {}};
        for (accepted = 0; accepted < given.size(); ++accepted) {
            last = accept(given[accepted]);
            if (last.verdict == Verdict::known) last.verdict = Verdict::accepted;
            if (last.verdict != Verdict::accepted && last.verdict != Verdict::worse) break;
        }
        return last;
    }
    Taken add_transaction(const Transaction& transaction) override {
        if (transaction.units == 666) return {Verdict::refused, "a bad number"};
        transactions[transaction.hash] = transaction;
        return {Verdict::accepted, {}};
    }
    std::vector<Transaction> pending(std::size_t) override {
        std::vector<Transaction> out;
        for (const auto& [hash, transaction] : transactions) out.push_back(transaction);
        return out;
    }
    std::int64_t active_stake_units(const std::string& address) override { return stakes[address]; }

    std::vector<Block> blocks;
    std::map<chain::Hash, Block> branch;  ///< blocks beside the chain
    std::map<chain::Hash, Transaction> transactions;
    std::map<std::string, std::int64_t> stakes;
    std::size_t blocks_at_once = 1000;
    bool is_paused = false, withholds = false;
    std::int64_t sequence = 0;
};

}  // namespace bt2c::node
