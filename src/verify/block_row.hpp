#pragma once
// One row of `blocks`, read and judged by itself.

#include <string>

#include "verify/block_table.hpp"
#include "verify/cells.hpp"
#include "verify/finding_book.hpp"

namespace bt2c::verify {

/// The columns that read_block wants, after the rowid.
inline constexpr const char* block_columns =
    "hash, previous_hash, height, network_type, timestamp, nonce, merkle_root";

inline constexpr int block_network_column = 4;

Block read_block(const Statement& row, std::int64_t rowid, NetworkNames& networks);

/// Reports the row's values that are of a wrong type or form. A NULL nonce, timestamp or Merkle
/// root is none of these: such a block is only unproved, as old blocks may be.
void judge_block_row(const Statement& row, const Block& block, const std::string& network, FindingBook& book);

}  // namespace bt2c::verify
