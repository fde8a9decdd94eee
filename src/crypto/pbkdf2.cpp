#include "crypto/pbkdf2.hpp"

#include <openssl/evp.h>

#include <limits>

#include "base/error.hpp"

namespace bt2c::crypto {
namespace {

const EVP_MD* algorithm(Pbkdf2Hash hash) {
    switch (hash) {
        case Pbkdf2Hash::sha1: return EVP_sha1();
        case Pbkdf2Hash::sha256: return EVP_sha256();
        case Pbkdf2Hash::sha512: return EVP_sha512();
    }
    return nullptr;
}

}  // namespace

SecretBytes pbkdf2(Pbkdf2Hash hash, base::ByteView password, base::ByteView salt, unsigned iterations,
                   std::size_t size) {
    constexpr std::size_t most = std::numeric_limits<int>::max();
    BT2C_ASSERT(password.size() <= most && salt.size() <= most && iterations <= most && size <= most);
    SecretBytes key(size);
    // An empty password must not be a null pointer: OpenSSL would take it for "" only by chance.
    const char* text = password.empty() ? "" : reinterpret_cast<const char*>(password.data());
    const int ok =
        PKCS5_PBKDF2_HMAC(text, static_cast<int>(password.size()), salt.data(), static_cast<int>(salt.size()),
                          static_cast<int>(iterations), algorithm(hash), static_cast<int>(size), key.data());
    BT2C_ASSERT(ok == 1);
    return key;
}

}  // namespace bt2c::crypto
