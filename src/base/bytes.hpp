#pragma once
// Byte strings, their text forms, and little-endian encoding of integers in formats.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bt2c::base {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(ByteView bytes);
/// Lower or upper case; nullopt when the length is odd or a character is no hex digit.
std::optional<Bytes> from_hex(std::string_view text);
/// The same into a fixed buffer; false when the length or a character does not fit.
bool from_hex(std::string_view text, MutableBytes out) noexcept;

template <typename T>
void put_le(Bytes& out, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i)
        out.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * i)));
}
template <typename T>
T get_le(const std::uint8_t* at) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value |= std::uint64_t{at[i]} << (8 * i);
    return static_cast<T>(value);
}
/// SQLite's formats are big-endian.
template <typename T>
T get_be(const std::uint8_t* at) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value = value << 8 | at[i];
    return static_cast<T>(value);
}

/// Reads a hostile buffer front to back; any read past the end sets failed() and yields zeros.
class Reader {
 public:
    explicit Reader(ByteView bytes) : rest_(bytes) {}
    template <typename T>
    T integer() noexcept {
        const ByteView field = bytes(sizeof(T));
        return field.size() == sizeof(T) ? get_le<T>(field.data()) : T{};
    }
    /// The next `size` bytes, or an empty view when fewer are left.
    ByteView bytes(std::size_t size) noexcept {
        if (size > rest_.size()) {
            failed_ = true;
            rest_ = {};
            return {};
        }
        const ByteView field = rest_.first(size);
        rest_ = rest_.subspan(size);
        return field;
    }
    bool failed() const noexcept { return failed_; }
    std::size_t left() const noexcept { return rest_.size(); }

 private:
    ByteView rest_;
    bool failed_ = false;
};

}  // namespace bt2c::base
