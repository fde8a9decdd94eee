#include "repository/page_table.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace bt2c::repository {

namespace {
constexpr std::size_t page_entry_bytes = 30;
}

base::Bytes encode_entries(std::span<const PageEntry> entries) {
    base::Bytes out;
    out.reserve(entries.size() * page_entry_bytes);
    for (const PageEntry& entry : entries) {
        base::put_le(out, entry.page);
        out.insert(out.end(), entry.id.begin(), entry.id.end());
        base::put_le(out, entry.blob.pack);
        base::put_le(out, entry.blob.blob);
        base::put_le(out, entry.position);
    }
    return out;
}

void decode_entries(base::ByteView bytes, std::size_t pack_count, std::vector<PageEntry>& entries) {
    base::Reader reader(bytes);
    while (reader.left() > 0) {
        PageEntry entry;
        entry.page = reader.integer<std::uint32_t>();
        const base::ByteView id = reader.bytes(entry.id.size());
        std::copy(id.begin(), id.end(), entry.id.begin());
        entry.blob.pack = reader.integer<std::uint32_t>();
        entry.blob.blob = reader.integer<std::uint32_t>();
        entry.position = reader.integer<std::uint16_t>();
        const bool ascending = entries.empty() ? entry.page > 0 : entry.page > entries.back().page;
        if (reader.failed() || !ascending || entry.blob.pack >= pack_count)
            throw base::Error(base::ErrorKind::failed, "cannot read a page table: it is malformed");
        entries.push_back(entry);
    }
}

const PageEntry* find_entry(const std::vector<PageEntry>& entries, std::uint32_t page) {
    const auto found =
        std::lower_bound(entries.begin(), entries.end(), page,
                         [](const PageEntry& entry, std::uint32_t wanted) { return entry.page < wanted; });
    return found != entries.end() && found->page == page ? &*found : nullptr;
}

base::Bytes encode_loose_pages(std::span<const std::uint32_t> pages, base::ByteView contents) {
    base::Bytes out;
    out.reserve(pages.size() * 4 + contents.size());
    for (const std::uint32_t page : pages) base::put_le(out, page);
    out.insert(out.end(), contents.begin(), contents.end());
    return out;
}

}  // namespace bt2c::repository
