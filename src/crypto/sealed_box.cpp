#include "crypto/sealed_box.hpp"

#include <sodium.h>

#include "base/error.hpp"

namespace bt2c::crypto {

static_assert(box_secret_key_bytes == crypto_box_SECRETKEYBYTES &&
              box_overhead_bytes == crypto_box_SEALBYTES &&
              sizeof(BoxPublicKey) == crypto_box_PUBLICKEYBYTES);

BoxPublicKey box_public_key(const SecretBytes& secret_key) {
    BT2C_ASSERT(secret_key.size() == box_secret_key_bytes);
    BoxPublicKey key{};
    BT2C_ASSERT(crypto_scalarmult_base(key.data(), secret_key.data()) == 0);
    return key;
}

base::Bytes seal_box(const BoxPublicKey& to, base::ByteView plain) {
    BT2C_ASSERT(!plain.empty());
    base::Bytes box(plain.size() + box_overhead_bytes);
    if (crypto_box_seal(box.data(), plain.data(), plain.size(), to.data()) != 0)
        throw base::Error(base::ErrorKind::failed,
                          "cannot seal: the public key is none that can be sealed to");
    return box;
}

std::optional<SecretBytes> open_box(const SecretBytes& secret_key, base::ByteView box) {
    if (box.size() <= box_overhead_bytes) return std::nullopt;
    const BoxPublicKey key = box_public_key(secret_key);
    SecretBytes plain(box.size() - box_overhead_bytes);
    if (crypto_box_seal_open(plain.data(), box.data(), box.size(), key.data(), secret_key.data()) != 0)
        return std::nullopt;
    return plain;
}

}  // namespace bt2c::crypto
