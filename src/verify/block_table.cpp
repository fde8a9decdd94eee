#include "verify/block_table.hpp"

#include <cstring>
#include <random>

namespace bt2c::verify {
namespace {

/// High and low half of the product, folded.
std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
}

}  // namespace

BlockTable::BlockTable() {
    std::random_device random;
    for (std::uint64_t& key : keys_) key = std::uint64_t{random()} << 32 | random();
    clear();
}

std::uint64_t BlockTable::mix(const chain::Hash& hash) const {
    std::array<std::uint64_t, 4> words;
    std::memcpy(words.data(), hash.data(), hash.size());
    const std::uint64_t folded = fold_multiply(words[0] ^ keys_[0], words[1] ^ keys_[1]) ^
                                 fold_multiply(words[2] ^ keys_[2], words[3] ^ keys_[3]);
    return fold_multiply(folded ^ keys_[0], keys_[3] | 1);
}

std::uint32_t BlockTable::find(const chain::Hash& hash) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t slot = mix(hash) & mask; slots_[slot] != none; slot = (slot + 1) & mask)
        if ((*this)[slots_[slot]].hash == hash) return slots_[slot];
    return none;
}

std::uint32_t BlockTable::add(const Block& block) {
    const std::uint32_t known = find(block.hash);
    if (known != none) return known;
    if (size_ * std::size_t{2} >= slots_.size()) grow();
    if (size_ % chunk_blocks == 0) chunks_.push_back(std::make_unique<Block[]>(chunk_blocks));
    chunks_[size_ / chunk_blocks][size_ % chunk_blocks] = block;
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = mix(block.hash) & mask;
    while (slots_[slot] != none) slot = (slot + 1) & mask;
    slots_[slot] = size_++;
    return none;
}

void BlockTable::grow() {
    const std::size_t wanted = slots_.size() * 2;
    slots_.assign(wanted, none);
    for (std::uint32_t number = 0; number < size_; ++number) {
        std::size_t slot = mix((*this)[number].hash) & (wanted - 1);
        while (slots_[slot] != none) slot = (slot + 1) & (wanted - 1);
        slots_[slot] = number;
    }
}

void BlockTable::clear() {
    chunks_.clear();
    slots_.assign(1024, none);
    size_ = 0;
}

}  // namespace bt2c::verify
