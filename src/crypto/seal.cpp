#include "crypto/seal.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/error.hpp"
#include "crypto/multi_buffer.hpp"

#ifdef BT2C_MULTI_BUFFER
#include <intel-ipsec-mb.h>
#endif

namespace bt2c::crypto {
namespace {

using Nonce = std::array<std::uint8_t, 12>;

Nonce nonce_of(std::uint64_t number) {
    Nonce nonce{};
    for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<std::uint8_t>(number >> (8 * i));
    return nonce;
}

int length_of(base::ByteView bytes) {
    BT2C_ASSERT(bytes.size() <= std::numeric_limits<int>::max());
    return static_cast<int>(bytes.size());
}

const EVP_CIPHER* cipher() {
    static const EVP_CIPHER* const found = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    BT2C_ASSERT(found != nullptr);
    return found;
}

struct FreeContext {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using ContextPointer = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

#ifdef BT2C_MULTI_BUFFER

/// From here on the library's wide registers are twice as fast as OpenSSL; below, setting them up takes
/// longer.
constexpr std::size_t wide_bytes_min = 4096;

/// Encrypts or decrypts all of `in` into `out`, which may be the same, and gives the tag.
std::array<std::uint8_t, seal_tag_bytes> wide_gcm(IMB_MGR* with, bool encrypt, const SecretBytes& key,
                                                  const Nonce& nonce, base::ByteView in, std::uint8_t* out) {
    gcm_key_data expanded;
    gcm_context_data context;
    std::array<std::uint8_t, seal_tag_bytes> tag;
    IMB_AES256_GCM_PRE(with, key.data(), &expanded);
    if (encrypt)
        IMB_AES256_GCM_ENC(with, &expanded, &context, out, in.data(), in.size(), nonce.data(), nullptr, 0,
                           tag.data(), tag.size());
    else
        IMB_AES256_GCM_DEC(with, &expanded, &context, out, in.data(), in.size(), nonce.data(), nullptr, 0,
                           tag.data(), tag.size());
    wipe(&expanded, sizeof expanded);
    wipe(&context, sizeof context);
    BT2C_ASSERT(imb_get_errno(with) == 0);
    return tag;
}

#endif

}  // namespace

struct Sealer::Context {
    ContextPointer pointer{EVP_CIPHER_CTX_new()};
    SecretBytes key;
};

Sealer::Sealer(const SecretBytes& key) : context_(std::make_unique<Context>()) {
    BT2C_ASSERT(key.size() == seal_key_bytes);
    BT2C_ASSERT(EVP_EncryptInit_ex2(context_->pointer.get(), cipher(), key.data(), nullptr, nullptr) == 1);
    context_->key = key.copy();
}
Sealer::~Sealer() = default;
Sealer::Sealer(Sealer&&) noexcept = default;
Sealer& Sealer::operator=(Sealer&&) noexcept = default;

void Sealer::seal(std::uint64_t number, base::ByteView plain, base::MutableBytes out) {
    BT2C_ASSERT(out.size() == plain.size() + seal_tag_bytes);
    const Nonce nonce = nonce_of(number);
#ifdef BT2C_MULTI_BUFFER
    if (IMB_MGR* const with = plain.size() < wide_bytes_min ? nullptr : multi_buffer()) {
        std::ranges::copy(wide_gcm(with, true, context_->key, nonce, plain, out.data()),
                          out.end() - seal_tag_bytes);
        return;
    }
#endif
    EVP_CIPHER_CTX* context = context_->pointer.get();
    int written = 0;
    int rest = 0;
    const bool ok =
        EVP_EncryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr) == 1 &&
        EVP_EncryptUpdate(context, out.data(), &written, plain.data(), length_of(plain)) == 1 &&
        EVP_EncryptFinal_ex(context, out.data() + written, &rest) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, seal_tag_bytes, out.data() + plain.size()) == 1;
    BT2C_ASSERT(ok);
}

bool unseal(const SecretBytes& key, std::uint64_t number, base::ByteView sealed, base::MutableBytes out) {
    BT2C_ASSERT(key.size() == seal_key_bytes);
    if (sealed.size() < seal_tag_bytes) return false;
    const base::ByteView cipher_text = sealed.first(sealed.size() - seal_tag_bytes);
    BT2C_ASSERT(out.size() == cipher_text.size());
    std::array<std::uint8_t, seal_tag_bytes> tag;
    std::copy(sealed.end() - seal_tag_bytes, sealed.end(), tag.begin());
    const Nonce nonce = nonce_of(number);
#ifdef BT2C_MULTI_BUFFER
    if (IMB_MGR* const with = cipher_text.size() < wide_bytes_min ? nullptr : multi_buffer()) {
        const bool verified = equal(wide_gcm(with, false, key, nonce, cipher_text, out.data()), tag);
        if (!verified) wipe(out.data(), out.size());
        return verified;
    }
#endif
    thread_local const ContextPointer kept(EVP_CIPHER_CTX_new());
    EVP_CIPHER_CTX* context = kept.get();
    int written = 0;
    int rest = 0;
    const bool ok =
        EVP_DecryptInit_ex2(context, cipher(), key.data(), nonce.data(), nullptr) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, seal_tag_bytes, tag.data()) == 1 &&
        EVP_DecryptUpdate(context, out.data(), &written, cipher_text.data(), length_of(cipher_text)) == 1 &&
        EVP_DecryptFinal_ex(context, out.data() + written, &rest) == 1;
    if (!ok) wipe(out.data(), out.size());
    return ok;
}

}  // namespace bt2c::crypto
