#pragma once
// What can be proved of blocks and transactions without a chain: hashes, signatures, order. Thread-safe.

#include <string>

#include "node/block.hpp"

namespace bt2c::node {

// Each gives what is wrong, or nothing.
std::string header_fault(const BlockHeader& header, const std::string& network, const chain::Hash& genesis);
/// Of one that is no reward.
std::string transaction_fault(const Transaction& transaction, const std::string& network,
                              const chain::Hash& genesis);
/// Of a block with all that is in it.
std::string block_fault(const Block& block, const std::string& network, const chain::Hash& genesis);

}  // namespace bt2c::node
