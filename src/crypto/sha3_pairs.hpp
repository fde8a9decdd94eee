#pragma once
// The ways to make SHA3-256 of many pairs of digests. No library that Debian has takes several messages at
// once for SHA-3, and one by one they took a third of the time of a proof. What is hashed is public; where
// the processor's registers are too narrow OpenSSL does the same, and the tests compare all ways.

#include <span>
#include <vector>

#include "crypto/hash.hpp"

namespace bt2c::crypto {

/// As sha3_256_of_pairs().
using HashPairs = void (*)(std::span<Digest> digests);

/// Those that this processor can, the fastest first.
std::vector<HashPairs> ways_to_hash_pairs();

}  // namespace bt2c::crypto
