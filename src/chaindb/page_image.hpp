#pragma once
// A database image that can be read page by page, wherever it rests.

#include <cstdint>
#include <functional>
#include <memory>

#include "base/bytes.hpp"

namespace bt2c::chaindb {

struct ImageShape {
    std::uint32_t page_size = 0;   ///< bytes; a power of two, 512 to 65536
    std::uint32_t page_count = 0;  ///< pages are numbered 1 to page_count
    bool operator==(const ImageShape&) const = default;
    std::uint64_t bytes() const { return std::uint64_t{page_size} * page_count; }
};

/// Fills `out` (a multiple of the page size, within the image) with the pages from `first_page` on.
/// Thread-safe; throws base::Error when a page cannot be had.
using ReadPages = std::function<void(std::uint32_t first_page, base::MutableBytes out)>;

/// Pages that lie one after the other in memory, and stay there while `owner` is held.
struct PageRun {
    std::shared_ptr<const void> owner;
    std::uint32_t first_page = 0;
    base::ByteView bytes;
};

/// The run around a page, without bytes where that page is not in memory. Thread-safe; throws like ReadPages.
using PagesInMemory = std::function<PageRun(std::uint32_t page)>;

/// An image that never changes while it is held.
struct PageImage {
    ImageShape shape;
    ReadPages read;
    /// None where pages must be copied out; where a table is walked their neighbours are then read with them.
    PagesInMemory in_memory = nullptr;
};

/// The page that SQLite uses for locks and never for data; restored as zeros. 0 where the image
/// is too small to have one. Source: https://www.sqlite.org/fileformat2.html#the_lock_byte_page
inline std::uint32_t lock_byte_page(ImageShape shape) {
    const std::uint32_t page = (1U << 30) / shape.page_size + 1;
    return page <= shape.page_count ? page : 0;
}

}  // namespace bt2c::chaindb
