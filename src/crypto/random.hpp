#pragma once
// Random bytes.

#include <array>

#include "base/bytes.hpp"

namespace bt2c::crypto {

/// From the kernel's generator.
void fill_random(base::MutableBytes out);

template <std::size_t Size>
std::array<std::uint8_t, Size> random_array() {
    std::array<std::uint8_t, Size> bytes;
    fill_random(bytes);
    return bytes;
}

}  // namespace bt2c::crypto
