#include "keys/derive_key.hpp"

#include <array>
#include <vector>

#include "base/error.hpp"
#include "crypto/hash.hpp"
#include "crypto/pbkdf2.hpp"
#include "keys/draw_stream.hpp"
#include "keys/integer.hpp"

namespace bt2c::keys {

using base::ByteView;
using crypto::SecretBytes;

namespace {

constexpr unsigned long public_exponent = 65537;
constexpr std::size_t prime_bits = 1024;
constexpr std::size_t prime_bytes = prime_bits / 8;
/// Miller-Rabin rounds for 1024 bits in PyCryptodome's table.
constexpr unsigned long rounds = 4;
/// Primes must differ by more than 2^924 (FIPS 186-4, B.3.1).
constexpr unsigned distance_bits = 1024 - 100;
/// Candidates with a prime divisor below this are dropped without an exponentiation. Of 0.23 ms each, a
/// larger sieve saves no more than it costs.
constexpr unsigned sieve_limit = 50000;

SecretBytes stream_seed(ByteView seed) {
    const crypto::Digest512 digest = crypto::sha512(seed);
    return SecretBytes::copy_of(digest);
}

/// A draw of 1024 bits with the highest and the lowest set.
void draw_candidate(DrawStream& stream, SecretBytes& block, Integer& out) {
    stream.read(block.bytes());
    block.data()[0] |= 0x80U;
    block.data()[prime_bytes - 1] |= 1U;
    out.set(block.view());
}

/// Products of small odd primes that fit one machine word: one long division tests several divisors.
struct Sieve {
    struct Part {
        unsigned long product = 1;
        std::vector<unsigned long> primes;
    };
    std::vector<Part> parts{1};

    Sieve() {
        std::vector<bool> composite(sieve_limit, false);
        for (unsigned long p = 3; p < sieve_limit; p += 2) {
            if (composite[p]) continue;
            for (unsigned long multiple = p * p; multiple < sieve_limit; multiple += p)
                composite[multiple] = true;
            if (parts.back().product > ~0UL / p) parts.emplace_back();
            parts.back().product *= p;
            parts.back().primes.push_back(p);
        }
    }

    bool divides(const Integer& candidate) const {
        for (const Part& part : parts) {
            const unsigned long rest = candidate % part.product;
            for (const unsigned long prime : part.primes)
                if (rest % prime == 0) return true;
        }
        return false;
    }
};

class PrimeSearch {
 public:
    PrimeSearch(DrawStream& stream, Variant variant)
        : stream_(stream), variant_(variant), block_(prime_bytes) {}

    /// @param other the first prime when this is the second; 0 else
    /// @returns the number of candidates drawn
    unsigned find(Integer& prime, const Integer& other) {
        for (unsigned drawn = 1;; ++drawn) {
            draw_candidate(stream_, block_, prime);
            if (fits(prime, other) && is_prime(prime)) return drawn;
        }
    }

 private:
    bool fits(const Integer& candidate, const Integer& other) const {
        if (candidate <= least_) return false;
        if (candidate % public_exponent == 1) return false;  // gcd(c − 1, e) ≠ 1
        return other.bits() == 0 || Integer::distance(candidate, other) > least_distance_;
    }

    /// Every candidate costs the stream a base, even one with a small divisor: that is why the base is drawn
    /// before the sieve is asked. PyCryptodome's Lucas test, which all primes pass, draws nothing.
    bool is_prime(const Integer& candidate) {
        const Integer top = candidate - Integer(1);
        const unsigned long twos = top.trailing_zeros();
        const Integer odd = top >> twos;
        for (unsigned long round = 0; round < rounds; ++round) {
            const Integer base = variant_ == Variant::current ? draw_base(candidate) : Integer(2 + round);
            if (round == 0 && sieve().divides(candidate)) return false;
            if (!passes(Integer::power(base, odd, candidate), candidate, top, twos)) return false;
        }
        return true;
    }

    /// 2 … c − 2, each with the same chance: larger draws are thrown away.
    Integer draw_base(const Integer& candidate) {
        const Integer most = candidate - Integer(4);
        Integer drawn;
        do {
            stream_.read(block_.bytes());
            drawn.set(block_.view());
        } while (drawn > most);
        return drawn + Integer(2);
    }

    static bool passes(Integer z, const Integer& candidate, const Integer& top, unsigned long twos) {
        const Integer unit(1);
        if (z == unit || z == top) return true;
        for (unsigned long i = 1; i < twos; ++i) {
            z = z * z % candidate;
            if (z == top) return true;
            if (z == unit) return false;
        }
        return false;
    }

    static const Sieve& sieve() {
        static const Sieve made;
        return made;
    }

    DrawStream& stream_;
    const Variant variant_;
    SecretBytes block_;
    const Integer least_ = Integer::square_root(Integer::power_of_two(2 * prime_bits - 1));
    const Integer least_distance_ = Integer::power_of_two(distance_bits);
};

}  // namespace

SecretBytes seed_of_phrase(ByteView phrase) {
    return crypto::pbkdf2(crypto::Pbkdf2Hash::sha512, phrase, base::as_bytes("mnemonic"), 2048, 64);
}

DerivedKey derive_key(ByteView seed, Variant variant, const FirstPrimeTest& test) {
    DerivedKey derived;
    DrawStream stream(stream_seed(seed).view());
    PrimeSearch search(stream, variant);
    Integer first, second;
    derived.candidates[0] = search.find(first, Integer());
    derived.first_prime_bytes = derived.bytes_drawn = stream.bytes_read();
    const SecretBytes first_prime = first.bytes();
    if (test && !test(first_prime.view())) return derived;
    derived.candidates[1] = search.find(second, first);
    derived.bytes_drawn = stream.bytes_read();
    derived.key = rsa_key_of_primes(first_prime.view(), second.bytes().view());
    return derived;
}

std::optional<RsaKey> find_key(ByteView seed, ByteView n, unsigned blocks) {
    DrawStream stream(stream_seed(seed).view());
    const Integer modulus(n);
    SecretBytes block(prime_bytes);
    Integer candidate;
    for (unsigned i = 0; i < blocks; ++i) {
        draw_candidate(stream, block, candidate);
        if (!modulus.divisible_by(candidate)) continue;
        const Integer other = Integer::quotient(modulus, candidate);
        if (other.bits() != prime_bits) continue;
        return rsa_key_of_primes(block.view(), other.bytes().view());
    }
    return std::nullopt;
}

}  // namespace bt2c::keys
