#pragma once
// RSA keys as numbers, their DER forms, and the address that follows from one.

#include <array>
#include <string>

#include "crypto/rsa.hpp"
#include "crypto/secret.hpp"

namespace bt2c::keys {

/// An RSA private key: big-endian integers without leading zeros, p < q as the chain's tools have them.
struct RsaKey {
    crypto::SecretBytes n, e, d, p, q;
    crypto::SecretBytes dp, dq;     ///< d mod (p−1), d mod (q−1)
    crypto::SecretBytes q_inverse;  ///< q⁻¹ mod p

    RsaKey copy() const;
    /// Views that live as long as this key.
    crypto::RsaPrivateNumbers numbers() const;
};

/// The key of two primes of 1024 bits and e = 65537: p is the smaller, d = e⁻¹ mod lcm(p−1, q−1).
/// Source: PyCryptodome, Crypto/PublicKey/RSA.py, generate and construct.
RsaKey rsa_key_of_primes(base::ByteView one, base::ByteView other);

/// RSAPrivateKey (RFC 8017, A.1.2) in DER.
crypto::SecretBytes encode_pkcs1(const RsaKey& key);
/// Strict DER, and numbers that belong together: n = p·q, e·d ≡ 1, the rest as it follows from them.
/// Throws Error(failed) with what is wrong; a modulus of 2048 bits and e = 65537 are asked for.
RsaKey decode_pkcs1(base::ByteView der);

/// SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) in DER: 294 bytes for a modulus of 2048 bits.
base::Bytes encode_public_key(base::ByteView n, base::ByteView e);
base::Bytes encode_public_key(const RsaKey& key);
/// Whether it is such a public key.
bool is_public_key(base::ByteView public_key_der) noexcept;
/// The modulus out of such a public key; throws Error(failed) unless it has 2048 bits and e = 65537.
base::Bytes modulus_of(base::ByteView public_key_der);

/// "bt2c_" and the first 16 bytes of SHA-256(public key) in lower-case base32 (RFC 4648), unpadded.
std::string address_of(base::ByteView public_key_der);
/// Whether a text has the form of an address.
bool is_address(std::string_view text) noexcept;

}  // namespace bt2c::keys
