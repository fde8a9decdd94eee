#include "chaindb/sqlite/file_header.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <string_view>

namespace bt2c::chaindb::sqlite {

bool is_page_size(std::uint32_t size) {
    return size >= 512 && size <= 65536 && std::has_single_bit(size);
}

std::optional<FileHeader> parse_file_header(base::ByteView bytes) {
    constexpr std::string_view magic("SQLite format 3\0", 16);
    if (bytes.size() < FileHeader::size || base::as_text(bytes.first(16)) != magic) return std::nullopt;
    FileHeader header;
    header.page_size = base::get_be<std::uint16_t>(&bytes[16]);
    if (header.page_size == 1) header.page_size = 65536;
    if (!is_page_size(header.page_size)) return std::nullopt;
    header.change_counter = base::get_be<std::uint32_t>(&bytes[24]);
    // Versions before 3.7.0 change the file without the count at 28, and leave 92 as it was.
    if (base::get_be<std::uint32_t>(&bytes[92]) == header.change_counter)
        header.page_count = base::get_be<std::uint32_t>(&bytes[28]);
    header.wal = bytes[18] == 2 || bytes[19] == 2;
    return header;
}

std::uint64_t pages_in(std::uint64_t file_bytes, std::uint32_t page_size) {
    return file_bytes / page_size + (file_bytes % page_size ? 1 : 0);
}

ImageShape FileHeader::shape(std::uint64_t file_bytes) const {
    constexpr std::uint64_t pages_max = std::numeric_limits<std::uint32_t>::max();
    if (page_count) return {page_size, page_count};
    return {page_size, static_cast<std::uint32_t>(std::min(pages_in(file_bytes, page_size), pages_max))};
}

}  // namespace bt2c::chaindb::sqlite
