#include "repository/pack_directory.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "crypto/seal.hpp"

namespace bt2c::repository {

namespace {
constexpr std::size_t fixed_bytes = 28;
constexpr std::size_t blob_entry_bytes = 17;
}  // namespace

base::Bytes PackDirectory::encode() const {
    base::Bytes out(backup.bytes.begin(), backup.bytes.end());
    out.reserve(fixed_bytes + blobs.size() * blob_entry_bytes);
    base::put_le(out, number);
    base::put_le(out, page_size);
    base::put_le(out, static_cast<std::uint32_t>(blobs.size()));
    for (const BlobEntry& blob : blobs) {
        out.push_back(static_cast<std::uint8_t>(blob.kind));
        base::put_le(out, blob.sealed_bytes);
        base::put_le(out, blob.plain_bytes);
        base::put_le(out, blob.first_page);
        base::put_le(out, blob.page_count);
    }
    return out;
}

std::uint64_t PackDirectory::pack_bytes() const {
    std::uint64_t size = std::uint64_t{front_bytes} + fixed_bytes + blobs.size() * blob_entry_bytes +
                         crypto::seal_tag_bytes + pack_trailer_bytes;
    for (const BlobEntry& blob : blobs) size += blob.sealed_bytes;
    return size;
}

PackDirectory PackDirectory::decode(base::ByteView bytes, std::size_t front_bytes) {
    const auto malformed = [] {
        return base::Error(base::ErrorKind::failed, "cannot read a pack's directory: it is malformed");
    };
    PackDirectory directory;
    directory.front_bytes = static_cast<std::uint32_t>(front_bytes);
    base::Reader reader(bytes);
    const base::ByteView backup = reader.bytes(directory.backup.bytes.size());
    std::copy(backup.begin(), backup.end(), directory.backup.bytes.begin());
    directory.number = reader.integer<std::uint32_t>();
    directory.page_size = reader.integer<std::uint32_t>();
    const auto count = reader.integer<std::uint32_t>();
    if (reader.failed() || reader.left() != std::size_t{count} * blob_entry_bytes) throw malformed();
    directory.blobs.resize(count);
    std::uint64_t offset = front_bytes;
    for (BlobEntry& blob : directory.blobs) {
        const auto kind = reader.integer<std::uint8_t>();
        blob.kind = static_cast<BlobKind>(kind);
        blob.offset = static_cast<std::uint32_t>(offset);
        blob.sealed_bytes = reader.integer<std::uint32_t>();
        blob.plain_bytes = reader.integer<std::uint32_t>();
        blob.first_page = reader.integer<std::uint32_t>();
        blob.page_count = reader.integer<std::uint32_t>();
        offset += blob.sealed_bytes;
        if (kind < 1 || kind > 5 || blob.sealed_bytes < crypto::seal_tag_bytes ||
            blob.sealed_bytes > blob_bytes_max || blob.plain_bytes > blob_bytes_max ||
            offset > std::numeric_limits<std::uint32_t>::max())
            throw malformed();
    }
    return directory;
}

}  // namespace bt2c::repository
