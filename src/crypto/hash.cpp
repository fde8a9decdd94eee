#include "crypto/hash.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <string>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::crypto {
namespace {

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using ContextPointer = std::unique_ptr<EVP_MD_CTX, FreeContext>;

/// Fetched once: OpenSSL 3 looks algorithms up by name at a cost that exceeds a short hash.
const EVP_MD* algorithm(const char* name) {
    const EVP_MD* found = EVP_MD_fetch(nullptr, name, nullptr);
    BT2C_ASSERT(found != nullptr);
    return found;
}
const EVP_MD* sha256_algorithm() {
    static const EVP_MD* const found = algorithm("SHA2-256");
    return found;
}
const EVP_MD* sha3_algorithm() {
    static const EVP_MD* const found = algorithm("SHA3-256");
    return found;
}

Digest digest_with(EVP_MD_CTX* context, const EVP_MD* type, base::ByteView bytes) {
    Digest digest;
    const bool ok = EVP_DigestInit_ex2(context, type, nullptr) == 1 &&
                    EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1 &&
                    EVP_DigestFinal_ex(context, digest.data(), nullptr) == 1;
    BT2C_ASSERT(ok);
    return digest;
}

ContextPointer new_context() {
    ContextPointer context(EVP_MD_CTX_new());
    BT2C_ASSERT(context != nullptr);
    return context;
}

}  // namespace

Digest sha256(base::ByteView bytes) {
    thread_local const ContextPointer context = new_context();
    return digest_with(context.get(), sha256_algorithm(), bytes);
}

Digest sha3_256(base::ByteView bytes) {
    thread_local const ContextPointer context = new_context();
    return digest_with(context.get(), sha3_algorithm(), bytes);
}

Digest512 sha512(base::ByteView bytes) {
    Digest512 digest;
    const int ok = EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha512(), nullptr);
    BT2C_ASSERT(ok == 1);
    return digest;
}

DigestMd5 md5(base::ByteView bytes) {
    DigestMd5 digest;
    const int ok = EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_md5(), nullptr);
    BT2C_ASSERT(ok == 1);
    return digest;
}

Digest hmac_sha256(base::ByteView key, base::ByteView message) {
    Digest digest;
    BT2C_ASSERT(key.size() <= 1024);
    const auto* made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), message.data(),
                            message.size(), digest.data(), nullptr);
    BT2C_ASSERT(made != nullptr);
    return digest;
}

struct Sha256::Context {
    ContextPointer pointer = new_context();
};
Sha256::Sha256() : context_(std::make_unique<Context>()) {
    BT2C_ASSERT(EVP_DigestInit_ex2(context_->pointer.get(), sha256_algorithm(), nullptr) == 1);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256& Sha256::update(base::ByteView bytes) {
    BT2C_ASSERT(EVP_DigestUpdate(context_->pointer.get(), bytes.data(), bytes.size()) == 1);
    return *this;
}
Digest Sha256::finish() {
    Digest digest;
    BT2C_ASSERT(EVP_DigestFinal_ex(context_->pointer.get(), digest.data(), nullptr) == 1);
    BT2C_ASSERT(EVP_DigestInit_ex2(context_->pointer.get(), sha256_algorithm(), nullptr) == 1);
    return digest;
}

std::string bounded_text(std::string_view text) {
    constexpr std::size_t whole_max = 100, shown = 24;
    if (text.size() <= whole_max) return std::string(text);
    const Digest digest = sha256(base::as_bytes(text));
    return base::format("{}... ({} bytes, SHA-256 {})",
                        base::cut_to(base::printable(text.substr(0, shown)), shown), text.size(),
                        base::to_hex(base::ByteView(digest).first(digest.size() / 2)));
}

SecretBytes hkdf_sha256(base::ByteView key, base::ByteView salt, std::string_view info, std::size_t size) {
    EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
    EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
    EVP_KDF_free(kdf);
    BT2C_ASSERT(context != nullptr);
    // OSSL_PARAM takes pointers to non-const; the values are only read. It refuses null, even for no bytes.
    static std::uint8_t nothing = 0;
    const auto octets = [](const char* name, base::ByteView bytes) {
        return OSSL_PARAM_construct_octet_string(
            name, bytes.empty() ? &nothing : const_cast<std::uint8_t*>(bytes.data()), bytes.size());
    };
    std::string hash = "SHA2-256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash.data(), hash.size()),
        octets(OSSL_KDF_PARAM_KEY, key),
        octets(OSSL_KDF_PARAM_SALT, salt),
        octets(OSSL_KDF_PARAM_INFO, base::as_bytes(info)),
        OSSL_PARAM_construct_end(),
    };
    SecretBytes out(size);
    const int ok = EVP_KDF_derive(context, out.data(), out.size(), parameters);
    EVP_KDF_CTX_free(context);
    BT2C_ASSERT(ok == 1);
    return out;
}

}  // namespace bt2c::crypto
