#pragma once
// Containers whose memory is zeroed when they let go of it. For many small secrets; it is not locked into
// RAM, as that of SecretBytes is.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "crypto/secret.hpp"

namespace bt2c::crypto {

template <typename T>
struct WipingAllocator {
    using value_type = T;
    WipingAllocator() = default;
    template <typename Other>
    WipingAllocator(const WipingAllocator<Other>&) noexcept {}

    T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
    void deallocate(T* memory, std::size_t count) noexcept {
        wipe(memory, count * sizeof(T));
        std::allocator<T>().deallocate(memory, count);
    }
    friend bool operator==(WipingAllocator, WipingAllocator) { return true; }
};

template <typename T>
using SecretVector = std::vector<T, WipingAllocator<T>>;
/// Short ones live inside the object itself: keep them in a SecretVector.
using SecretString = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;

}  // namespace bt2c::crypto
