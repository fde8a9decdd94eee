#pragma once
// A few secret bytes for the holder of a private key, from anybody: crypto_box_seal of libsodium (a fresh
// X25519 key for each box, XSalsa20-Poly1305).

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "crypto/secret.hpp"

namespace bt2c::crypto {

/// An X25519 public key (RFC 7748).
using BoxPublicKey = std::array<std::uint8_t, 32>;

constexpr std::size_t box_secret_key_bytes = 32;
/// By how much a box is longer than what is in it.
constexpr std::size_t box_overhead_bytes = 48;

/// The public key of a secret key of 32 bytes.
BoxPublicKey box_public_key(const SecretBytes& secret_key);

/// Nobody can open the box but the holder of the secret key, the caller neither. Throws Error(failed) when
/// the key is one of the few points that give no secret.
base::Bytes seal_box(const BoxPublicKey& to, base::ByteView plain);

/// nullopt when the box was not sealed to this key, or is damaged. Says nothing of who sealed it.
std::optional<SecretBytes> open_box(const SecretBytes& secret_key, base::ByteView box);

}  // namespace bt2c::crypto
