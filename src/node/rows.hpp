#pragma once
// Blocks and transactions as rows of the data model's tables.

#include <optional>
#include <string>

#include "node/block.hpp"
#include "node/database.hpp"

namespace bt2c::node {

/// Puts a transaction into its block, or among the pending ones without one.
void insert_transaction(Database& database, const Transaction& transaction, const std::string& network,
                        const chain::Hash* block);
/// The rows of `blocks`, `node_blocks`, and the transactions' without their effects. Pending rows of the same
/// transactions must be gone.
void insert_block(Database& database, const Block& block);
void remember_key(Database& database, const std::string& address, const base::Bytes& public_key);

std::optional<chain::Hash> block_hash_at(Database& database, const std::string& network, std::int64_t height);
bool has_block(Database& database, const std::string& network, const chain::Hash& hash);
std::optional<std::int64_t> height_of(Database& database, const std::string& network,
                                      const chain::Hash& hash);
/// With its transactions; keys and signatures are empty where they are not known.
std::optional<Block> read_block(Database& database, const std::string& network, const chain::Hash& hash);
/// The pending transactions of the network that this software put there.
std::vector<Transaction> read_pending(Database& database, const std::string& network);

}  // namespace bt2c::node
