#include "chain/block_hash.hpp"

#include <string>

#include "chain/canonical_json.hpp"

namespace bt2c::chain {
namespace {

std::optional<Hash> hash_of(CanonicalObject& object) {
    const std::string& text = object.text();
    if (text.empty()) return std::nullopt;
    return crypto::sha256(base::as_bytes(text));
}

}  // namespace

std::optional<Hash> scheduled_block_hash(const BlockContent& block) {
    CanonicalObject object;
    object.member("height", block.height)
        .member("merkle_root", hash_text(block.merkle_root))
        .member("network", block.network)
        .member("nonce", block.nonce)
        .member("previous_hash", hash_text(block.previous_hash))
        .member("timestamp", block.timestamp)
        .member("validator", block.validator);
    return hash_of(object);
}

Hash direct_block_hash(const BlockContent& block) {
    std::string text = hash_text(block.previous_hash) + "_";
    append_float(text, block.timestamp);
    text.append("_").append(std::to_string(block.height)).append("_").append(block.validator);
    return crypto::sha256(base::as_bytes(text));
}

std::optional<Hash> reward_hash(const RewardContent& reward) {
    CanonicalObject object;
    object.member("amount", reward.amount)
        .member("block_height", reward.block_height)
        .member("recipient", reward.recipient)
        .member("timestamp", reward.timestamp)
        .member("type", "block_reward");
    return hash_of(object);
}

std::optional<Hash> transfer_hash(const TransferContent& transfer) {
    CanonicalObject object;
    object.member("amount", transfer.amount)
        .member("expiry", transfer.expiry_s)
        .member("fee", transfer.fee)
        .member("network", transfer.network)
        .member("nonce", transfer.nonce);
    if (transfer.payload_json) object.raw("payload", *transfer.payload_json);
    object.member("recipient", transfer.recipient)
        .member("sender", transfer.sender)
        .member("timestamp", transfer.timestamp)
        .member("tx_type", "transfer");
    return hash_of(object);
}

}  // namespace bt2c::chain
