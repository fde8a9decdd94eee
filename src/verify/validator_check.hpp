#pragma once
// Whether validators and requests to leave are in states that can be.

#include "verify/context.hpp"
#include "verify/ledger.hpp"

namespace bt2c::verify {

/// Reads `validators` and, where it is there, `unstake_requests`; returns the addresses that may
/// have made blocks. Columns beyond address, stake and network_type may be missing.
KnownValidators check_validators(Context& context);

}  // namespace bt2c::verify
