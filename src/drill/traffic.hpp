#pragma once
// Transfers between the validators of a network, through the REST interfaces of its nodes.

#include <cstdint>

#include "base/progress.hpp"
#include "drill/devnet.hpp"

namespace bt2c::drill {

struct TrafficWish {
    std::uint64_t count = 10;
    double per_second = 0;   ///< at most; 0: as many as the nodes take
    bool wait = true;        ///< until all are in blocks
    double patience_s = 60;  ///< for a node to take one, and for all to be in blocks
};

struct TrafficResult {
    std::uint64_t sent = 0;
    std::uint64_t in_blocks = 0;  ///< of those that were sent; counted as long as it waits
    double seconds = 0;           ///< until the last was sent
};

/// Each validator whose node answers sends in turn, a hundredth of a coin to the next one. Throws
/// Error(failed) when no node runs, when one refuses a transfer, and when patience is over.
TrafficResult send_traffic(const Devnet& devnet, const TrafficWish& wish, base::Progress& progress);

}  // namespace bt2c::drill
