#include "crypto/password.hpp"

#include <sodium.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::crypto {

bool is_sound(Argon2Cost cost) noexcept {
    return cost.passes >= 1 && cost.passes <= 16 && cost.memory_bytes >= crypto_pwhash_MEMLIMIT_MIN &&
           cost.memory_bytes <= (std::uint64_t{1} << 30);
}

SecretBytes argon2id(base::ByteView password, base::ByteView salt, Argon2Cost cost, std::size_t key_bytes) {
    using base::Error;
    using base::ErrorKind;
    if (salt.size() != argon2_salt_bytes || !is_sound(cost))
        throw Error(ErrorKind::failed,
                    "cannot derive a key from the password: its cost parameters are out of bounds");
    SecretBytes key(key_bytes);
    if (crypto_pwhash(key.data(), key.size(), reinterpret_cast<const char*>(password.data()), password.size(),
                      salt.data(), cost.passes, cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0)
        throw Error(ErrorKind::failed, "cannot derive a key from the password")
            .cause(base::format("{} of memory could not be had", base::human_size(cost.memory_bytes)));
    return key;
}

}  // namespace bt2c::crypto
