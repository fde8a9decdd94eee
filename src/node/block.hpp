#pragma once
// Blocks and transactions as validators exchange them. docs/node.md has the texts that are hashed and signed.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "chain/hash.hpp"

namespace bt2c::node {

/// A transaction; amounts in smallest units, so that sums are exact.
struct Transaction {
    chain::Hash hash{};
    std::string type;  ///< transfer, stake, unstake, validator, reward
    std::string sender, recipient;
    std::int64_t units = 0;
    double timestamp = 0;    ///< Unix time, s; whole but for rewards
    std::int64_t nonce = 0;  ///< of the sender: one more than its last
    std::string payload;     ///< of type validator: a rotation record, or evidence of two blocks; else empty
    base::Bytes public_key;  ///< the sender's; empty in rewards
    base::Bytes signature;   ///< over the hash's text; empty in rewards
};

/// What a validator signs of a block, and what two of which are evidence.
struct BlockHeader {
    std::int64_t height = 0;
    chain::Hash previous_hash{};
    double timestamp = 0;    ///< Unix time, s
    std::int64_t nonce = 0;  ///< the round: 0 for the first proposer, 1 for the second, …
    chain::Hash merkle_root{};
    std::string network;
    std::string validator;
    chain::Hash hash{};      ///< scheme scheduled, of the fields above
    base::Bytes public_key;  ///< the validator's
    base::Bytes signature;   ///< over signed_text()

    /// Names its purpose, the network and its genesis, so that it is no use anywhere else.
    std::string signed_text(const chain::Hash& genesis) const;
    /// The hash that follows from the fields above it.
    chain::Hash own_hash() const;
};

struct Block {
    BlockHeader header;
    std::vector<Transaction> transactions;  ///< in the block's order; the reward is the last one
};

/// The fee of all but rewards and transactions of type validator; it is burnt.
inline constexpr std::int64_t fee_units = 1;
/// A transaction is good for blocks made so long after it.
inline constexpr double expiry_s = 3600;
/// The sender of rewards.
inline constexpr std::string_view system_sender = "system";

/// The hash that follows from a transaction's content. A reward's nonce is its block's height.
chain::Hash transaction_hash(const Transaction& transaction, const std::string& network);
/// What a sender signs.
std::string transaction_signed_text(const chain::Hash& hash, const std::string& network,
                                    const chain::Hash& genesis);
/// The order of a block's transactions: by time, then nonce, then hash. The reward comes after all of them.
bool comes_before(const Transaction& a, const Transaction& b);
/// As databases order them: the reward's number before all texts, then the block's order.
chain::Hash merkle_root_of(const std::vector<Transaction>& transactions);

/// Coins as a decimal text without needless zeros: "21", "0.00000001".
std::string amount_text(std::int64_t units);
/// Coins as the database stores them.
double coins_of(std::int64_t units);

/// Bounds of what is taken from others.
inline constexpr std::size_t transactions_max = 500;      ///< of a block, the reward included
inline constexpr std::size_t payload_bytes_max = 16'384;  ///< of a transaction
inline constexpr std::size_t block_bytes_max = 2 << 20;   ///< of its JSON text

// JSON texts. The readers check form and bounds, throw Error(failed) naming the fault, and prove nothing.
std::string to_json(const Transaction& transaction);
std::string to_json(const BlockHeader& header);
std::string to_json(const Block& block);
Transaction parse_transaction(std::string_view json);
BlockHeader parse_header(std::string_view json);
Block parse_block(std::string_view json);

}  // namespace bt2c::node
