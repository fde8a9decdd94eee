#pragma once
// From a password to a key.

#include <cstdint>

#include "base/bytes.hpp"
#include "crypto/secret.hpp"

namespace bt2c::crypto {

/// Argon2id, version 1.3, one lane (RFC 9106).
struct Argon2Cost {
    std::uint64_t passes = 4;
    std::uint64_t memory_bytes = std::uint64_t{64} << 20;
};
constexpr std::size_t argon2_salt_bytes = 16;
/// Within what this program takes from a file: 16 passes, 1 GiB.
bool is_sound(Argon2Cost cost) noexcept;

/// Throws Error when the memory cannot be had, or the cost is not sound.
SecretBytes argon2id(base::ByteView password, base::ByteView salt, Argon2Cost cost, std::size_t key_bytes);

}  // namespace bt2c::crypto
