#pragma once
// AES-256 in CBC mode with the padding of PKCS#7 (NIST SP 800-38A; RFC 5652, 6.3), for the wallet files of
// the chain's own tools. It does not authenticate: readers must check what comes out. New formats of ours
// seal.

#include <optional>

#include "crypto/secret.hpp"

namespace bt2c::crypto {

constexpr std::size_t cbc_key_bytes = 32;
constexpr std::size_t cbc_block_bytes = 16;

base::Bytes encrypt_cbc(base::ByteView key, base::ByteView iv, base::ByteView plain);

/// The plain text and its padding, whatever they are. `cipher` is a whole number of blocks.
SecretBytes decrypt_cbc_blocks(base::ByteView key, base::ByteView iv, base::ByteView cipher);

/// How many bytes of padding are at the end; nullopt when they are no padding.
std::optional<std::size_t> cbc_padding(base::ByteView plain) noexcept;

}  // namespace bt2c::crypto
