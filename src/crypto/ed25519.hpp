#pragma once
// Ed25519 signatures (RFC 8032, 5.1). Thread-safe.

#include <optional>

#include "base/bytes.hpp"
#include "crypto/secret.hpp"

namespace bt2c::crypto {

constexpr std::size_t ed25519_seed_bytes = 32;
constexpr std::size_t ed25519_public_bytes = 32;
constexpr std::size_t ed25519_signature_bytes = 64;

/// A new private key: 32 random bytes.
SecretBytes new_ed25519_seed();
/// The public key of a seed.
base::Bytes ed25519_public_key(const SecretBytes& seed);
base::Bytes sign_ed25519(const SecretBytes& seed, base::ByteView message);
/// False for a signature that does not verify, one that is not in its only canonical form, and a key of small
/// order or wrong size.
bool verify_ed25519(base::ByteView public_key, base::ByteView message, base::ByteView signature) noexcept;

/// The key as SubjectPublicKeyInfo (RFC 8410, 4), and back; nothing for another kind of key.
base::Bytes ed25519_to_spki(base::ByteView public_key);
std::optional<base::Bytes> ed25519_from_spki(base::ByteView spki);

}  // namespace bt2c::crypto
