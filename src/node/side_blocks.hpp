#pragma once
// Blocks that are not in the chain here, but may become part of a better one. In memory, bounded.

#include <map>
#include <vector>

#include "node/block.hpp"

namespace bt2c::node {

class SideBlocks {
 public:
    const Block* find(const chain::Hash& hash) const;
    bool contains(const chain::Hash& hash) const { return blocks_.contains(hash); }
    /// When there is no room, the lowest go first.
    void add(Block block);
    void remove(const chain::Hash& hash) { erase(blocks_.find(hash)); }
    void remove_below(std::int64_t height);

    /// The blocks that lead from one that is not here, exclusive, to this one, inclusive.
    std::vector<Block> branch_to(const chain::Hash& hash) const;

 private:
    struct Kept {
        Block block;
        std::size_t bytes = 0;
    };
    using Blocks = std::map<chain::Hash, Kept>;
    Blocks::iterator erase(Blocks::iterator at);

    Blocks blocks_;
    std::size_t bytes_ = 0;
};

}  // namespace bt2c::node
