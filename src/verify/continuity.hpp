#pragma once
// Whether the blocks of each network follow one another from the first to the tip.

#include "verify/block_lookup.hpp"
#include "verify/block_table.hpp"
#include "verify/context.hpp"

namespace bt2c::verify {

/// Checks each block whose predecessor belongs to this part of the blocks (which `table` holds).
/// Heights must be known already.
void check_order(Context& context, const BlockTable& table, std::uint32_t part, std::uint32_t parts);

/// Reports the heights that no block has.
void check_gaps(Context& context);

}  // namespace bt2c::verify
