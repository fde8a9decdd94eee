#pragma once
// Adds valid blocks to the chain in a database, as a running node does.

#include <cstdint>
#include <optional>

#include "chaindb/sqlite/connection.hpp"
#include "sample/block_maker.hpp"

namespace bt2c::sample {

/// Adds blocks to one network, one database transaction each.
class Appender {
 public:
    /// Finds the newest block in the database. With several networks in one table with unique
    /// heights, only the highest one has room above it, and is taken.
    /// Throws Error when there is no chain to go on with, or no ACTIVE validator.
    Appender(chaindb::sqlite::Connection& connection, int transactions_per_block);

    /// One block, from BEGIN to COMMIT. Throws Error(busy) when the busy timeout runs out; the
    /// database is then as before, and the next call tries the same block again. Nobody else may
    /// add blocks meanwhile.
    void append();

 private:
    chaindb::sqlite::Connection& connection_;
    BlockMaker maker_;
    std::optional<Block> waiting_;  ///< made, and not yet in the database
};

/// `count` blocks with `transactions_per_block` transactions each.
void append_blocks(chaindb::sqlite::Connection& connection, std::int64_t count,
                   int transactions_per_block = 4);

}  // namespace bt2c::sample
