#include "keys/integer.hpp"

#include <gmp.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "base/error.hpp"

namespace bt2c::keys {
namespace {

using Value = std::remove_extent_t<mpz_t>;

void* allocate(std::size_t size) {
    void* memory = std::malloc(size);
    if (!memory) throw std::bad_alloc();
    return memory;
}

void release(void* memory, std::size_t size) {
    crypto::wipe(memory, size);
    std::free(memory);
}

/// Never realloc, which may leave a copy behind.
void* reallocate(void* memory, std::size_t old_size, std::size_t new_size) {
    void* fresh = allocate(new_size);
    std::copy_n(static_cast<const std::uint8_t*>(memory), std::min(old_size, new_size),
                static_cast<std::uint8_t*>(fresh));
    release(memory, old_size);
    return fresh;
}

template <std::size_t Size>
mpz_ptr gmp(std::array<std::byte, Size>& value) {
    static_assert(Size == sizeof(Value));
    // Whoever makes the first number has GMP wipe what it frees, from then on.
    [[maybe_unused]] static const bool wiping = [] {
        mp_set_memory_functions(allocate, reallocate, release);
        return true;
    }();
    return reinterpret_cast<mpz_ptr>(value.data());
}
template <std::size_t Size>
mpz_srcptr gmp(const std::array<std::byte, Size>& value) {
    return reinterpret_cast<mpz_srcptr>(value.data());
}

}  // namespace

Integer::Integer(unsigned long value) {
    mpz_init_set_ui(gmp(value_), value);
}
Integer::Integer(base::ByteView big_endian) : Integer() {
    set(big_endian);
}
Integer::Integer(const Integer& other) {
    mpz_init_set(gmp(value_), gmp(other.value_));
}
Integer& Integer::operator=(const Integer& other) {
    mpz_set(gmp(value_), gmp(other.value_));
    return *this;
}
Integer::~Integer() {
    mpz_clear(gmp(value_));
}

void Integer::set(base::ByteView big_endian) {
    mpz_import(gmp(value_), big_endian.size(), 1, 1, 1, 0, big_endian.data());
}

std::size_t Integer::bits() const {
    return mpz_sgn(gmp(value_)) == 0 ? 0 : mpz_sizeinbase(gmp(value_), 2);
}

crypto::SecretBytes Integer::bytes() const {
    crypto::SecretBytes out((bits() + 7) / 8);
    if (!out.empty()) mpz_export(out.data(), nullptr, 1, 1, 1, 0, gmp(value_));
    return out;
}

void Integer::write(base::MutableBytes out) const {
    const std::size_t size = (bits() + 7) / 8;
    BT2C_ASSERT(size <= out.size());
    std::ranges::fill(out, std::uint8_t{0});
    if (size > 0) mpz_export(out.data() + (out.size() - size), nullptr, 1, 1, 1, 0, gmp(value_));
}

Integer operator+(const Integer& a, const Integer& b) {
    Integer result;
    mpz_add(gmp(result.value_), gmp(a.value_), gmp(b.value_));
    return result;
}
Integer operator-(const Integer& a, const Integer& b) {
    Integer result;
    mpz_sub(gmp(result.value_), gmp(a.value_), gmp(b.value_));
    return result;
}
Integer operator*(const Integer& a, const Integer& b) {
    Integer result;
    mpz_mul(gmp(result.value_), gmp(a.value_), gmp(b.value_));
    return result;
}
Integer operator%(const Integer& a, const Integer& m) {
    Integer result;
    mpz_mod(gmp(result.value_), gmp(a.value_), gmp(m.value_));
    return result;
}
unsigned long operator%(const Integer& a, unsigned long m) {
    return mpz_fdiv_ui(gmp(a.value_), m);
}
Integer operator>>(const Integer& a, unsigned long bits) {
    Integer result;
    mpz_fdiv_q_2exp(gmp(result.value_), gmp(a.value_), bits);
    return result;
}
bool operator==(const Integer& a, const Integer& b) {
    return mpz_cmp(gmp(a.value_), gmp(b.value_)) == 0;
}
std::strong_ordering operator<=>(const Integer& a, const Integer& b) {
    return mpz_cmp(gmp(a.value_), gmp(b.value_)) <=> 0;
}

bool Integer::divisible_by(const Integer& divisor) const {
    return mpz_divisible_p(gmp(value_), gmp(divisor.value_)) != 0;
}
unsigned long Integer::trailing_zeros() const {
    return mpz_scan1(gmp(value_), 0);
}

Integer Integer::power_of_two(unsigned long exponent) {
    Integer result;
    mpz_setbit(gmp(result.value_), exponent);
    return result;
}
Integer Integer::distance(const Integer& a, const Integer& b) {
    Integer result = a - b;
    mpz_abs(gmp(result.value_), gmp(result.value_));
    return result;
}
Integer Integer::square_root(const Integer& a) {
    Integer result;
    mpz_sqrt(gmp(result.value_), gmp(a.value_));
    return result;
}
Integer Integer::lcm(const Integer& a, const Integer& b) {
    Integer result;
    mpz_lcm(gmp(result.value_), gmp(a.value_), gmp(b.value_));
    return result;
}
Integer Integer::quotient(const Integer& a, const Integer& exact_divisor) {
    Integer result;
    mpz_divexact(gmp(result.value_), gmp(a.value_), gmp(exact_divisor.value_));
    return result;
}
std::optional<Integer> Integer::inverse(const Integer& a, const Integer& modulus) {
    Integer result;
    if (mpz_invert(gmp(result.value_), gmp(a.value_), gmp(modulus.value_)) == 0) return std::nullopt;
    return result;
}

}  // namespace bt2c::keys
