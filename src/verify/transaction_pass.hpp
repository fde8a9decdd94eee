#pragma once
// Reads the table `transactions` once, on all threads, and proves the blocks on the way.

#include <cstdint>
#include <vector>

#include "verify/block_pool.hpp"
#include "verify/block_stream.hpp"
#include "verify/context.hpp"
#include "verify/ledger.hpp"

namespace bt2c::verify {

/// Checks the transactions of the blocks in `table`, which is part `part` of all blocks; those that
/// name no block are checked along with part 0. With a `stream` the table fills as the pass goes on.
class TransactionPass {
 public:
    TransactionPass(Context& context, const BlockTable& table, const KnownValidators& validators,
                    Ledger& ledger, std::uint32_t part, std::uint32_t parts, BlockStream* stream = nullptr)
        : context_(context),
          table_(table),
          validators_(validators),
          ledger_(ledger),
          part_(part),
          parts_(parts),
          stream_(stream),
          states_(stream ? context.options.blocks_max : table.size()) {}

    /// False when the stream gave up; what was found is worth nothing then.
    bool run();

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
    BlockStream* stream_;
    BlockStates states_;
};

}  // namespace bt2c::verify
