#include "chain/hash.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace bt2c::chain {
namespace {

/// The value of each character as a digit; 16 and more for characters that are none.
constexpr std::array<std::uint8_t, 256> make_digits() {
    std::array<std::uint8_t, 256> digits{};
    for (auto& digit : digits) digit = 0xFF;
    for (std::size_t i = 0; i < 10; ++i) digits['0' + i] = static_cast<std::uint8_t>(i);
    for (std::size_t i = 0; i < 6; ++i) digits['a' + i] = static_cast<std::uint8_t>(10 + i);
    return digits;
}
constexpr std::array<std::uint8_t, 256> digits = make_digits();

}  // namespace

bool parse_hash(std::string_view text, Hash& out) noexcept {
    if (text.size() != 2 * out.size()) return false;
    std::uint8_t seen = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::uint8_t high = digits[static_cast<std::uint8_t>(text[2 * i])];
        const std::uint8_t low = digits[static_cast<std::uint8_t>(text[2 * i + 1])];
        seen = static_cast<std::uint8_t>(seen | high | low);
        out[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return seen < 16;
}

std::string hash_text(const Hash& hash) {
    return base::to_hex(hash);
}

}  // namespace bt2c::chain
