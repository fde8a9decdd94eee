#pragma once
// Memory for secrets: locked into RAM where the limits allow it, left out of core dumps, zeroed
// when freed, between guard pages. Those of up to 64 bytes share such memory; allocation of longer
// ones is slow. For keys and passwords only. Any thread may allocate and free.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

namespace bt2c::crypto {

class SecretBytes {
 public:
    SecretBytes() = default;
    explicit SecretBytes(std::size_t size);  ///< zeros
    static SecretBytes copy_of(base::ByteView bytes);
    static SecretBytes random(std::size_t size);
    ~SecretBytes();
    SecretBytes(SecretBytes&& other) noexcept;
    SecretBytes& operator=(SecretBytes&& other) noexcept;

    std::uint8_t* data() noexcept { return data_; }
    const std::uint8_t* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    base::ByteView view() const noexcept { return {data_, size_}; }
    base::MutableBytes bytes() noexcept { return {data_, size_}; }
    std::string_view text() const noexcept { return base::as_text(view()); }
    SecretBytes copy() const { return copy_of(view()); }
    /// The first `size` bytes, in memory of their own.
    SecretBytes first(std::size_t size) const { return copy_of(view().first(size)); }

 private:
    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Overwrites memory in a way that the compiler keeps.
void wipe(void* data, std::size_t size) noexcept;
/// Overwrites what functions that have returned left on this thread's stack, as far as secrets may reach.
void wipe_stack() noexcept;
/// Constant-time comparison; false when the lengths differ.
bool equal(base::ByteView a, base::ByteView b) noexcept;
/// No core dump of this process, nor may another process of the same user trace it. Called by
/// programs before the first secret is read.
void forbid_core_dumps() noexcept;

}  // namespace bt2c::crypto
