#include "sample/block_maker.hpp"
#include "sample/chain_edit.hpp"
#include "sample/fault_recipe.hpp"
#include "sample/row_writer.hpp"

namespace bt2c::sample {

using chaindb::sqlite::Connection;

namespace {

void add_transfer(Connection& connection) {
    const Block block = inner_block(connection);
    Tip tip;
    tip.network = block.network;
    tip.timestamp = block.timestamp;
    tip.validators = {reward_of(block).recipient};
    Transaction added = BlockMaker(std::move(tip), 1, false, 7).pending();
    added.is_pending = false;
    added.block_hash = block.hash;
    RowWriter(connection).insert(added);
}

void swap_timestamps(Connection& connection) {
    const Block block = inner_block(connection);
    const Transaction first = transfer_of(block, 0), second = transfer_of(block, 1);
    constexpr std::string_view update = "UPDATE transactions SET timestamp = ?1 WHERE hash = ?2";
    change(connection, update, std::get<std::string>(second.timestamp), first.hash);
    change(connection, update, std::get<std::string>(first.timestamp), second.hash);
}

/// The newest block pays `amount`, and all its hashes say so.
void pay(Connection& connection, double amount) {
    remake_newest_block(connection, [amount](Block& block) {
        for (Transaction& transaction : block.transactions)
            if (transaction.type == "reward") transaction.amount = amount;
        redo_rewards(block);
    });
}

std::vector<Recipe> merkle_faults() {
    return {
        {{"altered-transaction-hash", "merkle_roots", "a transfer has another hash", {}},
         [](Connection& c) {
             const std::string hash = transfer_of(inner_block(c), 0).hash;
             change(c, "UPDATE transactions SET hash = ?1 WHERE hash = ?2", other_digit(hash), hash);
         }},
        {{"transaction-removed", "merkle_roots", "a transfer is gone from its block", {}},
         [](Connection& c) {
             change(c, "DELETE FROM transactions WHERE hash = ?1", transfer_of(inner_block(c), 0).hash);
         }},
        {{"transaction-added", "merkle_roots", "a block holds a transfer that it was not made with", {}},
         add_transfer},
        {{"transaction-moved", "merkle_roots", "a transfer is in another block than it was", {}},
         [](Connection& c) {
             change(c, "UPDATE transactions SET block_hash = ?1 WHERE hash = ?2", newest_block(c).hash,
                    transfer_of(inner_block(c), 0).hash);
         }},
        {{"transactions-reordered", "merkle_roots", "two transfers of a block have swapped their times", {}},
         swap_timestamps},
        {{"reward-removed", "merkle_roots", "a block's reward is gone", {"block_hashes", "supply"}},
         [](Connection& c) {
             change(c, "DELETE FROM transactions WHERE hash = ?1", reward_of(inner_block(c)).hash);
         }},
        {{"altered-merkle-root", "merkle_roots", "a block has another Merkle root", {"block_hashes"}},
         [](Connection& c) {
             const Block block = inner_block(c);
             change(c, "UPDATE blocks SET merkle_root = ?1 WHERE hash = ?2", other_digit(block.merkle_root),
                    block.hash);
         }},
    };
}

std::vector<Recipe> hash_and_supply_faults() {
    return {
        {{"altered-block-timestamp", "block_hashes", "a block has another time", {}},
         [](Connection& c) {
             change(c, "UPDATE blocks SET timestamp = timestamp + 1 WHERE hash = ?1", inner_block(c).hash);
         }},
        {{"altered-block-nonce", "block_hashes", "a block has another nonce", {}},
         [](Connection& c) {
             change(c, "UPDATE blocks SET nonce = nonce + 1 WHERE hash = ?1", inner_block(c).hash);
         }},
        {{"altered-newest-nonce", "block_hashes", "the newest block has another nonce", {}},
         [](Connection& c) {
             change(c, "UPDATE blocks SET nonce = nonce + 1 WHERE hash = ?1", newest_block(c).hash);
         }},
        {{"altered-block-hash",
          "block_hashes",
          "a block has another hash",
          {"discontinuities", "orphaned_transactions", "merkle_roots", "supply"}},
         [](Connection& c) {
             const std::string hash = inner_block(c).hash;
             change(c, "UPDATE blocks SET hash = ?1 WHERE hash = ?2", other_digit(hash), hash);
         }},
        {{"altered-reward-recipient", "block_hashes", "a reward goes to somebody else", {"supply"}},
         [](Connection& c) {
             change(c, "UPDATE transactions SET recipient = ?1 WHERE hash = ?2", Random(7).address(),
                    reward_of(inner_block(c)).hash);
         }},
        {{"altered-reward-amount", "supply", "a reward pays more than it was hashed with", {}},
         [](Connection& c) {
             change(c, "UPDATE transactions SET amount = amount * 100 WHERE hash = ?1",
                    reward_of(inner_block(c)).hash);
         }},
        {{"reward-above-schedule", "supply", "the newest block pays twice what the schedule gives", {}},
         [](Connection& c) { pay(c, 42.0); }},
        {{"oversupply", "supply", "more coins were paid than may ever exist", {}},
         [](Connection& c) { pay(c, 21'000'001.0); }},
        {{"double-reward", "supply", "the newest block pays its validator twice", {}},
         [](Connection& c) {
             remake_newest_block(c, [](Block& block) {
                 const Transaction reward = reward_of(block);
                 add_reward(block, reward.recipient, reward.amount, block.timestamp + 0.5);
             });
         }},
    };
}

}  // namespace

std::vector<Recipe> cryptography_faults() {
    std::vector<Recipe> all = merkle_faults();
    for (Recipe& recipe : hash_and_supply_faults()) all.push_back(std::move(recipe));
    return all;
}

}  // namespace bt2c::sample
