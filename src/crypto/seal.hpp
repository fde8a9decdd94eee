#pragma once
// Authenticated encryption: AES-256-GCM (NIST SP 800-38D).

#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "crypto/secret.hpp"

namespace bt2c::crypto {

constexpr std::size_t seal_key_bytes = 32;
constexpr std::size_t seal_tag_bytes = 16;

/// Seals numbered messages under one key: the nonce is the number, so a key must never see one
/// number twice. Callers use a fresh key for each object. Not thread-safe.
class Sealer {
 public:
    explicit Sealer(const SecretBytes& key);
    ~Sealer();
    Sealer(Sealer&&) noexcept;
    Sealer& operator=(Sealer&&) noexcept;
    /// Writes plain.size() + seal_tag_bytes bytes to `out`, which must have just that size.
    void seal(std::uint64_t number, base::ByteView plain, base::MutableBytes out);

 private:
    struct Context;
    std::unique_ptr<Context> context_;
};

/// False when `sealed` was not made by Sealer with this key and number; `out`
/// (sealed.size() - seal_tag_bytes bytes; it may be the front of `sealed` itself) is zeroed then.
/// Thread-safe.
[[nodiscard]] bool unseal(const SecretBytes& key, std::uint64_t number, base::ByteView sealed,
                          base::MutableBytes out);

}  // namespace bt2c::crypto
