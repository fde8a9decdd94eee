#pragma once
// One row of `blocks`, read and judged by itself.

#include <string>
#include <vector>

#include "verify/block_table.hpp"
#include "verify/cells.hpp"
#include "verify/finding_book.hpp"

namespace bt2c::verify {

inline Place place_of(const Block& block) {
    return {block.is(Block::bad_height) ? 0 : block.height, block.rowid};
}

/// The columns that read_block wants, after the rowid.
std::vector<std::string> block_columns();

Block read_block(const Row& row, std::int64_t rowid, NetworkNames& networks);

/// Reports the row's values that are of a wrong type or form. A NULL nonce, timestamp or Merkle
/// root is none of these: such a block is only unproved, as old blocks may be. What other networks have is
/// not looked at when one was asked for.
void judge_block_row(const Row& row, const Block& block, const Networks& networks, FindingBook& book);

}  // namespace bt2c::verify
