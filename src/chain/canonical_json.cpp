#include "chain/canonical_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <optional>

namespace bt2c::chain {
namespace {

/// Takes one code point off the front of `text`; nullopt for overlong forms, surrogates, values
/// beyond U+10FFFF and truncated sequences. `text` is not empty.
std::optional<std::uint32_t> take_code_point(std::string_view& text) {
    const auto first = static_cast<std::uint8_t>(text[0]);
    const std::size_t size = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (size == 0 || first > 0xF4 || text.size() < size) return std::nullopt;
    std::uint32_t value = size == 1 ? first : first & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        const auto next = static_cast<std::uint8_t>(text[i]);
        if ((next & 0xC0) != 0x80) return std::nullopt;
        value = value << 6 | (next & 0x3F);
    }
    static constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < smallest[size] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
        return std::nullopt;
    text.remove_prefix(size);
    return value;
}

void append_escape(std::string& out, std::uint32_t unit) {
    static constexpr char digits[] = "0123456789abcdef";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += digits[unit >> shift & 15];
}

void append_code_point(std::string& out, std::uint32_t value) {
    switch (value) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        case '\f': out += "\\f"; return;
        case '\b': out += "\\b"; return;
        default: break;
    }
    if (value >= 0x20 && value < 0x7F) {
        out += static_cast<char>(value);
    } else if (value == 0x7F) {
        out += '\x7F';  // Python escapes what lies outside ASCII and the controls below blank only
    } else if (value < 0x10000) {
        append_escape(out, value);
    } else {
        append_escape(out, 0xD800 + ((value - 0x10000) >> 10));
        append_escape(out, 0xDC00 + ((value - 0x10000) & 0x3FF));
    }
}

}  // namespace

void append_float(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "NaN";
        return;
    }
    if (std::isinf(value)) {
        out += value < 0 ? "-Infinity" : "Infinity";
        return;
    }
    // to_chars finds the digits; where Python puts the point and the exponent differs from C++.
    std::array<char, 32> buffer{};
    const auto end =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
    const std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
    const std::size_t e = text.find('e');
    std::string digits;
    for (const char c : text.substr(0, e))
        if (c >= '0' && c <= '9') digits += c;
    const int exponent = std::atoi(text.data() + e + 1);
    if (text[0] == '-') out += '-';
    if (exponent < -4 || exponent >= 16) {
        out += digits[0];
        if (digits.size() > 1) out.append(".").append(digits, 1);
        const int magnitude = std::abs(exponent);
        out += exponent < 0 ? "e-" : "e+";
        if (magnitude < 10) out += '0';
        out += std::to_string(magnitude);
    } else if (exponent < 0) {
        out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
    } else {
        const auto whole = static_cast<std::size_t>(exponent) + 1;
        if (digits.size() < whole) digits.append(whole - digits.size(), '0');
        out.append(digits, 0, whole).append(".");
        out += digits.size() > whole ? digits.substr(whole) : "0";
    }
}

std::string float_text(double value) {
    std::string out;
    append_float(out, value);
    return out;
}

bool append_string(std::string& out, std::string_view text) {
    const std::size_t before = out.size();
    out += '"';
    // Nearly every text is plain: hashes, addresses, names of networks.
    const auto plain = std::find_if_not(
        text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; });
    const auto plain_size = static_cast<std::size_t>(plain - text.begin());
    out += text.substr(0, plain_size);
    text.remove_prefix(plain_size);
    while (!text.empty()) {
        const auto value = take_code_point(text);
        if (!value) {
            out.resize(before);
            return false;
        }
        append_code_point(out, *value);
    }
    out += '"';
    return true;
}

void CanonicalObject::begin(std::string_view key) {
    static constexpr std::size_t usual_size = 400;
    if (out_.size() == 1) out_.reserve(usual_size);
    if (out_.size() > 1) out_ += ", ";
    out_.append("\"").append(key).append("\": ");
}

CanonicalObject& CanonicalObject::member(std::string_view key, std::string_view text) {
    begin(key);
    valid_ = append_string(out_, text) && valid_;
    return *this;
}

CanonicalObject& CanonicalObject::member(std::string_view key, std::int64_t value) {
    begin(key);
    out_ += std::to_string(value);
    return *this;
}

CanonicalObject& CanonicalObject::member(std::string_view key, double value) {
    begin(key);
    append_float(out_, value);
    return *this;
}

CanonicalObject& CanonicalObject::raw(std::string_view key, std::string_view json) {
    begin(key);
    out_ += json;
    return *this;
}

const std::string& CanonicalObject::text() {
    if (!closed_) out_ += '}';
    closed_ = true;
    if (!valid_) out_.clear();
    return out_;
}

}  // namespace bt2c::chain
