#pragma once
// The RSA key that the chain's Python tools derive from a phrase: PyCryptodome's RSA.generate with CPython's
// random module in place of a source of randomness, seeded from the phrase.
// Sources: PyCryptodome 3.10 and later, Crypto/PublicKey/RSA.py, Crypto/Math/Primality.py; FIPS 186-4, C.3.1.

#include <functional>
#include <optional>

#include "crypto/secret.hpp"
#include "keys/rsa_key.hpp"

namespace bt2c::keys {

/// Which PyCryptodome made the key. Its versions 3.6.5 to 3.9.9 drew the bases of the primality test from the
/// operating system, so that two phrases in three give another key.
enum class Variant { current, older_3_9 };

/// The BIP39 seed, 64 bytes, of a phrase exactly as it is given; BIP39's passphrase is empty.
/// @param phrase UTF-8, in Unicode's form NFKD (as all ASCII text is)
crypto::SecretBytes seed_of_phrase(base::ByteView phrase);

struct DerivedKey {
    RsaKey key;
    std::uint64_t bytes_drawn = 0;        ///< of the stream, in all
    std::uint64_t first_prime_bytes = 0;  ///< when the first prime was accepted
    unsigned candidates[2] = {0, 0};      ///< drawn for the first prime and for the second
};

/// Says after the first prime whether to go on.
using FirstPrimeTest = std::function<bool(base::ByteView prime)>;

/// Derives the key of a BIP39 seed. With a test that says no, the key's numbers are empty.
DerivedKey derive_key(base::ByteView seed, Variant variant = Variant::current,
                      const FirstPrimeTest& test = {});

/// Looks for the primes of a known modulus in the stream of a seed, without any primality test: tries
/// `blocks` draws. Finds keys of either variant. Nothing where neither prime is among them.
std::optional<RsaKey> find_key(base::ByteView seed, base::ByteView n, unsigned blocks = 20000);

}  // namespace bt2c::keys
