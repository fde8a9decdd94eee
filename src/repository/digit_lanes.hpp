#pragma once
// Digits and the bytes that they stand for, a register at a time. Two lower-case hex digits are one byte;
// four digits of base64 (RFC 4648, section 4) are three. Only digit_packing.cpp includes this, and compiles
// it for several kinds of registers.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace bt2c::repository {

/// Inlined into functions that are compiled for the processor's registers.
#define BT2C_INLINE [[gnu::always_inline]] inline

constexpr std::size_t lane_count = 16;
using Lanes = std::uint8_t __attribute__((vector_size(lane_count)));
using Half = std::uint8_t __attribute__((vector_size(lane_count / 2)));
using Pairs = std::uint16_t __attribute__((vector_size(lane_count)));
using Words = std::uint32_t __attribute__((vector_size(lane_count)));

template <typename Vector>
BT2C_INLINE void load(Vector& to, const std::uint8_t* from) {
    std::memcpy(&to, from, sizeof to);
}
template <typename Vector>
BT2C_INLINE void store(std::uint8_t* to, const Vector& from) {
    std::memcpy(to, &from, sizeof from);
}

constexpr std::uint8_t no_digit = 0xff;

/// What each byte is worth as a digit, or no_digit.
constexpr std::array<std::uint8_t, 256> values_of(std::string_view digits) {
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (std::size_t i = 0; i < digits.size(); ++i)
        values[static_cast<std::uint8_t>(digits[i])] = static_cast<std::uint8_t>(i);
    return values;
}

// An alphabet: so many digits are so many bytes, a unit; its bit in the format. mark() sets all bits where a
// digit is. pack() makes bytes of digits, unpack() the other way; they touch nothing beyond `units` units.

struct Hex {
    static constexpr std::string_view text = "0123456789abcdef";
    static constexpr std::array<std::uint8_t, 256> values = values_of(text);
    static constexpr std::size_t digits = 2, bytes = 1;
    static constexpr unsigned bit = 0;

    BT2C_INLINE static void mark(Lanes& marks, const Lanes& lanes) {
        marks = reinterpret_cast<Lanes>(lanes - '0' <= 9) | reinterpret_cast<Lanes>(lanes - 'a' <= 5);
    }

    BT2C_INLINE static void pack(const std::uint8_t* from, std::size_t units, std::uint8_t* to) {
        for (; units >= sizeof(Half); units -= sizeof(Half), from += lane_count, to += sizeof(Half)) {
            Lanes lanes;
            load(lanes, from);
            lanes -= '0' + (reinterpret_cast<Lanes>(lanes > '9') & ('a' - '0' - 10));
            const auto pairs = reinterpret_cast<Pairs>(lanes);  // the first digit is the lower byte
            const Half half = __builtin_convertvector((pairs << 4 | pairs >> 8) & 0xff, Half);
            store(to, half);
        }
        for (; units > 0; --units, from += 2)
            *to++ = static_cast<std::uint8_t>(values[from[0]] << 4 | values[from[1]]);
    }

    BT2C_INLINE static void unpack(const std::uint8_t* from, std::size_t units, std::uint8_t* to) {
        for (; units >= sizeof(Half); units -= sizeof(Half), from += sizeof(Half), to += lane_count) {
            Half half;
            load(half, from);
            const Pairs pairs = __builtin_convertvector(half, Pairs);
            Lanes lanes = reinterpret_cast<Lanes>(pairs >> 4 | (pairs & 0xf) << 8);
            lanes += '0' + (reinterpret_cast<Lanes>(lanes > 9) & ('a' - '0' - 10));
            store(to, lanes);
        }
        for (; units > 0; --units, ++from) {
            *to++ = static_cast<std::uint8_t>(text[*from >> 4]);
            *to++ = static_cast<std::uint8_t>(text[*from & 0xf]);
        }
    }
};

struct Base64 {
    static constexpr std::string_view text =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static constexpr std::array<std::uint8_t, 256> values = values_of(text);
    static constexpr std::size_t digits = 4, bytes = 3;
    static constexpr unsigned bit = 1;

    BT2C_INLINE static void mark(Lanes& marks, const Lanes& lanes) {
        marks = reinterpret_cast<Lanes>(lanes - 'a' <= 25) | reinterpret_cast<Lanes>(lanes - 'A' <= 25) |
                reinterpret_cast<Lanes>(lanes - '/' <= 10) | reinterpret_cast<Lanes>(lanes == '+');
    }

    BT2C_INLINE static void pack(const std::uint8_t* from, std::size_t units, std::uint8_t* to) {
        // As long as a whole register may be stored, though its last quarter is not meant.
        for (; units * bytes >= lane_count; units -= step, from += lane_count, to += step * bytes) {
            Lanes lanes, shift;
            load(lanes, from);
            // What a digit is worth, less its character; in the order of ASCII: + / 0 A a.
            shift = Lanes{} + static_cast<std::uint8_t>(62 - '+');
            choose(shift, lanes, '/', 63 - '/');
            choose(shift, lanes, '0', 52 - '0');
            choose(shift, lanes, 'A', 0 - 'A');
            choose(shift, lanes, 'a', 26 - 'a');
            lanes += shift;
            const auto words = reinterpret_cast<Words>(lanes);
            lanes = reinterpret_cast<Lanes>((words & 0x3f) << 18 | (words >> 8 & 0x3f) << 12 |
                                            (words >> 16 & 0x3f) << 6 | words >> 24);
            lanes =
                __builtin_shufflevector(lanes, lanes, 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 3, 7, 11, 15);
            store(to, lanes);
        }
        for (; units > 0; --units, from += digits, to += bytes) {
            std::uint32_t joined = 0;
            for (std::size_t i = 0; i < digits; ++i) joined = joined << 6 | values[from[i]];
            for (std::size_t i = 0; i < bytes; ++i) to[i] = static_cast<std::uint8_t>(joined >> (16 - 8 * i));
        }
    }

    BT2C_INLINE static void unpack(const std::uint8_t* from, std::size_t units, std::uint8_t* to) {
        for (; units * bytes >= lane_count; units -= step, from += step * bytes, to += lane_count) {
            Lanes lanes, shift;
            load(lanes, from);
            lanes =
                __builtin_shufflevector(lanes, lanes, 2, 1, 0, 15, 5, 4, 3, 15, 8, 7, 6, 15, 11, 10, 9, 15);
            const auto words = reinterpret_cast<Words>(lanes);
            lanes = reinterpret_cast<Lanes>((words >> 18 & 0x3f) | (words >> 12 & 0x3f) << 8 |
                                            (words >> 6 & 0x3f) << 16 | (words & 0x3f) << 24);
            shift = Lanes{} + 'A';
            choose(shift, lanes, 26, 'a' - 26);
            choose(shift, lanes, 52, '0' - 52);
            choose(shift, lanes, 62, '+' - 62);
            choose(shift, lanes, 63, '/' - 63);
            lanes += shift;
            store(to, lanes);
        }
        for (; units > 0; --units, from += bytes, to += digits) {
            const std::uint32_t joined = std::uint32_t{from[0]} << 16 | std::uint32_t{from[1]} << 8 | from[2];
            for (std::size_t i = 0; i < digits; ++i)
                to[i] = static_cast<std::uint8_t>(text[joined >> (18 - 6 * i) & 0x3f]);
        }
    }

 private:
    static constexpr std::size_t step = lane_count / digits;

    /// From `least` on, another shift.
    BT2C_INLINE static void choose(Lanes& shift, const Lanes& lanes, std::uint8_t least, int other) {
        shift = lanes >= least ? Lanes{} + static_cast<std::uint8_t>(other) : shift;
    }
};

template <typename Alphabet>
BT2C_INLINE bool is_digit(std::uint8_t byte) {
    return Alphabet::values[byte] != no_digit;
}

/// How many digits stand from `from` on, before `end` or something else.
template <typename Alphabet>
BT2C_INLINE std::size_t count_digits(const std::uint8_t* from, const std::uint8_t* end) {
    const std::uint8_t* at = from;
    for (; static_cast<std::size_t>(end - at) >= lane_count; at += lane_count) {
        Lanes lanes, marks;
        load(lanes, at);
        Alphabet::mark(marks, lanes);
        std::array<std::uint64_t, lane_count / 8> words;
        std::memcpy(words.data(), &marks, sizeof marks);
        if ((words[0] & words[1]) != ~std::uint64_t{0}) break;
    }
    while (at < end && is_digit<Alphabet>(*at)) ++at;
    return static_cast<std::size_t>(at - from);
}

}  // namespace bt2c::repository
