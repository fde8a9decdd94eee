#include "crypto/base64.hpp"

#include <sodium.h>

#include "base/error.hpp"

namespace bt2c::crypto {
namespace {

constexpr int variant = sodium_base64_VARIANT_ORIGINAL;

/// How many bytes came out into `out`, which has room for three of four characters.
std::optional<std::size_t> decode(std::string_view text, const char* ignore, base::MutableBytes out) {
    std::size_t size = 0;
    const char* end = nullptr;
    if (sodium_base642bin(out.data(), out.size(), text.data(), text.size(), ignore, &size, &end, variant) !=
            0 ||
        end != text.data() + text.size())
        return std::nullopt;
    return size;
}

}  // namespace

SecretBytes to_base64_secret(base::ByteView bytes) {
    SecretBytes text(sodium_base64_encoded_len(bytes.size(), variant));
    sodium_bin2base64(reinterpret_cast<char*>(text.data()), text.size(), bytes.data(), bytes.size(), variant);
    return text.first(text.size() - 1);  // without the closing zero
}

std::string to_base64(base::ByteView bytes) {
    std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
    sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), variant);
    text.pop_back();  // the closing zero
    return text;
}

std::optional<base::Bytes> from_base64(std::string_view text) {
    base::Bytes bytes(text.size() / 4 * 3 + 3);
    const auto size = decode(text, nullptr, bytes);
    if (!size) return std::nullopt;
    bytes.resize(*size);
    return bytes;
}

std::optional<SecretBytes> from_base64_secret(std::string_view text) {
    SecretBytes bytes(text.size() / 4 * 3 + 3);
    const auto size = decode(text, "\r\n", bytes.bytes());
    if (!size) return std::nullopt;
    return bytes.first(*size);
}

}  // namespace bt2c::crypto
