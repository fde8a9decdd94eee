#include "crypto/cbc.hpp"

#include <openssl/evp.h>

#include <limits>
#include <memory>

#include "base/error.hpp"

namespace bt2c::crypto {
namespace {

struct FreeContext {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using ContextPointer = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

ContextPointer new_context(base::ByteView key, base::ByteView iv, bool encrypt) {
    BT2C_ASSERT(key.size() == cbc_key_bytes && iv.size() == cbc_block_bytes);
    ContextPointer context(EVP_CIPHER_CTX_new());
    BT2C_ASSERT(context != nullptr && EVP_CipherInit_ex2(context.get(), EVP_aes_256_cbc(), key.data(),
                                                         iv.data(), encrypt ? 1 : 0, nullptr) == 1);
    return context;
}

}  // namespace

base::Bytes encrypt_cbc(base::ByteView key, base::ByteView iv, base::ByteView plain) {
    BT2C_ASSERT(plain.size() < std::numeric_limits<int>::max() - cbc_block_bytes);
    const ContextPointer context = new_context(key, iv, true);
    base::Bytes cipher(plain.size() / cbc_block_bytes * cbc_block_bytes + cbc_block_bytes);
    int written = 0;
    int rest = 0;
    const bool ok = EVP_EncryptUpdate(context.get(), cipher.data(), &written, plain.data(),
                                      static_cast<int>(plain.size())) == 1 &&
                    EVP_EncryptFinal_ex(context.get(), cipher.data() + written, &rest) == 1;
    BT2C_ASSERT(ok && static_cast<std::size_t>(written + rest) == cipher.size());
    return cipher;
}

SecretBytes decrypt_cbc_blocks(base::ByteView key, base::ByteView iv, base::ByteView cipher) {
    BT2C_ASSERT(cipher.size() % cbc_block_bytes == 0 && cipher.size() < std::numeric_limits<int>::max());
    const ContextPointer context = new_context(key, iv, false);
    EVP_CIPHER_CTX_set_padding(context.get(), 0);
    SecretBytes plain(cipher.size());
    if (cipher.empty()) return plain;
    int written = 0;
    int rest = 0;
    const bool ok = EVP_DecryptUpdate(context.get(), plain.data(), &written, cipher.data(),
                                      static_cast<int>(cipher.size())) == 1 &&
                    EVP_DecryptFinal_ex(context.get(), plain.data() + written, &rest) == 1;
    BT2C_ASSERT(ok);
    return plain;
}

std::optional<std::size_t> cbc_padding(base::ByteView plain) noexcept {
    if (plain.empty() || plain.size() % cbc_block_bytes != 0) return std::nullopt;
    const std::size_t padding = plain.back();
    if (padding == 0 || padding > cbc_block_bytes) return std::nullopt;
    for (const std::uint8_t byte : plain.last(padding))
        if (byte != padding) return std::nullopt;
    return padding;
}

}  // namespace bt2c::crypto
