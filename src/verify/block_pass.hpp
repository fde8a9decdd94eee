#pragma once
// Reads the table `blocks` into memory, and judges its rows one by one.

#include <cstdint>

#include "verify/block_lookup.hpp"
#include "verify/block_table.hpp"
#include "verify/context.hpp"

namespace bt2c::verify {

/// Finds duplicates and malformed values, and fills a BlockTable for the checks that follow.
class BlockPass {
 public:
    explicit BlockPass(Context& context) : context_(context) {}

    /// Reads all blocks once: heights, ends of the chains, duplicates by height. Returns into how
    /// many parts the blocks must be split; when it is one, the table holds them already.
    std::uint32_t survey(BlockTable& table);
    /// Fills the table with the blocks of one part, in place of those that it held.
    void load(BlockTable& table, std::uint32_t part, std::uint32_t parts);

    /// Takes the next of all blocks into the table and the networks' counts, one thread at a time; findings
    /// about rows and heights go into books of their own.
    void take(BlockTable& table, const Block& block, FindingBook& rows, FindingBook& heights,
              BlockLookup& lookup);
    /// Whether the block would become the first of its chain in place of one that was taken before.
    bool lowers_first(const Block& block) const;

 private:
    void absorb(BlockTable& table, const Block& block, FindingBook& book, BlockLookup& lookup);
    void count(const Block& block, bool with_height, FindingBook& book, BlockLookup& lookup);

    Context& context_;
};

}  // namespace bt2c::verify
