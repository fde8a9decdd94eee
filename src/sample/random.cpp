#include "sample/random.hpp"

#include <array>
#include <string_view>

namespace bt2c::sample {

namespace {

/// Base 32 or 64 (`bits` 5 or 6 for each character), without padding.
std::string encode(base::ByteView bytes, std::string_view alphabet, unsigned bits) {
    std::string text;
    text.reserve(bytes.size() * 8 / bits + 1);
    std::uint32_t buffer = 0;
    unsigned held = 0;
    for (const std::uint8_t byte : bytes) {
        buffer = buffer << 8 | byte;
        held += 8;
        while (held >= bits) {
            held -= bits;
            text += alphabet[buffer >> held & ((1U << bits) - 1)];
        }
        buffer &= (1U << held) - 1;
    }
    if (held > 0) text += alphabet[buffer << (bits - held) & ((1U << bits) - 1)];
    return text;
}

}  // namespace

double Random::uniform(double low, double high) {
    return low + (high - low) * (static_cast<double>(engine_() >> 11) * 0x1.0p-53);
}

void Random::fill(base::MutableBytes out) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        word = i % 8 == 0 ? engine_() : word >> 8;
        out[i] = static_cast<std::uint8_t>(word);
    }
}

std::string Random::hex(std::size_t size) {
    base::Bytes bytes(size);
    fill(bytes);
    return base::to_hex(bytes);
}

std::string Random::address() {
    std::array<std::uint8_t, 16> bytes;
    fill(bytes);
    return "bt2c_" + encode(bytes, "abcdefghijklmnopqrstuvwxyz234567", 5);
}

std::string Random::signature() {
    std::array<std::uint8_t, 256> bytes;
    fill(bytes);
    return encode(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 6) + "==";
}

}  // namespace bt2c::sample
