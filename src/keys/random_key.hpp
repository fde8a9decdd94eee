#pragma once
// New keys without a phrase: for test networks, where nobody has to recover them.

#include "keys/rsa_key.hpp"

namespace bt2c::keys {

/// Takes some tenths of a second.
RsaKey new_rsa_key();

}  // namespace bt2c::keys
