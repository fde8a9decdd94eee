#pragma once
// The hashes of blocks and transactions, by scheme. Source: "Hashes" of the chain's data model,
// as nodes compute them with Python's json and hashlib.

#include <cstdint>
#include <optional>
#include <string_view>

#include "chain/hash.hpp"

namespace bt2c::chain {

/// What a block's hash is taken of. The validator is the recipient of the block's reward.
struct BlockContent {
    std::int64_t height = 0;
    Hash merkle_root{};
    std::string_view network;
    std::int64_t nonce = 0;
    Hash previous_hash{};
    double timestamp = 0;  ///< Unix seconds
    std::string_view validator;
};

/// How a block's hash was made.
enum class BlockScheme { scheduled, direct };

/// nullopt when a text is not valid UTF-8.
std::optional<Hash> scheduled_block_hash(const BlockContent& block);
/// The older scheme: PREVIOUS_TIMESTAMP_HEIGHT_VALIDATOR. Network, nonce and Merkle root take no part.
Hash direct_block_hash(const BlockContent& block);

struct RewardContent {
    double amount = 0;
    std::int64_t block_height = 0;
    std::string_view recipient;
    double timestamp = 0;  ///< Unix seconds
};
/// nullopt when the recipient is not valid UTF-8.
std::optional<Hash> reward_hash(const RewardContent& reward);

/// Amount and fee are decimal texts, as the sender signed them. The database keeps neither the fee
/// nor the expiry, so that a stored transfer is proved for their usual values only.
struct TransferContent {
    std::string_view amount;
    std::string_view fee = "0.00000001";
    std::int64_t expiry_s = 3600;
    std::string_view network;
    std::int64_t nonce = 0;
    std::string_view recipient;
    std::string_view sender;
    std::int64_t timestamp = 0;                    ///< whole Unix seconds
    std::optional<std::string_view> payload_json;  ///< canonical JSON text
};
/// nullopt when a text is not valid UTF-8.
std::optional<Hash> transfer_hash(const TransferContent& transfer);

}  // namespace bt2c::chain
