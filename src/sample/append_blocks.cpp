#include "sample/append_blocks.hpp"

#include <functional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "sample/row_writer.hpp"

namespace bt2c::sample {

using base::Error;
using base::ErrorKind;
using chaindb::sqlite::Connection;
using chaindb::sqlite::Statement;

namespace {

Tip newest_tip(Connection& connection) {
    Statement newest = connection.prepare(
        "SELECT hash, height, timestamp, network_type FROM blocks ORDER BY height DESC, network_type LIMIT "
        "1");
    if (!newest.next()) throw Error(ErrorKind::failed, "cannot add blocks: the chain has no block yet");
    Tip tip;
    tip.hash = newest.string(0);
    tip.height = newest.integer(1);
    tip.timestamp = newest.real(2);
    tip.network = newest.string(3);
    newest.reset();

    Statement first =
        connection.prepare("SELECT timestamp FROM blocks WHERE network_type = ?1 ORDER BY height LIMIT 1");
    if (first.bind(1, tip.network).next()) tip.genesis_timestamp = first.real(0);
    Statement validators = connection.prepare(
        "SELECT address FROM validators WHERE network_type = ?1 AND upper(status) = 'ACTIVE' ORDER BY rowid");
    validators.bind(1, tip.network);
    while (validators.next()) tip.validators.push_back(validators.string(0));
    if (tip.validators.empty()) throw Error(ErrorKind::failed, "cannot add blocks: no validator is ACTIVE");
    return tip;
}

BlockMaker maker_at_tip(Connection& connection, int transactions_per_block) {
    Tip tip = newest_tip(connection);
    const std::uint64_t seed = std::hash<std::string>()(tip.hash);
    return BlockMaker(std::move(tip), transactions_per_block, false, seed);
}

void insert(Connection& connection, const Block& block) {
    RowWriter(connection).insert(block);
    const Transaction& reward = block.transactions.front();
    Statement update = connection.prepare(
        "UPDATE validators SET last_validation = ?1, last_block = ?2, total_blocks = total_blocks + 1, "
        "rewards_earned = rewards_earned + ?3 WHERE address = ?4 AND network_type = ?5");
    update.bind(1, block.timestamp).bind(2, timestamp_text(block.timestamp, ' ')).bind(3, reward.amount);
    update.bind(4, reward.recipient).bind(5, block.network).run();
}

/// SQLite has rolled back by itself after some errors, and then refuses.
void roll_back(Connection& connection) {
    try {
        connection.execute("ROLLBACK");
    } catch (const Error&) {
    }
}

}  // namespace

Appender::Appender(Connection& connection, int transactions_per_block)
    : connection_(connection), maker_(maker_at_tip(connection, transactions_per_block)) {}

void Appender::append() {
    if (!waiting_) waiting_ = maker_.next(Scheme::scheduled);
    try {
        connection_.execute("BEGIN");
        insert(connection_, *waiting_);
        connection_.execute("COMMIT");
    } catch (const Error&) {
        roll_back(connection_);
        throw;
    }
    waiting_.reset();
}

void append_blocks(Connection& connection, std::int64_t count, int transactions_per_block) {
    Appender appender(connection, transactions_per_block);
    for (std::int64_t i = 0; i < count; ++i) appender.append();
}

}  // namespace bt2c::sample
