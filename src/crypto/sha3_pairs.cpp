#include "crypto/sha3_pairs.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/error.hpp"

namespace bt2c::crypto {
namespace {

void one_by_one(std::span<const Digest> in, std::span<Digest> out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = sha3_256({in[2 * i].data(), 2 * in[2 * i].size()});
}

#if defined(__x86_64__)

/// Steps of Keccak-f[1600], source: FIPS 202, sections 3.2 and 3.4.
constexpr int rounds = 24;
constexpr std::uint64_t round_constants[rounds] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000A, 0x000000008000808B, 0x800000000000008B, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};
/// The lanes in the order in which rho and pi move them round, from lane 1 on, and how far each turns.
constexpr std::size_t moved_to[24] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                      15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};
constexpr int turned_by[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                               27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};

// Everything below is inlined into functions that are compiled for a certain processor; loops are
// written as packs, so that every index is a constant and the state stays in registers.
#define BT2C_INLINE __attribute__((always_inline))

template <typename Lanes>
BT2C_INLINE inline void turn(Lanes& lanes, int bits) {
    lanes = lanes << bits | lanes >> (64 - bits);
}

template <typename Lanes>
BT2C_INLINE inline void mix_row(Lanes& a, Lanes& b, Lanes& c, Lanes& d, Lanes& e) {
    const Lanes first = a, second = b;
    a ^= ~b & c;
    b ^= ~c & d;
    c ^= ~d & e;
    d ^= ~e & first;
    e ^= ~first & second;
}

template <typename Lanes>
BT2C_INLINE inline void one_round(Lanes (&a)[25], std::uint64_t constant) {
    Lanes c[5];
    [&]<std::size_t... X>(std::index_sequence<X...>) BT2C_INLINE {
        ((c[X] = a[X] ^ a[X + 5] ^ a[X + 10] ^ a[X + 15] ^ a[X + 20]), ...);
    }
    (std::make_index_sequence<5>());
    Lanes d[5];
    [&]<std::size_t... X>(std::index_sequence<X...>) BT2C_INLINE {
        ((d[X] = c[(X + 1) % 5], turn(d[X], 1), d[X] ^= c[(X + 4) % 5]), ...);
    }
    (std::make_index_sequence<5>());
    [&]<std::size_t... I>(std::index_sequence<I...>) BT2C_INLINE {
        ((a[I] ^= d[I % 5]), ...);
    }
    (std::make_index_sequence<25>());

    Lanes moving = a[1];
    [&]<std::size_t... I>(std::index_sequence<I...>) BT2C_INLINE {
        ((turn(moving, turned_by[I]), std::swap(moving, a[moved_to[I]])), ...);
    }
    (std::make_index_sequence<24>());

    [&]<std::size_t... Y>(std::index_sequence<Y...>) BT2C_INLINE {
        (mix_row(a[5 * Y], a[5 * Y + 1], a[5 * Y + 2], a[5 * Y + 3], a[5 * Y + 4]), ...);
    }
    (std::make_index_sequence<5>());
    a[0] ^= constant;
}

/// Hashes out.size() pairs, one in each lane, at most as many as there are lanes.
template <typename Lanes>
BT2C_INLINE inline void hash_lanes(std::span<const Digest> in, std::span<Digest> out) {
    constexpr std::size_t lanes = sizeof(Lanes) / sizeof(std::uint64_t);
    constexpr std::size_t words = 2 * sizeof(Digest) / sizeof(std::uint64_t);
    std::uint64_t message[words][lanes] = {};
    for (std::size_t lane = 0; lane < out.size(); ++lane) {
        std::uint64_t pair[words];
        std::memcpy(pair, in[2 * lane].data(), sizeof pair);
        for (std::size_t word = 0; word < words; ++word) message[word][lane] = pair[word];
    }
    Lanes state[25] = {};
    std::memcpy(state, message, sizeof message);
    // The padding of SHA3 right behind the message, and the last bit of a block of 136 bytes.
    state[words] ^= 0x06;
    state[16] ^= 0x8000000000000000;
    for (int round = 0; round < rounds; ++round) one_round(state, round_constants[round]);
    std::uint64_t digest[4][lanes];
    std::memcpy(digest, state, sizeof digest);
    for (std::size_t lane = 0; lane < out.size(); ++lane) {
        std::uint64_t joined[4];
        for (std::size_t word = 0; word < 4; ++word) joined[word] = digest[word][lane];
        std::memcpy(out[lane].data(), joined, sizeof joined);
    }
}

using FourLanes = std::uint64_t __attribute__((vector_size(32)));
using EightLanes = std::uint64_t __attribute__((vector_size(64)));

__attribute__((target("avx2"))) void four_at_once(std::span<const Digest> in, std::span<Digest> out) {
    hash_lanes<FourLanes>(in, out);
}
__attribute__((target("avx512f"))) void eight_at_once(std::span<const Digest> in, std::span<Digest> out) {
    hash_lanes<EightLanes>(in, out);
}

#endif

}  // namespace

void sha3_256_pairs(std::span<const Digest> in, std::span<Digest> out) {
    BT2C_ASSERT(in.size() == 2 * out.size());
#if defined(__x86_64__)
    static const bool has_eight = __builtin_cpu_supports("avx512f") != 0;
    static const bool has_four = __builtin_cpu_supports("avx2") != 0;
    const std::size_t lanes = has_eight ? 8 : has_four ? 4 : 1;
    // Each call reads its pairs whole before it writes: `out` never overtakes `in`.
    while (lanes > 1 && out.size() > 1) {
        const std::size_t part = std::min(lanes, out.size());
        (has_eight ? eight_at_once : four_at_once)(in.first(2 * part), out.first(part));
        in = in.subspan(2 * part);
        out = out.subspan(part);
    }
#endif
    one_by_one(in, out);
}

}  // namespace bt2c::crypto
