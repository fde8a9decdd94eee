// The directory of a pack.

#include "repository/pack_directory.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    try {
        const auto directory = repository::PackDirectory::decode({data, size});
        const base::Bytes again = directory.encode();
        BT2C_ASSERT(std::equal(again.begin(), again.end(), data, data + size));
        std::uint64_t offset = repository::object_header_bytes;
        for (const repository::BlobEntry& blob : directory.blobs) {
            BT2C_ASSERT(blob.offset == offset && blob.plain_bytes <= repository::blob_bytes_max);
            offset += blob.sealed_bytes;
        }
        BT2C_ASSERT(directory.pack_bytes() > offset);
    } catch (const base::Error&) {
    }
    return 0;
}
