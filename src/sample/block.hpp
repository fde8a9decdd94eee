#pragma once
// One block of a sample chain with its transactions, and the sealing that makes it provable.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace bt2c::sample {

/// A row of `transactions`. Rewards have a number for a timestamp, everything else a text.
struct Transaction {
    std::string hash, sender, recipient;
    double amount = 0;
    std::variant<double, std::string> timestamp;
    std::string signature;
    std::int64_t nonce = 0;
    std::optional<std::string> block_hash;
    std::string type;
    std::optional<std::string> payload;
    std::string network;
    bool is_pending = false;
};

/// A row of `blocks` and the transactions in it, in table order.
struct Block {
    std::string hash, previous_hash;
    double timestamp = 0;  ///< unix seconds
    std::int64_t nonce = 0, difficulty = 1;
    std::string merkle_root;
    std::int64_t height = 0;
    std::string network;
    std::vector<Transaction> transactions;
};

/// How a block's hash comes about; the data model describes each.
enum class Scheme {
    scheduled,  ///< the one in use; provable
    direct,     ///< of older chains; provable
    unstored,   ///< the genesis of older chains: hashed over something that is not in the database
};

/// Fills in merkle_root and hash by `scheme`, and the hash into each transaction.
/// The validator is the recipient of the first reward.
void seal(Block& block, Scheme scheme);

/// Puts the reward of `block` at the end of its transactions, hashed as a node does.
/// @param amount coins
void add_reward(Block& block, const std::string& recipient, double amount, double timestamp);

/// The hash of a transfer with the default fee and expiry, for its present fields.
/// @param timestamp whole unix seconds; the table's text is finer
std::string transfer_hash(const Transaction& transfer, std::int64_t timestamp);

/// "2025-04-05 00:05:00.711127" in UTC, with `separator` between date and time.
std::string timestamp_text(double unix_seconds, char separator);

}  // namespace bt2c::sample
