#pragma once
// Merkle roots of a block's transactions, by scheme.

#include <span>
#include <vector>

#include "chain/hash.hpp"

namespace bt2c::chain {

/// The root in use: SHA3-256 over pairs, an odd last leaf or node paired with itself; 64 zeros for
/// no leaf. Works in place: `leaves` (in the chain's order) is overwritten.
Hash merkle_root_in_place(std::vector<Hash>& leaves);
Hash merkle_root(std::span<const Hash> leaves);

/// The root of the *direct* scheme: SHA-256 of the leaves' texts, one after the other.
Hash direct_merkle_root(std::span<const Hash> leaves);

}  // namespace bt2c::chain
