#include "keys/rsa_key.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "keys/der.hpp"
#include "keys/integer.hpp"

namespace bt2c::keys {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorKind;
using crypto::SecretBytes;

namespace {

constexpr unsigned long public_exponent = 65537;
constexpr std::size_t modulus_bits = 2048;
constexpr std::array<std::uint8_t, 3> public_exponent_bytes{1, 0, 1};

/// What stands before n in the SubjectPublicKeyInfo of a modulus of 2048 bits: the algorithm, rsaEncryption,
/// and the lengths, which are the same for all of them; and what follows it, e = 65537.
constexpr std::array<std::uint8_t, 33> public_key_prefix{
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
    0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00};
constexpr std::array<std::uint8_t, 5> public_key_suffix{0x02, 0x03, 0x01, 0x00, 0x01};

constexpr std::string_view address_prefix = "bt2c_";
constexpr std::string_view base32_digits = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t address_bytes = 16;
constexpr std::size_t address_digits = 26;

Error unsound_key(std::string cause) {
    return Error(ErrorKind::failed, "this is no RSA key of the chain").cause(std::move(cause));
}

}  // namespace

RsaKey RsaKey::copy() const {
    return {n.copy(), e.copy(), d.copy(), p.copy(), q.copy(), dp.copy(), dq.copy(), q_inverse.copy()};
}

crypto::RsaPrivateNumbers RsaKey::numbers() const {
    return {n.view(), e.view(), d.view(), p.view(), q.view(), dp.view(), dq.view(), q_inverse.view()};
}

RsaKey rsa_key_of_primes(ByteView one, ByteView other) {
    const Integer a(one), b(other), e(public_exponent), unit(1);
    const Integer& p = a < b ? a : b;
    const Integer& q = a < b ? b : a;
    const auto d = Integer::inverse(e, Integer::lcm(p - unit, q - unit));
    const auto q_inverse = Integer::inverse(q, p);
    BT2C_ASSERT(d && q_inverse);
    return {(p * q).bytes(),
            e.bytes(),
            d->bytes(),
            p.bytes(),
            q.bytes(),
            (*d % (p - unit)).bytes(),
            (*d % (q - unit)).bytes(),
            q_inverse->bytes()};
}

SecretBytes encode_pkcs1(const RsaKey& key) {
    const std::array<ByteView, 9> numbers{ByteView(),    key.n.view(),  key.e.view(),
                                          key.d.view(),  key.p.view(),  key.q.view(),
                                          key.dp.view(), key.dq.view(), key.q_inverse.view()};
    return encode_integers(numbers);
}

RsaKey decode_pkcs1(ByteView der) {
    std::array<ByteView, 9> numbers;
    if (!decode_integers(der, numbers)) throw unsound_key("its encoding (PKCS#1) is damaged");
    const auto& [version, n, e, d, p, q, dp, dq, q_inverse] = numbers;
    if (!version.empty()) throw unsound_key("it has more than two primes");
    if (Integer(n).bits() != modulus_bits)
        throw unsound_key(
            base::format("it has {} bits where the chain's keys have {}", Integer(n).bits(), modulus_bits));
    if (!std::ranges::equal(e, public_exponent_bytes)) throw unsound_key("its public exponent is not 65537");
    const Integer unit(1), one_prime(p), other_prime(q), exponent(d);
    if (one_prime.bits() < 2 || other_prime.bits() < 2 || one_prime * other_prime != Integer(n))
        throw unsound_key("its primes are not those of its modulus");
    const Integer p1 = one_prime - unit, q1 = other_prime - unit;
    const Integer product = exponent * Integer(public_exponent) - unit;
    if (!product.divisible_by(p1) || !product.divisible_by(q1))
        throw unsound_key("its private exponent does not belong to its primes");
    if (exponent % p1 != Integer(dp) || exponent % q1 != Integer(dq) ||
        Integer(q_inverse) * other_prime % one_prime != unit)
        throw unsound_key("its parts for the Chinese remainder do not belong together");
    const auto keep = [](ByteView bytes) { return SecretBytes::copy_of(bytes); };
    return {keep(n), keep(e), keep(d), keep(p), keep(q), keep(dp), keep(dq), keep(q_inverse)};
}

Bytes encode_public_key(ByteView n, ByteView e) {
    BT2C_ASSERT(n.size() == modulus_bits / 8 && (n[0] & 0x80U) != 0 &&
                std::ranges::equal(e, public_exponent_bytes));
    Bytes out(public_key_prefix.size() + n.size() + public_key_suffix.size());
    auto at = std::ranges::copy(public_key_prefix, out.begin()).out;
    at = std::ranges::copy(n, at).out;
    std::ranges::copy(public_key_suffix, at);
    return out;
}

Bytes encode_public_key(const RsaKey& key) {
    return encode_public_key(key.n.view(), key.e.view());
}

bool is_public_key(ByteView der) noexcept {
    return der.size() == public_key_prefix.size() + modulus_bits / 8 + public_key_suffix.size() &&
           std::ranges::equal(der.first(public_key_prefix.size()), public_key_prefix) &&
           std::ranges::equal(der.last(public_key_suffix.size()), public_key_suffix) &&
           (der[public_key_prefix.size()] & 0x80U) != 0;
}

Bytes modulus_of(ByteView der) {
    if (!is_public_key(der))
        throw Error(ErrorKind::failed, "this is no public key of the chain")
            .cause(
                "the chain's public keys are RSA of 2048 bits with the exponent 65537, "
                "as SubjectPublicKeyInfo");
    const ByteView n = der.subspan(public_key_prefix.size(), modulus_bits / 8);
    return {n.begin(), n.end()};
}

std::string address_of(ByteView public_key_der) {
    const crypto::Digest digest = crypto::sha256(public_key_der);
    std::string address(address_prefix);
    for (std::size_t bit = 0; bit < address_bytes * 8; bit += 5) {
        unsigned digit = 0;
        for (std::size_t i = bit; i < bit + 5; ++i) {
            const bool set = i < address_bytes * 8 && (digest[i / 8] >> (7 - i % 8) & 1) != 0;
            digit = digit << 1 | (set ? 1U : 0U);
        }
        address += base32_digits[digit];
    }
    return address;
}

bool is_address(std::string_view text) noexcept {
    if (text.size() != address_prefix.size() + address_digits || !text.starts_with(address_prefix))
        return false;
    text.remove_prefix(address_prefix.size());
    // 26 digits are 130 bits; the last two are zeros.
    return text.find_first_not_of(base32_digits) == std::string_view::npos &&
           base32_digits.find(text.back()) % 4 == 0;
}

}  // namespace bt2c::keys
