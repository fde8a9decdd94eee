#pragma once
// Puts blocks and transactions into the tables, as a node would.

#include <optional>

#include "chaindb/sqlite/connection.hpp"
#include "sample/block.hpp"

namespace bt2c::sample {

/// Statements prepared once for one connection, which must outlive it. The caller opens and
/// commits transactions.
class RowWriter {
 public:
    explicit RowWriter(chaindb::sqlite::Connection& connection);

    /// The block's row, its transactions' rows, and the nonces of its transfers.
    void insert(const Block& block);
    void insert(const Transaction& transaction);

 private:
    chaindb::sqlite::Statement block_, transaction_;
    std::optional<chaindb::sqlite::Statement> nonce_;  // where the layout has that table
};

}  // namespace bt2c::sample
