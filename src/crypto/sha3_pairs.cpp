#include "crypto/sha3_pairs.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bt2c::crypto {
namespace {

#ifdef __x86_64__

constexpr std::size_t lane_count = 4;
/// The same word of several states.
using Lanes = std::uint64_t __attribute__((vector_size(lane_count * 8)));

constexpr std::size_t digest_words = 4;
/// Of the 1088 bits that SHA3-256 takes at a time.
constexpr std::size_t rate_words = 17;

// FIPS 202, 3.2.5 (iota), 3.2.2 (rho, by x + 5y).
constexpr std::array<std::uint64_t, 24> round_constants{
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000A, 0x000000008000808B, 0x800000000000008B, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};
constexpr std::array<int, 25> offsets{0,  1,  62, 28, 27, 36, 44, 6,  55, 20, 3,  10, 43,
                                      25, 39, 41, 45, 15, 21, 8,  18, 2,  61, 56, 14};

/// Inlined into functions that are compiled for the processor's registers.
#define BT2C_INLINE [[gnu::always_inline]] inline

BT2C_INLINE void rotate(Lanes& word, int bits) {
    if (bits != 0) word = word << bits | word >> (64 - bits);
}

/// Keccak-f[1600], FIPS 202, 3.3.
BT2C_INLINE void permute(std::array<Lanes, 25>& state) {
    for (const std::uint64_t constant : round_constants) {
        std::array<Lanes, 5> column;
        std::array<Lanes, 25> moved;
#pragma GCC unroll 5
        for (std::size_t x = 0; x < 5; ++x)
            column[x] = state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20];
#pragma GCC unroll 5
        for (std::size_t x = 0; x < 5; ++x) {
            Lanes theta = column[(x + 1) % 5];
            rotate(theta, 1);
            theta ^= column[(x + 4) % 5];
#pragma GCC unroll 5
            for (std::size_t y = 0; y < 5; ++y) {
                Lanes& to = moved[y + 5 * ((2 * x + 3 * y) % 5)];
                to = state[x + 5 * y] ^ theta;
                rotate(to, offsets[x + 5 * y]);
            }
        }
#pragma GCC unroll 5
        for (std::size_t y = 0; y < 25; y += 5)
#pragma GCC unroll 5
            for (std::size_t x = 0; x < 5; ++x)
                state[x + y] = moved[x + y] ^ (~moved[(x + 1) % 5 + y] & moved[(x + 2) % 5 + y]);
        state[0] ^= constant;
    }
}

/// At most as many pairs as there are lanes.
BT2C_INLINE void hash_some(const Digest* pairs, std::size_t count, Digest* out) {
    std::array<Lanes, 25> state{};
    for (std::size_t lane = 0; lane < count; ++lane) {
        std::array<std::uint64_t, 2 * digest_words> message;  // in the processor's order, which is SHA-3's
        std::memcpy(message.data(), &pairs[2 * lane], sizeof message);
        for (std::size_t word = 0; word < message.size(); ++word) state[word][lane] = message[word];
    }
    state[2 * digest_words] ^= 0x06;  // SHA-3's suffix and the first bit of the padding; the last one follows
    state[rate_words - 1] ^= std::uint64_t{1} << 63;
    permute(state);
    for (std::size_t lane = 0; lane < count; ++lane) {
        std::array<std::uint64_t, digest_words> digest;
        for (std::size_t word = 0; word < digest.size(); ++word) digest[word] = state[word][lane];
        std::memcpy(&out[lane], digest.data(), sizeof digest);
    }
}

BT2C_INLINE void hash_all(std::span<Digest> digests) {
    // Results never overtake what is still to be read.
    for (std::size_t pair = 0; pair < digests.size() / 2; pair += lane_count)
        hash_some(&digests[2 * pair], std::min(lane_count, digests.size() / 2 - pair), &digests[pair]);
}

[[gnu::target("avx512f,avx512vl")]] void hash_by_avx512(std::span<Digest> digests) {
    hash_all(digests);
}
[[gnu::target("avx2")]] void hash_by_avx2(std::span<Digest> digests) {
    hash_all(digests);
}

#endif

void hash_one_by_one(std::span<Digest> digests) {
    for (std::size_t pair = 0; pair < digests.size() / 2; ++pair)
        digests[pair] = sha3_256({digests[2 * pair].data(), 2 * sizeof(Digest)});
}

}  // namespace

std::vector<HashPairs> ways_to_hash_pairs() {
    std::vector<HashPairs> ways;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512vl")) ways.push_back(hash_by_avx512);
    if (__builtin_cpu_supports("avx2")) ways.push_back(hash_by_avx2);
#endif
    ways.push_back(hash_one_by_one);
    return ways;
}

void sha3_256_of_pairs(std::span<Digest> digests) {
    static const HashPairs fastest = ways_to_hash_pairs().front();
    fastest(digests);
}

}  // namespace bt2c::crypto
