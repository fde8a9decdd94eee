#include "sample/row_writer.hpp"

#include "base/text.hpp"

namespace bt2c::sample {

using chaindb::sqlite::Connection;
using chaindb::sqlite::Statement;

RowWriter::RowWriter(Connection& connection)
    : block_(connection.prepare(
          "INSERT INTO blocks (hash, previous_hash, timestamp, nonce, difficulty, merkle_root, height, "
          "network_type) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")),
      transaction_(connection.prepare(
          "INSERT INTO transactions (hash, sender, recipient, amount, timestamp, signature, nonce, "
          "block_hash, type, payload, network_type, is_pending) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")),
      nonce_(connection.try_prepare(
          "INSERT INTO nonces (nonce, sender, timestamp, network_type) VALUES (?1, ?2, ?3, ?4)")) {}

void RowWriter::insert(const Block& block) {
    block_.bind(1, block.hash).bind(2, block.previous_hash).bind(3, block.timestamp).bind(4, block.nonce);
    block_.bind(5, block.difficulty).bind(6, block.merkle_root).bind(7, block.height).bind(8, block.network);
    block_.run();
    block_.reset();
    for (const Transaction& transaction : block.transactions) {
        insert(transaction);
        if (!nonce_ || transaction.type != "transfer") continue;
        nonce_->bind(1, base::format("{}:{}:{}", transaction.sender, transaction.nonce,
                                     std::string_view(transaction.hash).substr(0, 8)));
        nonce_->bind(2, transaction.sender).bind(3, block.timestamp).bind(4, block.network);
        nonce_->run();
        nonce_->reset();
    }
}

void RowWriter::insert(const Transaction& transaction) {
    Statement& to = transaction_;
    to.bind(1, transaction.hash).bind(2, transaction.sender).bind(3, transaction.recipient);
    to.bind(4, transaction.amount);
    if (const auto* number = std::get_if<double>(&transaction.timestamp)) {
        to.bind(5, *number);
    } else {
        to.bind(5, std::get<std::string>(transaction.timestamp));
    }
    to.bind(6, transaction.signature).bind(7, transaction.nonce);
    transaction.block_hash ? to.bind(8, *transaction.block_hash) : to.bind_null(8);
    to.bind(9, transaction.type);
    transaction.payload ? to.bind(10, *transaction.payload) : to.bind_null(10);
    to.bind(11, transaction.network).bind(12, std::int64_t{transaction.is_pending});
    to.run();
    to.reset();
}

}  // namespace bt2c::sample
