#pragma once
// Reads the table `transactions` once, on all threads, and proves the blocks on the way.

#include <cstdint>
#include <vector>

#include "verify/block_pool.hpp"
#include "verify/context.hpp"
#include "verify/ledger.hpp"

namespace bt2c::verify {

/// Checks the transactions of the blocks in `table`, which is part `part` of all blocks; those that
/// name no block are checked along with part 0.
class TransactionPass {
 public:
    TransactionPass(Context& context, const BlockTable& table, const KnownValidators& validators,
                    Ledger& ledger, std::uint32_t part, std::uint32_t parts)
        : context_(context),
          table_(table),
          validators_(validators),
          ledger_(ledger),
          part_(part),
          parts_(parts),
          states_(table.size()) {}

    void run();

 private:
    struct Worker;
    void read_all(bool again);
    /// Chooses blocks whose rows are to be read again, as many as memory allows; false when none are left.
    bool select_evicted();
    void conclude_empty_blocks();
    void report_uncounted(const Block& block, std::uint32_t rows, bool proved);

    Context& context_;
    const BlockTable& table_;
    const KnownValidators& validators_;
    Ledger& ledger_;
    std::uint32_t part_;
    std::uint32_t parts_;
    BlockStates states_;
};

}  // namespace bt2c::verify
