#pragma once
// What reading and writing past the page cache have in common; for this folder only.

#include "platform/aligned_buffer.hpp"

namespace bt2c::platform {

/// Moved at a time past the page cache; less is not worth writing that way.
inline constexpr std::size_t direct_bytes = std::size_t{1} << 20;

/// direct_bytes of this thread's own.
inline base::MutableBytes direct_buffer() {
    thread_local const AlignedBuffer buffer(direct_bytes);
    return buffer.bytes();
}

}  // namespace bt2c::platform
