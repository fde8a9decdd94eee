#pragma once
// The blocks of a chain in memory, found by their hash.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "chain/hash.hpp"
#include "verify/networks.hpp"

namespace bt2c::verify {

/// A row of `blocks`, as far as the checks need it.
struct Block {
    enum Flag : std::uint16_t {
        bad_hash = 1,       ///< `hash` is a stand-in for a malformed value
        bad_previous = 2,   ///< likewise
        bad_merkle = 4,     ///< likewise
        bad_timestamp = 8,  ///< no number
        bad_nonce = 16,     ///< no integer
        bad_height = 32,    ///< no whole number from 0 on
    };
    chain::Hash hash{};
    chain::Hash previous{};
    chain::Hash merkle{};
    double timestamp = 0;
    std::int64_t nonce = 0;
    std::int64_t height = 0;
    std::int64_t rowid = 0;
    NetworkId network = no_network;
    std::uint16_t flags = 0;

    bool is(Flag flag) const { return (flags & flag) != 0; }
};

/// Open addressing over chunks that never move, so that growing never copies blocks. When a chain
/// has too many blocks for the memory allowed, the caller splits it into parts by hash.
/// Lookups may run in parallel while nothing is added; blocks whose numbers are known may be read while
/// others are added, as far as was reserved.
class BlockTable {
 public:
    static constexpr std::uint32_t none = 0xFFFFFFFF;

    BlockTable();
    /// The part of `parts` that a hash belongs to; evenly spread, whatever the hashes are.
    std::uint32_t part_of(const chain::Hash& hash, std::uint32_t parts) const {
        return static_cast<std::uint32_t>((mix(hash) >> 32) * parts >> 32);
    }
    /// `none` when added; else the number of the block that has this hash already.
    std::uint32_t add(const Block& block);
    /// Puts another row with the same hash in its place.
    void replace(std::uint32_t number, const Block& block) {
        chunks_[number / chunk_blocks][number % chunk_blocks] = block;
    }
    /// The block's number, or `none`.
    std::uint32_t find(const chain::Hash& hash) const;
    const Block& operator[](std::uint32_t number) const {
        return chunks_[number / chunk_blocks][number % chunk_blocks];
    }
    std::uint32_t size() const { return size_; }
    void reserve(std::size_t blocks) { chunks_.reserve(blocks / chunk_blocks + 1); }
    void clear();

 private:
    static constexpr std::size_t chunk_blocks = 4096;
    /// Keyed by random numbers: nobody can choose hashes that collide.
    std::uint64_t mix(const chain::Hash& hash) const;
    void grow();

    std::array<std::uint64_t, 4> keys_{};
    std::vector<std::unique_ptr<Block[]>> chunks_;
    std::vector<std::uint32_t> slots_;
    std::uint32_t size_ = 0;
};

}  // namespace bt2c::verify
