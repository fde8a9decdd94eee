#pragma once
// Hash functions, and the keyed page hash. All are thread-safe; contexts are kept per thread.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "crypto/secret.hpp"

namespace bt2c::crypto {

using Digest = std::array<std::uint8_t, 32>;
using Digest512 = std::array<std::uint8_t, 64>;
using DigestMd5 = std::array<std::uint8_t, 16>;

Digest sha256(base::ByteView bytes);    ///< FIPS 180-4
Digest sha3_256(base::ByteView bytes);  ///< FIPS 202
/// SHA3-256 of each two neighbours together, digests 2i and 2i + 1, to place i; an odd one at the end is left
/// out. Several at once where the processor can: three times as fast as one by one. For public data.
void sha3_256_of_pairs(std::span<Digest> digests);
Digest512 sha512(base::ByteView bytes);  ///< FIPS 180-4
/// RFC 1321. Finds accidents only: for services that name objects' contents so.
DigestMd5 md5(base::ByteView bytes);

Digest hmac_sha256(base::ByteView key, base::ByteView message);  ///< FIPS 198-1

/// SHA-256 over several pieces.
class Sha256 {
 public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    Sha256& update(base::ByteView bytes);
    /// Starts anew afterwards.
    Digest finish();

 private:
    struct Context;
    std::unique_ptr<Context> context_;
};

/// HKDF with SHA-256 (RFC 5869): `size` bytes bound to `info`.
SecretBytes hkdf_sha256(base::ByteView key, base::ByteView salt, std::string_view info, std::size_t size);

/// A text of up to 100 bytes as it is. Of a longer one, where a hash of the chain should stand, its
/// beginning, its size and half of its SHA-256: short enough to be kept and shown, and still another one for
/// another text. Bounded again it stays as it is.
std::string bounded_text(std::string_view text);

/// Names a page's or file piece's content within one repository: 128 bits that nobody without the
/// repository's key can compute, predict or collide.
using ContentId = std::array<std::uint8_t, 16>;

/// ContentId = first 16 bytes of HMAC-SHA-256(key, content) (FIPS 198-1, truncated by RFC 2104, 5). One
/// object per thread; cheap to make.
class ContentHasher {
 public:
    /// @param key 64 bytes, one block of the hash
    explicit ContentHasher(const SecretBytes& key);
    ~ContentHasher();
    ContentHasher(ContentHasher&&) noexcept;
    ContentId operator()(base::ByteView content) const;
    /// One id for each piece of that size; the last may be shorter. Pieces are hashed side by side in the
    /// wide registers of the processor, where the library knows how: twice as fast as one by one.
    std::vector<ContentId> of_pieces(base::ByteView contents, std::size_t piece_bytes) const;

 private:
    struct Keyed;
    std::unique_ptr<Keyed> keyed_;
};

}  // namespace bt2c::crypto
