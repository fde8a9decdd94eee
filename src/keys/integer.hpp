#pragma once
// Whole numbers of any size: GMP's, behind an interface without its types. Not in constant time: for work on
// one's own machine, where nobody times it.

#include <array>
#include <compare>
#include <optional>

#include "crypto/secret.hpp"

namespace bt2c::keys {

/// The memory of a number is zeroed when it is freed or outgrown.
class Integer {
 public:
    Integer() : Integer(0UL) {}
    explicit Integer(unsigned long value);
    explicit Integer(base::ByteView big_endian);
    Integer(const Integer& other);
    Integer& operator=(const Integer& other);
    ~Integer();

    void set(base::ByteView big_endian);
    /// Big-endian, without leading zeros; empty for 0.
    crypto::SecretBytes bytes() const;
    /// The same into a buffer that is large enough, zeros in front.
    void write(base::MutableBytes out) const;
    std::size_t bits() const;

    friend Integer operator+(const Integer& a, const Integer& b);
    friend Integer operator-(const Integer& a, const Integer& b);
    friend Integer operator*(const Integer& a, const Integer& b);
    /// Between 0 and m − 1, whatever the sign of `a`.
    friend Integer operator%(const Integer& a, const Integer& m);
    friend unsigned long operator%(const Integer& a, unsigned long m);
    friend Integer operator>>(const Integer& a, unsigned long bits);
    friend bool operator==(const Integer& a, const Integer& b);
    friend std::strong_ordering operator<=>(const Integer& a, const Integer& b);

    /// Whether `divisor`, which is not 0, divides this.
    bool divisible_by(const Integer& divisor) const;
    /// The lowest bit that is set; of a number that is not 0.
    unsigned long trailing_zeros() const;

    static Integer power_of_two(unsigned long exponent);
    static Integer distance(const Integer& a, const Integer& b);  ///< |a − b|
    static Integer square_root(const Integer& a);                 ///< rounded down
    static Integer lcm(const Integer& a, const Integer& b);
    static Integer quotient(const Integer& a, const Integer& exact_divisor);
    static std::optional<Integer> inverse(const Integer& a, const Integer& modulus);

 private:
    // GMP's mpz_t, whose size the source file checks.
    alignas(void*) std::array<std::byte, 16> value_;
};

}  // namespace bt2c::keys
