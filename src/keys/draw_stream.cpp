#include "keys/draw_stream.hpp"

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "crypto/secret.hpp"

namespace bt2c::keys {
namespace {

constexpr std::size_t shift_words = 397;
constexpr std::uint32_t twist = 0x9908b0dfU;

/// Words of 32 bits, the least significant first, without leading zeros but for one.
std::size_t split(base::ByteView seed, std::span<std::uint32_t> key) {
    while (!seed.empty() && seed.front() == 0) seed = seed.subspan(1);
    const std::size_t count = std::max<std::size_t>(1, (seed.size() + 3) / 4);
    BT2C_ASSERT(count <= key.size());
    std::ranges::fill(key, 0U);
    for (std::size_t i = 0; i < seed.size(); ++i)
        key[i / 4] |= std::uint32_t{seed[seed.size() - 1 - i]} << (8 * (i % 4));
    return count;
}

}  // namespace

DrawStream::DrawStream(base::ByteView seed) {
    state_[0] = 19650218U;
    for (std::uint32_t i = 1; i < words; ++i)
        state_[i] = 1812433253U * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
    mix_in(seed);
}

DrawStream::~DrawStream() {
    crypto::wipe(state_.data(), sizeof state_);
}

void DrawStream::mix_in(base::ByteView seed) {
    std::array<std::uint32_t, words> key;
    const std::size_t length = split(seed, key);
    std::uint32_t i = 1;
    const auto step = [&] {
        if (++i < words) return;
        state_[0] = state_[words - 1];
        i = 1;
    };
    for (std::uint32_t k = 0, j = 0; k < words; ++k) {  // words ≥ length always
        state_[i] = (state_[i] ^ ((state_[i - 1] ^ (state_[i - 1] >> 30)) * 1664525U)) + key[j] + j;
        step();
        j = j + 1 < length ? j + 1 : 0;
    }
    for (std::uint32_t k = 1; k < words; ++k) {
        state_[i] = (state_[i] ^ ((state_[i - 1] ^ (state_[i - 1] >> 30)) * 1566083941U)) - i;
        step();
    }
    state_[0] = 0x80000000U;
    crypto::wipe(key.data(), sizeof key);
}

void DrawStream::regenerate() {
    const auto next = [&](std::size_t k, std::size_t after, std::size_t far) {
        const std::uint32_t y = (state_[k] & 0x80000000U) | (state_[after] & 0x7fffffffU);
        state_[k] = state_[far] ^ (y >> 1) ^ ((y & 1U) != 0 ? twist : 0U);
    };
    for (std::size_t k = 0; k < words - shift_words; ++k) next(k, k + 1, k + shift_words);
    for (std::size_t k = words - shift_words; k < words - 1; ++k) next(k, k + 1, k + shift_words - words);
    next(words - 1, 0, shift_words - 1);
    index_ = 0;
}

std::uint32_t DrawStream::next_word() {
    if (index_ >= words) regenerate();
    std::uint32_t y = state_[index_++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680U;
    y ^= (y << 15) & 0xefc60000U;
    return y ^ (y >> 18);
}

void DrawStream::read(base::MutableBytes out) {
    for (std::uint8_t& byte : out) {
        // A number below 256 is asked for as one of 9 bits, since 256 itself has 9; larger ones are thrown
        // away.
        std::uint32_t nine_bits = 0;
        do nine_bits = next_word() >> 23;
        while (nine_bits >= 256);
        byte = static_cast<std::uint8_t>(nine_bits);
    }
    bytes_read_ += out.size();
}

}  // namespace bt2c::keys
