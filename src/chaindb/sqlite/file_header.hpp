#pragma once
// The first 100 bytes of a SQLite database file.

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "chaindb/page_image.hpp"

namespace bt2c::chaindb::sqlite {

/// Source: https://www.sqlite.org/fileformat2.html#the_database_header
struct FileHeader {
    static constexpr std::size_t size = 100;

    std::uint32_t page_size = 0;
    std::uint32_t change_counter = 0;  ///< counts commits, but for those of write-ahead logging
    std::uint32_t page_count = 0;      ///< 0 where the header's own count is not in force
    bool wal = false;                  ///< the database is in write-ahead logging mode

    /// The shape of a file of `file_bytes` bytes with this header.
    ImageShape shape(std::uint64_t file_bytes) const;
};

/// nullopt when the bytes are too few, or no header of a SQLite database.
std::optional<FileHeader> parse_file_header(base::ByteView bytes);

/// How many pages a file of `file_bytes` bytes has; a part of a page at its end counts as one.
std::uint64_t pages_in(std::uint64_t file_bytes, std::uint32_t page_size);

/// Whether `size` may be the size of a page: a power of two from 512 to 65536.
bool is_page_size(std::uint32_t size);

}  // namespace bt2c::chaindb::sqlite
