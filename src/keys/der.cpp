#include "keys/der.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace bt2c::keys {

using base::ByteView;

namespace {

constexpr std::uint8_t integer_tag = 0x02;
constexpr std::uint8_t sequence_tag = 0x30;

std::size_t length_bytes(std::size_t length) {
    std::size_t bytes = 1;
    if (length >= 0x80)
        for (std::size_t rest = length; rest > 0; rest >>= 8) ++bytes;
    return bytes;
}

/// A zero stands in front of a number whose top bit is set, and for the number 0.
bool needs_zero(ByteView number) {
    return number.empty() || (number[0] & 0x80U) != 0;
}

std::size_t integer_bytes(ByteView number) {
    const std::size_t content = number.size() + (needs_zero(number) ? 1 : 0);
    return 1 + length_bytes(content) + content;
}

std::uint8_t* put_header(std::uint8_t* at, std::uint8_t tag, std::size_t length) {
    *at++ = tag;
    const std::size_t bytes = length_bytes(length);
    if (bytes == 1) {
        *at++ = static_cast<std::uint8_t>(length);
        return at;
    }
    *at++ = static_cast<std::uint8_t>(0x80U | (bytes - 1));
    for (std::size_t i = bytes - 1; i > 0; --i) *at++ = static_cast<std::uint8_t>(length >> (8 * (i - 1)));
    return at;
}

/// Takes one element of that tag off the front; false when there is none.
bool take(ByteView& rest, std::uint8_t tag, ByteView& content) noexcept {
    if (rest.size() < 2 || rest[0] != tag) return false;
    std::size_t length = rest[1];
    std::size_t header = 2;
    if (length >= 0x80) {
        const std::size_t more = length & 0x7FU;
        if (more == 0 || more > 4 || rest.size() < 2 + more) return false;
        length = 0;
        for (std::size_t i = 0; i < more; ++i) length = length << 8 | rest[2 + i];
        header += more;
        if (length_bytes(length) != 1 + more) return false;
    }
    if (length > rest.size() - header) return false;
    content = rest.subspan(header, length);
    rest = rest.subspan(header + length);
    return true;
}

}  // namespace

crypto::SecretBytes encode_integers(std::span<const ByteView> numbers) {
    std::size_t content = 0;
    for (const ByteView number : numbers) {
        BT2C_ASSERT(number.empty() || number[0] != 0);
        content += integer_bytes(number);
    }
    crypto::SecretBytes out(1 + length_bytes(content) + content);
    std::uint8_t* at = put_header(out.data(), sequence_tag, content);
    for (const ByteView number : numbers) {
        at = put_header(at, integer_tag, number.size() + (needs_zero(number) ? 1 : 0));
        if (needs_zero(number)) *at++ = 0;
        at = std::copy(number.begin(), number.end(), at);
    }
    return out;
}

bool decode_integers(ByteView der, std::span<ByteView> numbers) noexcept {
    ByteView content;
    if (!take(der, sequence_tag, content) || !der.empty()) return false;
    for (ByteView& number : numbers) {
        if (!take(content, integer_tag, number) || number.empty() || (number[0] & 0x80U) != 0) return false;
        if (number[0] != 0) continue;
        number = number.subspan(1);
        if (!number.empty() && (number[0] & 0x80U) == 0) return false;
    }
    return content.empty();
}

}  // namespace bt2c::keys
