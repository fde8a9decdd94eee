#pragma once
// Memory as O_DIRECT wants it.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include "base/bytes.hpp"

namespace bt2c::platform {

/// Where reading and writing past the page cache may begin, in files and in memory. Enough for every disk
/// there is; a file system that wants more refuses, and gets ordinary calls.
inline constexpr std::size_t direct_alignment = 4096;

/// Memory that begins at such a place; not set to zero. Written from here, bytes need not be copied first.
class AlignedBuffer {
 public:
    explicit AlignedBuffer(std::size_t size)
        : data_(static_cast<std::uint8_t*>(std::aligned_alloc(
              direct_alignment, (size + direct_alignment - 1) / direct_alignment * direct_alignment))),
          size_(size) {
        if (!data_) throw std::bad_alloc();
    }
    base::MutableBytes bytes() const { return {data_.get(), size_}; }

 private:
    struct Free {
        void operator()(std::uint8_t* data) const noexcept { std::free(data); }
    };
    std::unique_ptr<std::uint8_t, Free> data_;
    std::size_t size_;
};

}  // namespace bt2c::platform
