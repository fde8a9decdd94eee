#pragma once
// RSA signatures and encryption (RFC 8017). Public keys come as SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) in
// DER, private ones as numbers: what reads their DER in OpenSSL leaves copies of it in memory.

#include "crypto/hash.hpp"
#include "crypto/secret.hpp"

namespace bt2c::crypto {

/// An RSA private key: big-endian numbers (RFC 8017, 3.2).
struct RsaPrivateNumbers {
    base::ByteView n, e, d, p, q;
    base::ByteView dp, dq;     ///< d mod (p−1), d mod (q−1)
    base::ByteView q_inverse;  ///< q⁻¹ mod p
};

/// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2.1). Throws Error(failed) when it is no such key.
base::Bytes sign_pkcs1_sha256(const RsaPrivateNumbers& key, base::ByteView message);
/// RFC 8017, 8.2.2. False for a signature that does not verify, and for a key that cannot be read.
bool verify_pkcs1_sha256(base::ByteView public_key, base::ByteView message, base::ByteView signature);

/// The same for a message of which the SHA-256 is at hand.
bool verify_pkcs1_sha256_digest(base::ByteView public_key, const Digest& digest, base::ByteView signature);

/// The SubjectPublicKeyInfo of a modulus and an exponent, big-endian numbers. Throws Error(failed) when they
/// are empty or make no RSA key.
base::Bytes rsa_public_key(base::ByteView n, base::ByteView e);

/// RSAES-OAEP with SHA-1 and MGF1 with SHA-1 (RFC 8017, 7.1.1), which every token can undo; its security does
/// not rest on SHA-1's resistance to collisions. Throws Error(failed) when it is no such key, or the text is
/// too long for it.
base::Bytes encrypt_oaep(base::ByteView public_key, base::ByteView plain);

struct RsaPrimes {
    SecretBytes p, q;  ///< big-endian, of 1024 bits each
};
/// The primes of a new random key of 2048 bits and e = 65537. Throws Error(failed) when OpenSSL cannot.
RsaPrimes generate_rsa_primes();

}  // namespace bt2c::crypto
