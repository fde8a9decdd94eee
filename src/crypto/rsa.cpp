#include "crypto/rsa.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace bt2c::crypto {
namespace {

struct Free {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
    void operator()(BIGNUM* number) const noexcept { BN_clear_free(number); }
    void operator()(OSSL_PARAM_BLD* builder) const noexcept { OSSL_PARAM_BLD_free(builder); }
    void operator()(OSSL_PARAM* parameters) const noexcept { OSSL_PARAM_free(parameters); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;

/// Null unless all of `der` is an RSA public key.
Key public_key_of(base::ByteView der) {
    const std::uint8_t* at = der.data();
    Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
    if (at != der.data() + der.size() || !key || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA) return nullptr;
    return key;
}

/// The parameters of a key, in memory that is zeroed afterwards: OpenSSL takes numbers in the machine's
/// order.
class Parameters {
 public:
    void add(const char* name, base::ByteView big_endian) {
        SecretBytes& number = numbers_.emplace_back(big_endian.size());
        if constexpr (std::endian::native == std::endian::little)
            std::ranges::reverse_copy(big_endian, number.data());
        else
            std::ranges::copy(big_endian, number.data());
        parameters_.insert(parameters_.end() - 1,
                           OSSL_PARAM_construct_BN(name, number.data(), number.size()));
    }
    OSSL_PARAM* data() { return parameters_.data(); }

 private:
    std::vector<SecretBytes> numbers_;
    std::vector<OSSL_PARAM> parameters_{OSSL_PARAM_construct_end()};
};

/// Null unless the numbers make a key.
Key private_key_of(const RsaPrivateNumbers& numbers) {
    Parameters parameters;
    for (const auto& [name, number] : {std::pair(OSSL_PKEY_PARAM_RSA_N, numbers.n),
                                       {OSSL_PKEY_PARAM_RSA_E, numbers.e},
                                       {OSSL_PKEY_PARAM_RSA_D, numbers.d},
                                       {OSSL_PKEY_PARAM_RSA_FACTOR1, numbers.p},
                                       {OSSL_PKEY_PARAM_RSA_FACTOR2, numbers.q},
                                       {OSSL_PKEY_PARAM_RSA_EXPONENT1, numbers.dp},
                                       {OSSL_PKEY_PARAM_RSA_EXPONENT2, numbers.dq},
                                       {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, numbers.q_inverse}}) {
        if (number.empty()) return nullptr;
        parameters.add(name, number);
    }
    const std::unique_ptr<EVP_PKEY_CTX, Free> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    EVP_PKEY* made = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_KEYPAIR, parameters.data()) != 1)
        return nullptr;
    return Key(made);
}

base::Error unusable(const char* what) {
    return base::Error(base::ErrorKind::failed, what).cause("it is no RSA key, or it is damaged");
}

}  // namespace

base::Bytes sign_pkcs1_sha256(const RsaPrivateNumbers& numbers, base::ByteView message) {
    const Key key = private_key_of(numbers);
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    std::size_t size = 0;
    base::Bytes signature;
    // PKCS#1 v1.5 is what OpenSSL pads RSA signatures with unless it is told otherwise.
    if (!key || !context ||
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) != 1)
        throw unusable("cannot sign with this key");
    signature.resize(size);
    if (EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1)
        throw unusable("cannot sign with this key");
    signature.resize(size);
    return signature;
}

bool verify_pkcs1_sha256(base::ByteView public_key, base::ByteView message, base::ByteView signature) {
    const Key key = public_key_of(public_key);
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    return key && context &&
           EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                            message.size()) == 1;
}

bool verify_pkcs1_sha256_digest(base::ByteView public_key, const Digest& digest, base::ByteView signature) {
    const Key key = public_key_of(public_key);
    const std::unique_ptr<EVP_PKEY_CTX, Free> context(
        key ? EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr) : nullptr);
    return context && EVP_PKEY_verify_init(context.get()) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
           EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) == 1 &&
           EVP_PKEY_verify(context.get(), signature.data(), signature.size(), digest.data(), digest.size()) ==
               1;
}

base::Bytes rsa_public_key(base::ByteView n, base::ByteView e) {
    const auto number = [](base::ByteView bytes) {
        return std::unique_ptr<BIGNUM, Free>(
            bytes.empty() ? nullptr : BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
    };
    const auto modulus = number(n), exponent = number(e);
    const std::unique_ptr<OSSL_PARAM_BLD, Free> builder(OSSL_PARAM_BLD_new());
    const std::unique_ptr<EVP_PKEY_CTX, Free> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    EVP_PKEY* made = nullptr;
    if (!modulus || !exponent || !builder || !context ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
        throw unusable("cannot read a public key");
    const std::unique_ptr<OSSL_PARAM, Free> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
    if (!parameters || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
        throw unusable("cannot read a public key");
    const Key key(made);
    std::uint8_t* der = nullptr;
    const int size = i2d_PUBKEY(key.get(), &der);
    if (size <= 0) throw unusable("cannot read a public key");
    base::Bytes out(der, der + size);
    OPENSSL_free(der);
    return out;
}

base::Bytes encrypt_oaep(base::ByteView public_key, base::ByteView plain) {
    const Key key = public_key_of(public_key);
    const std::unique_ptr<EVP_PKEY_CTX, Free> context(
        key ? EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr) : nullptr);
    std::size_t size = 0;
    if (!context || EVP_PKEY_encrypt_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha1()) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_sha1()) != 1 ||
        EVP_PKEY_encrypt(context.get(), nullptr, &size, plain.data(), plain.size()) != 1)
        throw unusable("cannot encrypt to this key");
    base::Bytes out(size);
    if (EVP_PKEY_encrypt(context.get(), out.data(), &size, plain.data(), plain.size()) != 1)
        throw unusable("cannot encrypt to this key");
    out.resize(size);
    return out;
}

RsaPrimes generate_rsa_primes() {
    const Key key(EVP_RSA_gen(2048));
    const auto prime = [&](const char* name) {
        BIGNUM* taken = nullptr;
        if (!key || EVP_PKEY_get_bn_param(key.get(), name, &taken) != 1)
            throw base::Error(base::ErrorKind::failed, "cannot make an RSA key");
        const std::unique_ptr<BIGNUM, Free> number(taken);
        SecretBytes bytes(static_cast<std::size_t>(BN_num_bytes(taken)));
        BN_bn2bin(taken, bytes.data());
        return bytes;
    };
    return {prime(OSSL_PKEY_PARAM_RSA_FACTOR1), prime(OSSL_PKEY_PARAM_RSA_FACTOR2)};
}

}  // namespace bt2c::crypto
