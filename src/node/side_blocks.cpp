#include "node/side_blocks.hpp"

#include <algorithm>

namespace bt2c::node {

namespace {

constexpr std::size_t bytes_max = 64 << 20;
constexpr std::size_t blocks_max = 4096;

std::size_t size_of(const Block& block) {
    std::size_t size = 1024;
    for (const Transaction& transaction : block.transactions) size += 1024 + transaction.payload.size();
    return size;
}

}  // namespace

const Block* SideBlocks::find(const chain::Hash& hash) const {
    const auto found = blocks_.find(hash);
    return found == blocks_.end() ? nullptr : &found->second.block;
}

void SideBlocks::add(Block block) {
    const chain::Hash hash = block.header.hash;
    const std::size_t bytes = size_of(block);
    if (!blocks_.try_emplace(hash, Kept{std::move(block), bytes}).second) return;
    bytes_ += bytes;
    while (bytes_ > bytes_max || blocks_.size() > blocks_max)
        erase(std::ranges::min_element(blocks_, {},
                                       [](const auto& entry) { return entry.second.block.header.height; }));
}

SideBlocks::Blocks::iterator SideBlocks::erase(Blocks::iterator at) {
    if (at == blocks_.end()) return at;
    bytes_ -= at->second.bytes;
    return blocks_.erase(at);
}

void SideBlocks::remove_below(std::int64_t height) {
    for (auto at = blocks_.begin(); at != blocks_.end();)
        at = at->second.block.header.height < height ? erase(at) : std::next(at);
}

std::vector<Block> SideBlocks::branch_to(const chain::Hash& hash) const {
    std::vector<Block> branch;
    for (const Block* block = find(hash); block; block = find(block->header.previous_hash))
        branch.push_back(*block);
    std::ranges::reverse(branch);
    return branch;
}

}  // namespace bt2c::node
