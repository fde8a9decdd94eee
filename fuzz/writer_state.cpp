// What a write-only node remembers. Its digest is put right first, so that what is behind it is reached.

#include "backup/writer_state.hpp"

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"
#include "crypto/hash.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    base::Bytes bytes(data, data + size);
    const crypto::Digest digest = crypto::sha256(bytes);
    bytes.insert(bytes.end(), digest.begin(), digest.end());
    try {
        const backup::WriterRecord record = backup::WriterRecord::decode(bytes);
        const backup::WriterRecord again = backup::WriterRecord::decode(record.encode());
        BT2C_ASSERT(again.encode() == record.encode());
        BT2C_ASSERT(record.sibling || record.entries.empty());
    } catch (const base::Error&) {
    }
    return 0;
}
