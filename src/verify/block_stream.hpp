#pragma once
// The blocks of a database as the transactions ask for them, so that one walk through it is enough.

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "verify/block_pass.hpp"

namespace bt2c::verify {

/// Reads the table `blocks` in the order of its rows, no further than to the block that is asked for. A node
/// writes a block and its transactions together, so both tables are read side by side; whatever the order,
/// every block is found. Gives up where a judgement already made could be wrong: when there are more blocks
/// than memory allows, or when a chain's lowest block is not the one of its first row. Thread-safe.
class BlockStream {
 public:
    /// Fills `table`, which others may read meanwhile as far as they know its blocks' numbers.
    BlockStream(Context& context, BlockTable& table);

    /// The number of the block that has this hash; BlockTable::none when no block has it, or gave_up().
    std::uint32_t find(const chain::Hash& hash);
    /// Reads what nobody asked for, and hands over what was found; false when it gave up.
    bool finish();
    bool gave_up() const { return gave_up_; }

 private:
    void read_some();

    Context& context_;
    BlockTable& table_;
    BlockPass pass_;

    std::mutex reader_mutex_;  ///< taken before the other; guards what follows
    chaindb::sqlite::Connection connection_;
    RowReader reader_;
    BlockLookup lookup_;
    NetworkNames names_;
    FindingBook rows_, heights_;
    std::vector<Block> batch_;
    bool begun_ = false;

    std::shared_mutex table_mutex_;  ///< guards the table and what follows
    bool ended_ = false;
    std::atomic<bool> gave_up_ = false;
};

}  // namespace bt2c::verify
