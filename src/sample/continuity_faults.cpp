#include "base/text.hpp"
#include "sample/block_maker.hpp"
#include "sample/chain_edit.hpp"
#include "sample/fault_recipe.hpp"
#include "sample/row_writer.hpp"

namespace bt2c::sample {

using chaindb::sqlite::Connection;

namespace {

constexpr std::uint64_t seed = 7;

void drop_table(Connection& connection, const char* table) {
    connection.execute(base::format("DROP TABLE {}", table));
}

/// A further transfer that is like all others but for the block it names.
Transaction stray_transfer(Connection& connection) {
    const Block newest = newest_block(connection);
    Tip tip;
    tip.network = newest.network;
    tip.timestamp = newest.timestamp;
    tip.validators = {reward_of(newest).recipient};
    Transaction stray = BlockMaker(std::move(tip), 1, false, seed).pending();
    stray.is_pending = false;
    return stray;
}

void insert_stray(Connection& connection, std::optional<std::string> block_hash) {
    Transaction stray = stray_transfer(connection);
    stray.block_hash = std::move(block_hash);
    RowWriter(connection).insert(stray);
}

void delete_block(Connection& connection, const std::string& hash, bool with_transactions) {
    change(connection, "DELETE FROM blocks WHERE hash = ?1", hash);
    if (with_transactions) change(connection, "DELETE FROM transactions WHERE block_hash = ?1", hash);
}

std::string first_hash(Connection& connection) {
    return connection
        .query_text(
            "SELECT hash FROM blocks WHERE network_type = (SELECT network_type FROM blocks "
            "ORDER BY height DESC, network_type LIMIT 1) ORDER BY height LIMIT 1")
        .value_or("");
}

void duplicate_newest(Connection& connection, const char* height) {
    drop_constraints(connection, "blocks");
    change(connection,
           base::format("INSERT INTO blocks SELECT hash, previous_hash, timestamp, nonce, difficulty, "
                        "merkle_root, {}, network_type FROM blocks WHERE hash = ?1",
                        height),
           newest_block(connection).hash);
}

/// Another sound block at the height of the newest one, as a fork leaves it.
void fork_newest(Connection& connection) {
    drop_constraints(connection, "blocks");
    const Block newest = newest_block(connection);
    Block fork = newest;
    fork.transactions.clear();
    fork.nonce += 1;
    fork.timestamp += 1;
    add_reward(fork, reward_of(newest).recipient, reward_of(newest).amount, fork.timestamp);
    seal(fork, Scheme::scheduled);
    RowWriter(connection).insert(fork);
}

std::vector<Recipe> table_and_order_faults() {
    return {
        {{"missing-table-blocks", "missing_tables", "the table blocks is not there", {"*"}},
         [](Connection& c) { drop_table(c, "blocks"); }},
        {{"missing-table-transactions", "missing_tables", "the table transactions is not there", {"*"}},
         [](Connection& c) { drop_table(c, "transactions"); }},
        {{"missing-table-validators", "missing_tables", "the table validators is not there", {"*"}},
         [](Connection& c) { drop_table(c, "validators"); }},
        {{"height-gap", "discontinuities", "the newest block skips a height, and is sound otherwise", {}},
         [](Connection& c) {
             remake_newest_block(c, [](Block& block) {
                 block.height += 1;
                 redo_rewards(block);
             });
         }},
        {{"block-deleted", "discontinuities", "a block's row is gone", {"orphaned_transactions"}},
         [](Connection& c) { delete_block(c, inner_block(c).hash, false); }},
        {{"block-deleted-with-transactions", "discontinuities", "a block is gone with all it held", {}},
         [](Connection& c) { delete_block(c, inner_block(c).hash, true); }},
        {{"first-block-deleted",
          "discontinuities",
          "the chain starts with a block that is not the first",
          {}},
         [](Connection& c) { delete_block(c, first_hash(c), true); }},
        {{"first-block-with-predecessor",
          "discontinuities",
          "the first block names a previous one",
          {"block_hashes"}},
         [](Connection& c) {
             change(c, "UPDATE blocks SET previous_hash = ?1 WHERE hash = ?2", Random(seed).hex(32),
                    first_hash(c));
         }},
        {{"second-first-block", "discontinuities", "the newest block's previous hash is all zeros", {}},
         [](Connection& c) {
             remake_newest_block(c, [](Block& block) { block.previous_hash = std::string(64, '0'); });
         }},
        {{"predecessor-at-wrong-height",
          "discontinuities",
          "the newest block follows on a block two heights below it",
          {}},
         [](Connection& c) {
             remake_newest_block(c, [&c](Block& block) {
                 block.previous_hash = hash_at(c, block.network, block.height - 2);
             });
         }},
        {{"predecessor-missing", "discontinuities", "the newest block follows on one that is not there", {}},
         [](Connection& c) {
             remake_newest_block(c, [](Block& block) { block.previous_hash = Random(seed).hex(32); });
         }},
        {{"altered-previous-hash",
          "discontinuities",
          "an inner block names another previous one",
          {"block_hashes"}},
         [](Connection& c) {
             const Block block = inner_block(c);
             change(c, "UPDATE blocks SET previous_hash = ?1 WHERE hash = ?2",
                    other_digit(block.previous_hash), block.hash);
         }},
    };
}

std::vector<Recipe> duplicate_and_orphan_faults() {
    return {
        {{"duplicate-height", "duplicate_blocks", "two sound blocks have the same height", {"supply"}},
         fork_newest},
        {{"duplicate-hash", "duplicate_blocks", "a block's row is there twice", {}},
         [](Connection& c) { duplicate_newest(c, "height"); }},
        {{"duplicate-hash-at-other-height",
          "duplicate_blocks",
          "a block is there again at another height",
          {"discontinuities", "block_hashes", "supply"}},
         [](Connection& c) { duplicate_newest(c, "height + 1"); }},
        {{"transaction-of-absent-block",
          "orphaned_transactions",
          "a transaction names a block that is not there",
          {}},
         [](Connection& c) { insert_stray(c, Random(seed).hex(32)); }},
        {{"transaction-of-no-block",
          "orphaned_transactions",
          "a transaction names no block and is not pending",
          {}},
         [](Connection& c) { insert_stray(c, std::nullopt); }},
        {{"transaction-of-empty-block",
          "orphaned_transactions",
          "a transaction names a block with an empty text",
          {}},
         [](Connection& c) { insert_stray(c, ""); }},
        {{"transaction-pending-unknown",
          "orphaned_transactions",
          "a transaction names no block, and whether it is pending is not told",
          {}},
         [](Connection& c) {
             insert_stray(c, std::nullopt);
             change(c,
                    "UPDATE transactions SET is_pending = NULL WHERE block_hash IS NULL AND is_pending = 0");
         }},
    };
}

}  // namespace

std::vector<Recipe> continuity_faults() {
    std::vector<Recipe> all = table_and_order_faults();
    for (Recipe& recipe : duplicate_and_orphan_faults()) all.push_back(std::move(recipe));
    return all;
}

}  // namespace bt2c::sample
