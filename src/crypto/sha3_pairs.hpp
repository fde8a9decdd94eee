#pragma once
// SHA3-256 of many pairs of digests at once: the layers of Merkle trees.

#include <span>

#include "crypto/hash.hpp"

namespace bt2c::crypto {

/// out[i] = SHA3-256(in[2i] ‖ in[2i + 1]). `in` holds twice as many digests as `out`, which may lie
/// at the beginning of `in`. Where the processor has wide registers, up to eight pairs are hashed
/// in the time of one.
void sha3_256_pairs(std::span<const Digest> in, std::span<Digest> out);

}  // namespace bt2c::crypto
