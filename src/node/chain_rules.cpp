// The rules for one block upon the tip, its effects, and how they are undone.

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chain/economics.hpp"
#include "chaindb/sqlite/change_record.hpp"
#include "node/chain_state.hpp"
#include "node/proposer.hpp"
#include "node/rows.hpp"
#include "node/tables.hpp"

namespace bt2c::node {

std::int64_t ChainState::reward_units(double timestamp) const {
    const std::int64_t scheduled = chain::to_units(chain::block_reward_at(timestamp - genesis_timestamp_));
    return std::clamp<std::int64_t>(chain::to_units(chain::max_supply) - paid_units_, 0, scheduled);
}

std::string ChainState::rule_fault(const Block& block, double now_s,
                                   const std::vector<std::string>& proposers) {
    const BlockHeader& header = block.header;
    if (header.previous_hash != tip.hash || header.height != tip.height + 1)
        return "the block does not follow the tip";
    const auto round = static_cast<std::size_t>(header.nonce);
    if (round >= proposers.size()) return "there is no such round";
    if (proposers[round] != header.validator) return "it is not the validator's turn";
    if (micros(header.timestamp) < micros(tip.timestamp) + (1 + header.nonce) * micros(options.block_time_s))
        return "the block is earlier than its round";
    if (!(header.timestamp <= now_s + clock_tolerance_s)) return "the block is from the future";
    if (block.transactions.back().units != reward_units(header.timestamp))
        return "the reward is not what the schedule says";
    return {};
}

std::string ChainState::apply_block(const Block& block, double now_s, bool record) {
    const BlockHeader& header = block.header;
    const std::size_t round = static_cast<std::size_t>(
        std::clamp<std::int64_t>(header.nonce, 0, static_cast<std::int64_t>(proposers_max)));
    const std::vector<std::string> drawn =
        validators.proposers(tip.hash, tip.height + 1, std::min(round + 1, proposers_max));
    if (std::string fault = rule_fault(block, now_s, drawn); !fault.empty()) return fault;
    for (const Transaction& transaction : block.transactions) pool.remove_row(transaction.hash);

    std::optional<chaindb::sqlite::ChangeRecord> changes;
    if (record) changes.emplace(database.connection(), changed_tables);
    const std::int64_t reward = block.transactions.back().units;
    // Validators first: a transaction of this block may give one of them another address.
    for (std::size_t i = 0; i < round; ++i) validators.skipped(drawn[i]);
    validators.made_block(header.validator, header.timestamp, reward);
    for (const Transaction& transaction : block.transactions) {
        if (transaction.type == "reward") continue;
        if (std::string fault = ledger.apply(transaction, header.height, header.timestamp); !fault.empty())
            return fault;
        if (has_nonces_)
            database.run(
                "INSERT INTO nonces (nonce, sender, timestamp, network_type) VALUES (?1, ?2, ?3, ?4)",
                base::format("{}:{}:{}", transaction.sender, transaction.nonce,
                             chain::hash_text(transaction.hash).substr(0, 8)),
                transaction.sender, header.timestamp, options.network);
    }
    ledger.release_unstaked(header.height);
    ledger.credit(header.validator, reward);
    insert_block(database, block);
    if (changes)
        database.run(
            "INSERT OR REPLACE INTO node_undo (hash, network, height, changes) VALUES (?1, ?2, ?3, ?4)",
            chain::hash_text(header.hash), options.network, header.height, changes->changes());
    tip = {header.height, header.hash, header.timestamp};
    paid_units_ += reward;
    return {};
}

bool ChainState::undo_tip() {
    const std::optional<Block> block = read_block(database, options.network, tip.hash);
    base::Bytes changes;
    {
        auto kept = database.ask("SELECT changes FROM node_undo WHERE hash = ?1", chain::hash_text(tip.hash));
        if (!block || !kept.next()) return false;
        const base::ByteView bytes = base::as_bytes(kept->text(0));
        changes.assign(bytes.begin(), bytes.end());
    }
    if (!chaindb::sqlite::undo_changes(database.connection(), changes)) return false;
    database.run("DELETE FROM node_undo WHERE hash = ?1", chain::hash_text(tip.hash));
    validators.forget();
    paid_units_ -= block->transactions.back().units;
    load_tip();
    return true;
}

void ChainState::finish(Attempt& attempt, const std::vector<const Block*>& added,
                        const std::vector<Block>& undone) {
    std::map<std::string, std::int64_t> last_nonces;
    for (const Block* block : added)
        for (const Transaction& transaction : block->transactions)
            if (transaction.type != "reward") last_nonces[transaction.sender] = 0;
    for (auto& [sender, nonce] : last_nonces) nonce = ledger.last_nonce(sender);
    for (const chain::Hash& hash : pool.stale(tip.timestamp, last_nonces)) attempt.forget(hash);
    for (const Block& block : undone) {
        for (const Transaction& transaction : block.transactions) {
            const auto* waiting = pool.of_sender(transaction.sender);
            if (transaction.type == "reward" || transaction.nonce <= ledger.last_nonce(transaction.sender) ||
                (waiting && waiting->contains(transaction.nonce)) ||
                transaction.timestamp < tip.timestamp - expiry_s)
                continue;
            attempt.keep(transaction);
        }
        watch.saw(block.header, tip.height);
    }
    for (const Block* block : added)
        if (block->header.height + 100 > tip.height) watch.adopted(block->header);
    database.run("DELETE FROM node_undo WHERE network = ?1 AND height <= ?2", options.network,
                 tip.height - undo_kept);
    watch.prune(tip.height);
    store_state();
}

}  // namespace bt2c::node
