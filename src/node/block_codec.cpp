#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "chain/economics.hpp"
#include "crypto/base64.hpp"
#include "node/block.hpp"

namespace bt2c::node {

using base::Error;
using base::ErrorKind;
using base::Json;

namespace {

/// The last second that the texts of the database have four digits of a year for.
constexpr double timestamp_max = 253'402'300'799.0;
constexpr std::int64_t integer_max = std::int64_t{1} << 53;
constexpr std::size_t network_bytes_max = 32;
constexpr std::size_t address_bytes_max = 40;
constexpr std::size_t key_bytes_max = 600;
constexpr std::size_t signature_bytes_max = 512;
constexpr std::array<std::string_view, 5> types{"transfer", "stake", "unstake", "validator", "reward"};

[[noreturn]] void malformed(std::string_view what, std::string cause) {
    throw Error(ErrorKind::failed, base::format("the {} is malformed", what)).cause(std::move(cause));
}

/// Members of one object, all of which have to be asked for.
class Fields {
 public:
    Fields(const Json& json, std::string_view what, std::size_t count) : json_(json), what_(what) {
        if (!json.is_object() || json.members().size() != count)
            malformed(what, "it has not the members that it must have");
    }

    const std::string& text(std::string_view key, std::size_t bytes_max) const {
        const std::string& text = json_.string_at(key);
        if (text.size() > bytes_max) fail(key, "is too long");
        return text;
    }
    /// Printing ASCII without blanks.
    std::string name(std::string_view key, std::size_t bytes_max) const {
        const std::string& name = text(key, bytes_max);
        if (name.empty() || !std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f'; }))
            fail(key, "is no name");
        return name;
    }
    chain::Hash hash(std::string_view key) const {
        chain::Hash hash;
        if (!chain::parse_hash(text(key, 64), hash)) fail(key, "is no hash");
        return hash;
    }
    base::Bytes bytes(std::string_view key, std::size_t bytes_max) const {
        auto bytes = crypto::from_base64(text(key, 2 * bytes_max));
        if (!bytes || bytes->size() > bytes_max) fail(key, "is not base64, or too long");
        return std::move(*bytes);
    }
    std::int64_t integer(std::string_view key) const {
        const std::int64_t value = json_.integer_at(key);
        if (value < 0 || value > integer_max) fail(key, "is out of range");
        return value;
    }
    double time(std::string_view key) const {
        const double value = json_.number_at(key);
        if (!(value >= 0 && value <= timestamp_max)) fail(key, "is no time");
        return value;
    }
    std::int64_t amount(std::string_view key) const {
        const std::string& amount = text(key, 32);
        std::int64_t coins = 0, part = 0;
        const char* const end = amount.data() + amount.size();
        const auto whole = std::from_chars(amount.data(), end, coins);
        std::int64_t unit = chain::units_per_coin;
        for (const char* at = whole.ptr + 1; whole.ptr != end && at < end && unit > 1; ++at) {
            unit /= 10;
            part += (*at - '0') * unit;
        }
        // A sum that is written back in another form was not read right.
        if (whole.ec != std::errc() || coins < 0 ||
            coins > 10 * static_cast<std::int64_t>(chain::max_supply) || part < 0 ||
            part >= chain::units_per_coin || amount_text(coins * chain::units_per_coin + part) != amount)
            fail(key, "is no amount");
        return coins * chain::units_per_coin + part;
    }
    [[noreturn]] void fail(std::string_view key, std::string_view why) const {
        malformed(what_, base::format("its {} {}", key, why));
    }

 private:
    const Json& json_;
    std::string_view what_;
};

Json json_of(const Transaction& transaction) {
    return Json::object({{"hash", chain::hash_text(transaction.hash)},
                         {"type", transaction.type},
                         {"sender", transaction.sender},
                         {"recipient", transaction.recipient},
                         {"amount", amount_text(transaction.units)},
                         {"timestamp", transaction.timestamp},
                         {"nonce", transaction.nonce},
                         {"payload", transaction.payload},
                         {"public_key", crypto::to_base64(transaction.public_key)},
                         {"signature", crypto::to_base64(transaction.signature)}});
}

Transaction transaction_of(const Json& json) {
    const Fields fields(json, "transaction", 10);
    Transaction transaction;
    transaction.hash = fields.hash("hash");
    transaction.type = fields.name("type", 20);
    if (std::ranges::find(types, transaction.type) == types.end()) fields.fail("type", "is not known");
    transaction.sender = fields.name("sender", address_bytes_max);
    transaction.recipient = fields.name("recipient", address_bytes_max);
    transaction.units = fields.amount("amount");
    transaction.timestamp = fields.time("timestamp");
    const bool reward = transaction.type == "reward";
    if (!reward && std::floor(transaction.timestamp) != transaction.timestamp)
        fields.fail("timestamp", "is no whole second");
    transaction.nonce = fields.integer("nonce");
    transaction.payload = fields.text("payload", payload_bytes_max);
    transaction.public_key = fields.bytes("public_key", key_bytes_max);
    transaction.signature = fields.bytes("signature", signature_bytes_max);
    if (reward != transaction.public_key.empty() || reward != transaction.signature.empty())
        fields.fail("signature", reward ? "is not allowed" : "or public key is missing");
    if (transaction.type != "validator" && !transaction.payload.empty())
        fields.fail("payload", "is not allowed");
    return transaction;
}

Json json_of(const BlockHeader& header) {
    return Json::object({{"height", header.height},
                         {"previous_hash", chain::hash_text(header.previous_hash)},
                         {"timestamp", header.timestamp},
                         {"nonce", header.nonce},
                         {"merkle_root", chain::hash_text(header.merkle_root)},
                         {"network", header.network},
                         {"validator", header.validator},
                         {"hash", chain::hash_text(header.hash)},
                         {"public_key", crypto::to_base64(header.public_key)},
                         {"signature", crypto::to_base64(header.signature)}});
}

BlockHeader header_of(const Json& json) {
    const Fields fields(json, "block header", 10);
    BlockHeader header;
    header.height = fields.integer("height");
    header.previous_hash = fields.hash("previous_hash");
    header.timestamp = fields.time("timestamp");
    header.nonce = fields.integer("nonce");
    header.merkle_root = fields.hash("merkle_root");
    header.network = fields.name("network", network_bytes_max);
    header.validator = fields.name("validator", address_bytes_max);
    header.hash = fields.hash("hash");
    header.public_key = fields.bytes("public_key", key_bytes_max);
    header.signature = fields.bytes("signature", signature_bytes_max);
    return header;
}

Json parsed(std::string_view text, std::string_view what, std::size_t bytes_max) {
    if (text.size() > bytes_max) malformed(what, "it is too long");
    return Json::parse(text);
}

/// Keys, signatures and the texts around a transaction or header; a payload's escapes on top.
constexpr std::size_t small_bytes_max = 8'192 + 6 * payload_bytes_max;

}  // namespace

std::string to_json(const Transaction& transaction) {
    return json_of(transaction).dump();
}
std::string to_json(const BlockHeader& header) {
    return json_of(header).dump();
}

std::string to_json(const Block& block) {
    Json transactions = Json::array();
    for (const Transaction& transaction : block.transactions) transactions.push(json_of(transaction));
    return Json::object({{"header", json_of(block.header)}, {"transactions", std::move(transactions)}})
        .dump();
}

Transaction parse_transaction(std::string_view json) {
    return transaction_of(parsed(json, "transaction", small_bytes_max));
}
BlockHeader parse_header(std::string_view json) {
    return header_of(parsed(json, "block header", small_bytes_max));
}

Block parse_block(std::string_view json) {
    const Json document = parsed(json, "block", block_bytes_max);
    if (!document.is_object() || document.members().size() != 2)
        malformed("block", "it has not the members that it must have");
    Block block;
    block.header = header_of(document.at("header"));
    const Json::Array& transactions = document.array_at("transactions");
    if (transactions.size() > transactions_max) malformed("block", "it has too many transactions");
    for (const Json& transaction : transactions) block.transactions.push_back(transaction_of(transaction));
    return block;
}

}  // namespace bt2c::node
