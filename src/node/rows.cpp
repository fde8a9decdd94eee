#include "node/rows.hpp"

#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chain/economics.hpp"
#include "chain/timestamp.hpp"
#include "crypto/base64.hpp"
#include "node/tables.hpp"

namespace bt2c::node {

using chaindb::sqlite::Statement;
using chaindb::sqlite::ValueType;

namespace {

chain::Hash hash_or_zero(std::string_view text) {
    chain::Hash hash{};
    return chain::parse_hash(text, hash) ? hash : chain::zero_hash;
}

base::Bytes blob(const Statement& row, int column) {
    const base::ByteView bytes = base::as_bytes(row.text(column));
    return {bytes.begin(), bytes.end()};
}

double time_of(const Statement& row, int column) {
    if (row.type(column) != ValueType::text) return row.real(column);
    return chain::parse_timestamp(row.text(column)).value_or(0);
}

/// hash, type, sender, recipient, amount, timestamp, nonce, payload, signature, public_key
Transaction transaction_of(const Statement& row) {
    Transaction transaction;
    transaction.hash = hash_or_zero(row.text(0));
    transaction.type = row.string(1);
    transaction.sender = row.string(2);
    transaction.recipient = row.string(3);
    transaction.units = chain::to_units(row.real(4));
    transaction.timestamp = time_of(row, 5);
    transaction.nonce = row.integer(6);
    if (transaction.type == "reward") return transaction;
    transaction.payload = row.string(7);
    if (auto signature = crypto::from_base64(row.text(8))) transaction.signature = std::move(*signature);
    transaction.public_key = blob(row, 9);
    return transaction;
}

void read_transactions(Database& database, Block& block) {
    auto query = database.ask(
        "SELECT t.hash, t.type, t.sender, t.recipient, t.amount, t.timestamp, t.nonce, t.payload, "
        "t.signature, k.public_key FROM transactions t LEFT JOIN node_keys k ON k.address = t.sender "
        "WHERE t.block_hash = ?1 ORDER BY t.type = 'reward', t.timestamp, t.rowid",
        chain::hash_text(block.header.hash));
    while (query.next()) block.transactions.push_back(transaction_of(*query.operator->()));
}

}  // namespace

void insert_transaction(Database& database, const Transaction& transaction, const std::string& network,
                        const chain::Hash* block) {
    const bool reward = transaction.type == "reward";
    auto use = database.ask(
        "INSERT INTO transactions (hash, sender, recipient, amount, timestamp, signature, nonce, block_hash, "
        "type, payload, network_type, is_pending) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        chain::hash_text(transaction.hash), transaction.sender, transaction.recipient,
        coins_of(transaction.units));
    Statement& to = use.statement();
    if (reward || transaction.type == "developer")
        to.bind(5, transaction.timestamp).bind(6, std::string_view("block_signature"));
    else
        to.bind(5, std::string_view(time_text(transaction.timestamp, ' ')))
            .bind(6, std::string_view(crypto::to_base64(transaction.signature)));
    to.bind(7, transaction.nonce);
    block ? to.bind(8, std::string_view(chain::hash_text(*block))) : to.bind_null(8);
    to.bind(9, transaction.type);
    transaction.payload.empty() ? to.bind_null(10) : to.bind(10, transaction.payload);
    to.bind(11, network).bind(12, std::int64_t{block == nullptr});
    to.run();
}

void remember_key(Database& database, const std::string& address, const base::Bytes& public_key) {
    database.run("INSERT OR IGNORE INTO node_keys (address, public_key) VALUES (?1, ?2)", address,
                 public_key);
}

void insert_block(Database& database, const Block& block) {
    const BlockHeader& header = block.header;
    const std::string hash = chain::hash_text(header.hash);
    database.run(
        "INSERT INTO blocks (hash, previous_hash, timestamp, nonce, difficulty, merkle_root, height, "
        "network_type) VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7)",
        hash, chain::hash_text(header.previous_hash), header.timestamp, header.nonce,
        chain::hash_text(header.merkle_root), header.height, header.network);
    if (!header.signature.empty()) {
        database.run("INSERT INTO node_blocks (hash, validator, round, signature) VALUES (?1, ?2, ?3, ?4)",
                     hash, header.validator, header.nonce, header.signature);
        remember_key(database, header.validator, header.public_key);
    }
    for (const Transaction& transaction : block.transactions) {
        insert_transaction(database, transaction, header.network, &header.hash);
        if (!transaction.public_key.empty())
            remember_key(database, transaction.sender, transaction.public_key);
    }
}

std::optional<chain::Hash> block_hash_at(Database& database, const std::string& network,
                                         std::int64_t height) {
    auto query =
        database.ask("SELECT hash FROM blocks WHERE height = ?1 AND network_type = ?2", height, network);
    if (!query.next()) return std::nullopt;
    return hash_or_zero(query->text(0));
}

std::optional<std::int64_t> height_of(Database& database, const std::string& network,
                                      const chain::Hash& hash) {
    return database.integer("SELECT height FROM blocks WHERE hash = ?1 AND network_type = ?2",
                            chain::hash_text(hash), network);
}

bool has_block(Database& database, const std::string& network, const chain::Hash& hash) {
    return height_of(database, network, hash).has_value();
}

std::optional<Block> read_block(Database& database, const std::string& network, const chain::Hash& hash) {
    Block block;
    BlockHeader& header = block.header;
    {
        auto query = database.ask(
            "SELECT b.height, b.previous_hash, b.timestamp, b.nonce, b.merkle_root, n.validator, "
            "n.signature, "
            "k.public_key FROM blocks b LEFT JOIN node_blocks n ON n.hash = b.hash "
            "LEFT JOIN node_keys k ON k.address = n.validator WHERE b.hash = ?1 AND b.network_type = ?2",
            chain::hash_text(hash), network);
        if (!query.next()) return std::nullopt;
        header.height = query->integer(0);
        header.previous_hash = hash_or_zero(query->text(1));
        header.timestamp = query->real(2);
        header.nonce = query->integer(3);
        header.merkle_root = hash_or_zero(query->text(4));
        header.network = network;
        header.validator = query->string(5);
        header.hash = hash;
        header.signature = blob(*query.operator->(), 6);
        header.public_key = blob(*query.operator->(), 7);
    }
    read_transactions(database, block);
    if (header.validator.empty() && !block.transactions.empty() && block.transactions.back().type == "reward")
        header.validator = block.transactions.back().recipient;
    return block;
}

std::vector<Transaction> read_pending(Database& database, const std::string& network) {
    std::vector<Transaction> pending;
    auto query = database.ask(
        "SELECT t.hash, t.type, t.sender, t.recipient, t.amount, t.timestamp, t.nonce, t.payload, "
        "t.signature, k.public_key FROM transactions t JOIN node_keys k ON k.address = t.sender "
        "WHERE t.block_hash IS NULL AND t.is_pending = 1 AND t.network_type = ?1",
        network);
    while (query.next()) pending.push_back(transaction_of(*query.operator->()));
    return pending;
}

}  // namespace bt2c::node
