#pragma once
// Whether a block pays what the chain's rules allow.

#include "verify/ledger.hpp"

namespace bt2c::verify {

/// A reward's hash, recomputed from its content.
bool is_genuine_reward(const Block& block, const Payment& payment);

/// Judges the amounts of a block's payments, and enters them into the ledger. The heights of the
/// block's network must be known.
void check_payments(const Context& context, const Block& block, const std::vector<Payment>& payments,
                    Ledger& ledger, FindingBook& book);

}  // namespace bt2c::verify
