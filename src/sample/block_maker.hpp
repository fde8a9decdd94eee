#pragma once
// Makes the blocks of one network one after the other, from its first or from the tip of a database.

#include <cstdint>
#include <string>
#include <vector>

#include "sample/block.hpp"
#include "sample/random.hpp"

namespace bt2c::sample {

/// 2025-04-05T00:00:00Z, the first block of every sample chain.
constexpr double genesis_unix_s = 1743811200.0;

/// Where a chain stands: all that its next block depends on.
struct Tip {
    std::string network;
    std::string hash = std::string(64, '0');  ///< of the newest block; zeros before the first
    std::int64_t height = -1;                 ///< of the newest block; one less than the first before it
    double timestamp = 0;                     ///< of the newest block, unix seconds
    double genesis_timestamp = genesis_unix_s;
    std::vector<std::string> validators;  ///< those who may make blocks; never empty
};

class BlockMaker {
 public:
    /// @param transactions_per_block the reward and the transfers; at least 1
    /// @param varied also equal and ISO 8601 timestamps, and types other than transfer
    BlockMaker(Tip tip, int transactions_per_block, bool varied, std::uint64_t seed);

    Block next(Scheme scheme);
    /// A transfer that waits for a block.
    Transaction pending();
    const Tip& tip() const { return tip_; }

 private:
    Transaction transfer(double timestamp);
    void vary(Block& block);

    Tip tip_;
    int transactions_per_block_;
    bool varied_;
    Random random_;
    std::vector<std::string> accounts_;
};

}  // namespace bt2c::sample
