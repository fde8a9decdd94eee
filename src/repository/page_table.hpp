#pragma once
// Which blob holds which page, and what every page's content is called.

#include <vector>

#include "repository/format.hpp"

namespace bt2c::repository {

/// One page that is not (or no longer) as in the full backup's group.
struct PageEntry {
    std::uint32_t page = 0;
    ContentId id{};
    BlobReference blob;
    std::uint16_t position = 0;  ///< within a blob of loose pages
};

base::Bytes encode_entries(std::span<const PageEntry> entries);
/// Appends to `entries`; throws Error when malformed or not in ascending order of pages.
void decode_entries(base::ByteView bytes, std::size_t pack_count, std::vector<PageEntry>& entries);

/// The entry of `page` in a sorted list, or nullptr.
const PageEntry* find_entry(const std::vector<PageEntry>& entries, std::uint32_t page);

/// The plain form of a blob of loose pages: page numbers, then the pages' bytes.
base::Bytes encode_loose_pages(std::span<const std::uint32_t> pages, base::ByteView contents);

}  // namespace bt2c::repository
