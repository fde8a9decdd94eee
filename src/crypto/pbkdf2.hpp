#pragma once
// PBKDF2 (RFC 8018, 5.2), for the formats that ask for it; new ones of ours use Argon2id.

#include "crypto/secret.hpp"

namespace bt2c::crypto {

enum class Pbkdf2Hash { sha1, sha256, sha512 };

/// HMAC with `hash`; `size` bytes.
SecretBytes pbkdf2(Pbkdf2Hash hash, base::ByteView password, base::ByteView salt, unsigned iterations,
                   std::size_t size);

}  // namespace bt2c::crypto
