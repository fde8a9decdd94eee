#include "sample/block.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chain/block_hash.hpp"
#include "chain/canonical_json.hpp"
#include "chain/hash.hpp"
#include "chain/merkle.hpp"

namespace bt2c::sample {

using base::format;

namespace {

/// A hash that this folder made, or read out of a database that it made.
chain::Hash parsed(const std::string& text) {
    chain::Hash hash;
    BT2C_ASSERT(chain::parse_hash(text, hash));
    return hash;
}

std::string text_of(const std::optional<chain::Hash>& hash) {
    BT2C_ASSERT(hash.has_value());
    return chain::hash_text(*hash);
}

/// In the order of the timestamps as SQLite sorts them: numbers before texts, equal ones in table
/// order.
std::vector<chain::Hash> leaves(const Block& block) {
    std::vector<const Transaction*> order;
    for (const Transaction& transaction : block.transactions) order.push_back(&transaction);
    std::stable_sort(order.begin(), order.end(),
                     [](const auto* a, const auto* b) { return a->timestamp < b->timestamp; });
    std::vector<chain::Hash> hashes;
    for (const Transaction* transaction : order) hashes.push_back(parsed(transaction->hash));
    return hashes;
}

std::string validator_of(const Block& block) {
    for (const Transaction& transaction : block.transactions)
        if (transaction.type == "reward") return transaction.recipient;
    return {};
}

}  // namespace

void seal(Block& block, Scheme scheme) {
    const chain::Hash root = scheme == Scheme::direct ? chain::direct_merkle_root(leaves(block))
                                                      : chain::merkle_root(leaves(block));
    block.merkle_root = chain::hash_text(root);

    const std::string validator = validator_of(block);
    chain::BlockContent content;
    content.height = block.height;
    content.merkle_root = root;
    content.network = block.network;
    // What the unproved genesis is a hash of is nowhere in the database; any other number will do.
    content.nonce = scheme == Scheme::unstored ? block.nonce + 1 : block.nonce;
    content.previous_hash = parsed(block.previous_hash);
    content.timestamp = block.timestamp;
    content.validator = validator;
    block.hash = text_of(scheme == Scheme::direct ? chain::direct_block_hash(content)
                                                  : chain::scheduled_block_hash(content));
    for (Transaction& transaction : block.transactions) transaction.block_hash = block.hash;
}

void add_reward(Block& block, const std::string& recipient, double amount, double timestamp) {
    Transaction reward;
    reward.sender = "system";
    reward.recipient = recipient;
    reward.amount = amount;
    reward.timestamp = timestamp;
    reward.signature = "block_signature";
    reward.nonce = block.height;
    reward.type = "reward";
    reward.payload = format(R"({{"memo": "Block reward for height {}"}})", block.height);
    reward.network = block.network;
    reward.hash = text_of(chain::reward_hash({amount, block.height, recipient, timestamp}));
    block.transactions.push_back(std::move(reward));
}

std::string transfer_hash(const Transaction& transfer, std::int64_t timestamp) {
    const std::string amount = chain::float_text(transfer.amount);
    chain::TransferContent content;
    content.amount = amount;
    content.network = transfer.network;
    content.nonce = transfer.nonce;
    content.recipient = transfer.recipient;
    content.sender = transfer.sender;
    content.timestamp = timestamp;
    return text_of(chain::transfer_hash(content));
}

std::string timestamp_text(double unix_seconds, char separator) {
    // The fraction by itself, as Python rounds it: the product of the whole has too few digits.
    const double whole_s = std::floor(unix_seconds);
    const std::chrono::sys_time<std::chrono::microseconds> time{
        std::chrono::seconds(std::llrint(whole_s)) +
        std::chrono::microseconds(std::llrint((unix_seconds - whole_s) * 1e6))};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    return format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}.{:06}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), separator,
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                  clock.subseconds().count());
}

}  // namespace bt2c::sample
