#pragma once
// What a pack holds: the sealed directory at its end.

#include <vector>

#include "repository/format.hpp"

namespace bt2c::repository {

struct BlobEntry {
    BlobKind kind = BlobKind::group;
    std::uint32_t offset = 0;  ///< within the pack; not stored, it follows from the lengths
    std::uint32_t sealed_bytes = 0;
    std::uint32_t plain_bytes = 0;  ///< before compression
    std::uint32_t first_page = 0;
    std::uint32_t page_count = 0;
};

struct PackDirectory {
    ObjectId backup;              ///< the backup that wrote the pack
    std::uint32_t number = 0;     ///< of the pack among those that the backup wrote
    std::uint32_t page_size = 0;  ///< of the image; 0 where there is none
    std::vector<BlobEntry> blobs;
    std::uint32_t front_bytes = object_header_bytes;  ///< of the pack, before its first blob; not stored

    base::Bytes encode() const;
    /// The size of the whole pack, as it follows from the lengths of its parts.
    std::uint64_t pack_bytes() const;
    /// Throws Error(failed) when the bytes are not a sound directory.
    static PackDirectory decode(base::ByteView bytes, std::size_t front_bytes = object_header_bytes);
};

}  // namespace bt2c::repository
