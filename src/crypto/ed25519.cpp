#include "crypto/ed25519.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"

namespace bt2c::crypto {
namespace {

static_assert(ed25519_seed_bytes == crypto_sign_SEEDBYTES);
static_assert(ed25519_public_bytes == crypto_sign_PUBLICKEYBYTES);
static_assert(ed25519_signature_bytes == crypto_sign_BYTES);

/// What stands before the key in its SubjectPublicKeyInfo.
constexpr std::array<std::uint8_t, 12> spki_prefix{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                   0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

struct Pair {
    base::Bytes public_key = base::Bytes(ed25519_public_bytes);
    SecretBytes secret_key = SecretBytes(crypto_sign_SECRETKEYBYTES);

    explicit Pair(const SecretBytes& seed) {
        BT2C_ASSERT(seed.size() == ed25519_seed_bytes);
        BT2C_ASSERT(crypto_sign_seed_keypair(public_key.data(), secret_key.data(), seed.data()) == 0);
        wipe_stack();
    }
};

/// The library takes no null pointer, not even with a length of zero.
const std::uint8_t* pointer_to(base::ByteView message) {
    static constexpr std::uint8_t nothing = 0;
    return message.empty() ? &nothing : message.data();
}

}  // namespace

SecretBytes new_ed25519_seed() {
    return SecretBytes::random(ed25519_seed_bytes);
}

base::Bytes ed25519_public_key(const SecretBytes& seed) {
    return Pair(seed).public_key;
}

base::Bytes sign_ed25519(const SecretBytes& seed, base::ByteView message) {
    const Pair pair(seed);
    base::Bytes signature(ed25519_signature_bytes);
    BT2C_ASSERT(crypto_sign_detached(signature.data(), nullptr, pointer_to(message), message.size(),
                                     pair.secret_key.data()) == 0);
    wipe_stack();
    return signature;
}

bool verify_ed25519(base::ByteView public_key, base::ByteView message, base::ByteView signature) noexcept {
    return public_key.size() == ed25519_public_bytes && signature.size() == ed25519_signature_bytes &&
           crypto_sign_verify_detached(signature.data(), pointer_to(message), message.size(),
                                       public_key.data()) == 0;
}

base::Bytes ed25519_to_spki(base::ByteView public_key) {
    base::Bytes spki(spki_prefix.size() + public_key.size());
    std::copy(public_key.begin(), public_key.end(),
              std::copy(spki_prefix.begin(), spki_prefix.end(), spki.begin()));
    return spki;
}

std::optional<base::Bytes> ed25519_from_spki(base::ByteView spki) {
    if (spki.size() != spki_prefix.size() + ed25519_public_bytes ||
        !std::equal(spki_prefix.begin(), spki_prefix.end(), spki.begin()))
        return std::nullopt;
    return base::Bytes(spki.begin() + spki_prefix.size(), spki.end());
}

}  // namespace bt2c::crypto
