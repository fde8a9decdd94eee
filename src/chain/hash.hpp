#pragma once
// Hashes of the chain and their text form: 64 lower-case hexadecimal digits.

#include <string>
#include <string_view>

#include "crypto/hash.hpp"

namespace bt2c::chain {

using Hash = crypto::Digest;

/// The previous hash of a first block, and the Merkle root of a block without transactions.
inline constexpr Hash zero_hash{};

/// Reads exactly 64 lower-case hexadecimal digits; false (and `out` undefined) for anything else.
/// Upper case is refused: nodes compare hashes as texts.
bool parse_hash(std::string_view text, Hash& out) noexcept;
std::string hash_text(const Hash& hash);

}  // namespace bt2c::chain
