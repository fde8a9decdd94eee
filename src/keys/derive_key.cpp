#include "keys/derive_key.hpp"

#include <array>
#include <vector>

#include "base/error.hpp"
#include "crypto/hash.hpp"
#include "crypto/modular_power.hpp"
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
constexpr unsigned sieve_limit = 20000;

/// GMP and OpenSSL keep intermediate numbers on the stack.
struct StackWipe {
    StackWipe() = default;
    StackWipe(const StackWipe&) = delete;
    StackWipe& operator=(const StackWipe&) = delete;
    ~StackWipe() { crypto::wipe_stack(); }
};

SecretBytes stream_seed(ByteView seed) {
    crypto::Digest512 digest = crypto::sha512(seed);
    SecretBytes secret = SecretBytes::copy_of(digest);
    crypto::wipe(digest.data(), digest.size());
    return secret;
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

    /// Candidates are tested in pairs, as if the first were composite: 299 of 300 are. When it is a prime,
    /// the stream goes back to where it was after that one's base.
    /// @param other the first prime when this is the second; 0 else
    /// @returns the number of candidates drawn
    unsigned find(Integer& prime, const Integer& other) {
        unsigned drawn = 0;
        for (;;) {
            Survivor pair[2]{next_survivor(other, drawn), next_survivor(other, drawn)};
            power_both(pair[0], pair[1]);
            for (Survivor& survivor : pair) {
                if (!passes(survivor)) continue;
                stream_ = survivor.stream_after;
                drawn = survivor.drawn;
                if (!passes_other_rounds(survivor)) break;
                prime = survivor.candidate;
                return drawn;
            }
        }
    }

 private:
    /// A candidate without small divisors, and what its first round needs.
    struct Survivor {
        Integer candidate, top, odd, base;
        unsigned long twos;
        unsigned drawn;
        DrawStream stream_after;
        Integer power;  ///< base^odd mod candidate
    };

    bool fits(const Integer& candidate, const Integer& other) const {
        if (candidate <= least_) return false;
        if (candidate % public_exponent == 1) return false;  // gcd(c − 1, e) ≠ 1
        return other.bits() == 0 || Integer::distance(candidate, other) > least_distance_;
    }

    /// Every candidate that fits costs the stream a base, even one with a small divisor: that is why the base
    /// is drawn before the sieve is asked. PyCryptodome's Lucas test, which all primes pass, draws nothing.
    Survivor next_survivor(const Integer& other, unsigned& drawn) {
        Integer candidate;
        for (;;) {
            ++drawn;
            draw_candidate(stream_, block_, candidate);
            if (!fits(candidate, other)) continue;
            const Integer base = draw_base(candidate, 0);
            if (sieve().divides(candidate)) continue;
            const Integer top = candidate - Integer(1);
            const unsigned long twos = top.trailing_zeros();
            return {candidate, top, top >> twos, base, twos, drawn, stream_, Integer()};
        }
    }

    /// 2 … c − 2, each with the same chance: larger draws are thrown away.
    Integer draw_base(const Integer& candidate, unsigned long round) {
        if (variant_ == Variant::older_3_9) return Integer(2 + round);
        const Integer most = candidate - Integer(4);
        Integer drawn;
        do {
            stream_.read(block_.bytes());
            drawn.set(block_.view());
        } while (drawn > most);
        return drawn + Integer(2);
    }

    void power_both(Survivor& first, Survivor& second) {
        std::array<crypto::ModularPowers::Output, 6> in;
        const Integer* numbers[] = {&first.base,  &first.odd,  &first.candidate,
                                    &second.base, &second.odd, &second.candidate};
        for (std::size_t i = 0; i < in.size(); ++i) numbers[i]->write(in[i]);
        crypto::ModularPowers::Output out[2];
        powers_.compute({in[0], in[1], in[2]}, {in[3], in[4], in[5]}, out[0], out[1]);
        first.power.set(out[0]);
        second.power.set(out[1]);
        crypto::wipe(in.data(), sizeof in);
        crypto::wipe(out, sizeof out);
    }

    /// Miller and Rabin's test of one base.
    static bool passes(const Survivor& survivor) {
        const Integer unit(1);
        Integer z = survivor.power;
        if (z == unit || z == survivor.top) return true;
        for (unsigned long i = 1; i < survivor.twos; ++i) {
            z = z * z % survivor.candidate;
            if (z == survivor.top) return true;
            if (z == unit) return false;
        }
        return false;
    }

    bool passes_other_rounds(Survivor& survivor) {
        for (unsigned long round = 1; round < rounds; ++round) {
            survivor.base = draw_base(survivor.candidate, round);
            power_both(survivor, survivor);
            if (!passes(survivor)) return false;
        }
        return true;
    }

    static const Sieve& sieve() {
        static const Sieve made;
        return made;
    }

    DrawStream& stream_;
    const Variant variant_;
    SecretBytes block_;
    crypto::ModularPowers powers_;
    const Integer least_ = Integer::square_root(Integer::power_of_two(2 * prime_bits - 1));
    const Integer least_distance_ = Integer::power_of_two(distance_bits);
};

}  // namespace

SecretBytes seed_of_phrase(ByteView phrase) {
    return crypto::pbkdf2(crypto::Pbkdf2Hash::sha512, phrase, base::as_bytes("mnemonic"), 2048, 64);
}

DerivedKey derive_key(ByteView seed, Variant variant, const FirstPrimeTest& test) {
    const StackWipe wipe;
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
    const StackWipe wipe;
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
