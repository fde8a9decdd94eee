#include "node/block.hpp"

#include <tuple>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "chain/block_hash.hpp"
#include "chain/canonical_json.hpp"
#include "chain/economics.hpp"
#include "chain/merkle.hpp"

namespace bt2c::node {

using base::Json;

namespace {

constexpr int version = 1;

/// The codec takes ASCII only, of which every text has a hash.
chain::Hash some(const std::optional<chain::Hash>& hash) {
    BT2C_ASSERT(hash.has_value());
    return *hash;
}

chain::Hash other_hash(const Transaction& transaction, const std::string& network) {
    chain::CanonicalObject object;
    object.member("amount", chain::float_text(coins_of(transaction.units)))
        .member("network", network)
        .member("nonce", transaction.nonce)
        .member("payload", transaction.payload)
        .member("recipient", transaction.recipient)
        .member("sender", transaction.sender)
        .member("timestamp", static_cast<std::int64_t>(transaction.timestamp))
        .member("tx_type", transaction.type);
    return crypto::sha256(base::as_bytes(object.text()));
}

}  // namespace

double coins_of(std::int64_t units) {
    return static_cast<double>(units) / static_cast<double>(chain::units_per_coin);
}

std::string amount_text(std::int64_t units) {
    std::string text = base::format("{}.{:08}", units / chain::units_per_coin, units % chain::units_per_coin);
    text.resize(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

std::string BlockHeader::signed_text(const chain::Hash& genesis) const {
    return Json::object({{"purpose", "bt2c block"},
                         {"version", version},
                         {"network", network},
                         {"genesis_hash", chain::hash_text(genesis)},
                         {"height", std::to_string(height)},
                         {"hash", chain::hash_text(hash)}})
        .dump();
}

chain::Hash BlockHeader::own_hash() const {
    return some(chain::scheduled_block_hash(
        {height, merkle_root, network, nonce, previous_hash, timestamp, validator}));
}

std::string transaction_signed_text(const chain::Hash& hash, const std::string& network,
                                    const chain::Hash& genesis) {
    return Json::object({{"purpose", "bt2c transaction"},
                         {"version", version},
                         {"network", network},
                         {"genesis_hash", chain::hash_text(genesis)},
                         {"hash", chain::hash_text(hash)}})
        .dump();
}

chain::Hash transaction_hash(const Transaction& transaction, const std::string& network) {
    const double coins = coins_of(transaction.units);
    if (transaction.type == "reward")
        return some(
            chain::reward_hash({coins, transaction.nonce, transaction.recipient, transaction.timestamp}));
    if (transaction.type != "transfer") return other_hash(transaction, network);
    chain::TransferContent content;
    const std::string amount = chain::float_text(coins);
    content.amount = amount;
    content.network = network;
    content.nonce = transaction.nonce;
    content.recipient = transaction.recipient;
    content.sender = transaction.sender;
    content.timestamp = static_cast<std::int64_t>(transaction.timestamp);
    return some(chain::transfer_hash(content));
}

bool comes_before(const Transaction& a, const Transaction& b) {
    return std::tie(a.timestamp, a.nonce, a.hash) < std::tie(b.timestamp, b.nonce, b.hash);
}

chain::Hash merkle_root_of(const std::vector<Transaction>& transactions) {
    std::vector<chain::Hash> leaves;
    leaves.reserve(transactions.size() + 1);
    for (const bool rewards : {true, false})
        for (const Transaction& transaction : transactions)
            if ((transaction.type == "reward") == rewards) leaves.push_back(transaction.hash);
    return chain::merkle_root_in_place(leaves);
}

}  // namespace bt2c::node
