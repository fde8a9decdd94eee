#pragma once
// A clock that tests can move.

#include "base/time.hpp"

namespace bt2c::base {

/// From now on now_unix_ms() tells so much more than the system's clock does, in the whole process.
void shift_clock(UnixMs by);

}  // namespace bt2c::base
