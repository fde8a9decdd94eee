#include "sample/chain_edit.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "sample/row_writer.hpp"

namespace bt2c::sample {

using base::Error;
using base::ErrorKind;
using base::format;
using chaindb::sqlite::Connection;
using chaindb::sqlite::Statement;
using chaindb::sqlite::ValueType;

namespace {

[[noreturn]] void too_small(std::string_view what) {
    throw Error(ErrorKind::failed, format("cannot inject the fault: the chain has no {}", what))
        .hint("use a chain of at least five blocks with three transactions each");
}

Block read_block(Connection& connection, const std::string& hash) {
    Statement row = connection.prepare(
        "SELECT hash, previous_hash, timestamp, nonce, difficulty, merkle_root, height, network_type "
        "FROM blocks WHERE hash = ?1");
    if (!row.bind(1, hash).next()) too_small("such block");
    Block block;
    block.hash = row.string(0);
    block.previous_hash = row.string(1);
    block.timestamp = row.real(2);
    block.nonce = row.integer(3);
    block.difficulty = row.integer(4);
    block.merkle_root = row.string(5);
    block.height = row.integer(6);
    block.network = row.string(7);

    Statement rows = connection.prepare(
        "SELECT hash, sender, recipient, amount, timestamp, signature, nonce, type, payload, network_type "
        "FROM transactions WHERE block_hash = ?1 ORDER BY rowid");
    rows.bind(1, hash);
    while (rows.next()) {
        Transaction transaction;
        transaction.hash = rows.string(0);
        transaction.sender = rows.string(1);
        transaction.recipient = rows.string(2);
        transaction.amount = rows.real(3);
        if (rows.type(4) == ValueType::text) {
            transaction.timestamp = rows.string(4);
        } else {
            transaction.timestamp = rows.real(4);
        }
        transaction.signature = rows.string(5);
        transaction.nonce = rows.integer(6);
        transaction.type = rows.string(7);
        if (!rows.is_null(8)) transaction.payload = rows.string(8);
        transaction.network = rows.string(9);
        block.transactions.push_back(std::move(transaction));
    }
    return block;
}

std::string newest_hash(Connection& connection) {
    auto hash = connection.query_text("SELECT hash FROM blocks ORDER BY height DESC, network_type LIMIT 1");
    if (!hash) too_small("block");
    return *hash;
}

}  // namespace

Block newest_block(Connection& connection) {
    return read_block(connection, newest_hash(connection));
}

Block inner_block(Connection& connection) {
    const Block newest = newest_block(connection);
    Statement range = connection.prepare("SELECT min(height) FROM blocks WHERE network_type = ?1");
    const std::int64_t first = range.bind(1, newest.network).next() ? range.integer(0) : newest.height;
    const std::int64_t back = std::max<std::int64_t>((newest.height - first) / 4, 1);
    if (newest.height - back <= first + 1) too_small("block well inside it");
    return read_block(connection, hash_at(connection, newest.network, newest.height - back));
}

std::string hash_at(Connection& connection, const std::string& network, std::int64_t height) {
    Statement row = connection.prepare("SELECT hash FROM blocks WHERE height = ?1 AND network_type = ?2");
    if (!row.bind(1, height).bind(2, network).next()) too_small("block at the height needed");
    return row.string(0);
}

const Transaction& reward_of(const Block& block) {
    for (const Transaction& transaction : block.transactions)
        if (transaction.type == "reward") return transaction;
    too_small("reward in the block needed");
}

const Transaction& transfer_of(const Block& block, std::size_t index) {
    for (const Transaction& transaction : block.transactions)
        if (transaction.type != "reward" && index-- == 0) return transaction;
    too_small("transfer in the block needed");
}

void remake_newest_block(Connection& connection, const std::function<void(Block&)>& change_block) {
    Block block = newest_block(connection);
    change(connection, "DELETE FROM transactions WHERE block_hash = ?1", block.hash);
    change(connection, "DELETE FROM blocks WHERE hash = ?1", block.hash);
    if (auto nonces = connection.try_prepare("DELETE FROM nonces WHERE timestamp = ?1 AND network_type = ?2"))
        nonces->bind(1, block.timestamp).bind(2, block.network).run();
    change_block(block);
    seal(block, Scheme::scheduled);
    RowWriter(connection).insert(block);
}

void redo_rewards(Block& block) {
    std::vector<Transaction> before;
    std::swap(before, block.transactions);
    for (Transaction& transaction : before) {
        const auto* timestamp = std::get_if<double>(&transaction.timestamp);
        if (transaction.type == "reward" && timestamp != nullptr) {
            add_reward(block, transaction.recipient, transaction.amount, *timestamp);
        } else {
            block.transactions.push_back(std::move(transaction));
        }
    }
}

void drop_constraints(Connection& connection, std::string_view table) {
    Statement schema = connection.prepare("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?1");
    if (!schema.bind(1, table).next()) too_small(table);
    std::string sql = schema.string(0);
    schema.reset();
    const std::size_t constraints = sql.find(", PRIMARY KEY (");
    const std::size_t columns = sql.find('(');
    if (constraints == std::string::npos || columns == std::string::npos || columns > constraints)
        too_small("table of the known shape");
    sql = format("CREATE TABLE loose_{} {})", table, sql.substr(columns, constraints - columns));
    constexpr std::string_view not_null = " NOT NULL";
    for (std::size_t at; (at = sql.find(not_null)) != std::string::npos;) sql.erase(at, not_null.size());
    connection.execute(sql);
    connection.execute(
        format("INSERT INTO loose_{0} SELECT * FROM {0} ORDER BY rowid; DROP TABLE {0}; "
               "ALTER TABLE loose_{0} RENAME TO {0}",
               table));
}

std::string other_digit(std::string hex) {
    BT2C_ASSERT(!hex.empty());
    hex.back() = hex.back() == '0' ? '1' : '0';
    return hex;
}

void run_change(Connection& connection, Statement statement) {
    statement.run();
    if (connection.changes() == 0) too_small("row that it needs");
}

}  // namespace bt2c::sample
