#pragma once
// The stream of bytes that the chain's Python tools draw RSA keys from: CPython's Mersenne Twister, seeded
// with an integer, and read in bytes as PyCryptodome asks for them.
// Sources: Matsumoto and Nishimura, "Mersenne Twister", ACM TOMACS 8 (1998), init_by_array of 2002;
// CPython, Lib/random.py, randrange and getrandbits.

#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace bt2c::keys {

/// Holds secrets; zeroed when it goes. Not thread-safe, one for each key that is drawn.
class DrawStream {
 public:
    /// @param seed a big-endian integer of at most 624 words; leading zeros do not count
    explicit DrawStream(base::ByteView seed);
    ~DrawStream();
    DrawStream(const DrawStream&) = default;
    DrawStream& operator=(const DrawStream&) = default;

    void read(base::MutableBytes out);
    std::uint64_t bytes_read() const noexcept { return bytes_read_; }
    /// The generator's own 32-bit words, which read() draws from too.
    std::uint32_t next_word();

 private:
    static constexpr std::size_t words = 624;
    void mix_in(base::ByteView seed);
    void regenerate();

    std::array<std::uint32_t, words> state_{};
    std::size_t index_ = words;
    std::uint64_t bytes_read_ = 0;
};

}  // namespace bt2c::keys
