#pragma once
// Puts the transactions of one block together, wherever their rows lie in the table.

#include <atomic>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "verify/block_prover.hpp"

namespace bt2c::verify {

/// How far each block of a pass is; shared by the pass's threads.
class BlockStates {
 public:
    enum Bit : std::uint8_t {
        proved = 1,    ///< its Merkle root held, and it was concluded
        evicted = 2,   ///< not all of its rows were kept; they must be read again
        selected = 4,  ///< its rows are being read again
    };
    explicit BlockStates(std::size_t blocks) : bits_(blocks), rows_(blocks) {}
    bool has(std::uint32_t block, Bit bit) const {
        return (bits_[block].load(std::memory_order_relaxed) & bit) != 0;
    }
    /// True when the bit was not set before.
    bool set(std::uint32_t block, Bit bit) {
        return (bits_[block].fetch_or(bit, std::memory_order_acq_rel) & bit) == 0;
    }
    void clear(std::uint32_t block, Bit bit) {
        bits_[block].fetch_and(static_cast<std::uint8_t>(~bit), std::memory_order_acq_rel);
    }
    void add_rows(std::uint32_t block, std::uint32_t rows) {
        rows_[block].fetch_add(rows, std::memory_order_relaxed);
    }
    std::uint32_t rows(std::uint32_t block) const { return rows_[block].load(std::memory_order_relaxed); }

 private:
    std::vector<std::atomic<std::uint8_t>> bits_;
    std::vector<std::atomic<std::uint32_t>> rows_;
};

/// One thread's share of a pass. Nearly always a block's transactions are neighbours: a run. A block
/// whose Merkle root holds at the end of a run is concluded and forgotten; others wait in the pool
/// for more rows, the oldest giving way when there are too many.
class BlockPool {
 public:
    BlockPool(const BlockTable& table, BlockStates& states, BlockProver& prover, std::size_t leaves_max)
        : table_(table), states_(states), prover_(prover), leaves_max_(leaves_max) {}

    /// The next row's transaction belongs to `block`.
    void add(std::uint32_t block, const Leaf& leaf) {
        if (block != current_) open(block);
        ++run_rows_;
        if (run_.leaves.size() < leaves_max_) run_.add(leaf);
    }
    /// The transaction added last is a payment.
    void add(Payment&& payment) { run_.payments.push_back(std::move(payment)); }
    /// The rows that follow do not continue the run.
    void close();

    /// When all threads have closed: takes over what another one has.
    void merge(BlockPool& other);
    /// Concludes every block of the pool; it must be known that all their rows are in it.
    void conclude_all();

 private:
    struct Waiting {
        Gathered transactions;
        std::size_t tried = 0;  ///< leaves when the root was last computed
        int tries = 0;
    };
    void open(std::uint32_t block);
    void wait(std::uint32_t block);
    void evict(std::uint32_t block);
    void report_surplus(const Block& block, const Gathered& transactions);

    const BlockTable& table_;
    BlockStates& states_;
    BlockProver& prover_;
    std::size_t leaves_max_;

    std::uint32_t current_ = BlockTable::none;
    std::uint32_t run_rows_ = 0;
    Gathered run_;
    std::unordered_map<std::uint32_t, Waiting> waiting_;
    std::deque<std::uint32_t> order_;  ///< of waiting blocks, oldest first; may name others too
    std::size_t waiting_leaves_ = 0;
};

}  // namespace bt2c::verify
