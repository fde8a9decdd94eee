#pragma once
// The fixed parts of an exported backup; see docs/repository-format.md, "Exported backups".

#include <array>
#include <cstdint>

namespace bt2c::storage::archive {

constexpr std::array<std::uint8_t, 14> archive_magic{'B', 'T', '2', 'C', '-', 'D', 'R',
                                                     ' ', 'E', 'X', 'P', 'O', 'R', 'T'};
/// Stands behind the magic, high byte first.
constexpr std::uint16_t archive_version = 1;
constexpr std::size_t archive_head_bytes = archive_magic.size() + 2;

constexpr std::array<std::uint8_t, 8> archive_end{'B', 'T', '2', 'C', '-', 'E', 'N', 'D'};
/// The directory's length, and the end mark.
constexpr std::size_t archive_tail_bytes = 8 + archive_end.size();

/// Enough for 100,000 objects, which are packs of 16 MiB; and little enough to read at once.
constexpr std::uint64_t archive_directory_bytes_max = std::uint64_t{16} << 20;

}  // namespace bt2c::storage::archive
