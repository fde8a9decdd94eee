// The entries of a page table.

#include "repository/page_table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    if (size < 1) return 0;
    std::vector<repository::PageEntry> entries;
    try {
        repository::decode_entries({data + 1, size - 1}, data[0], entries);
    } catch (const base::Error&) {
        return 0;
    }
    const base::Bytes again = repository::encode_entries(entries);
    BT2C_ASSERT(std::equal(again.begin(), again.end(), data + 1, data + size));
    for (const repository::PageEntry& entry : entries) {
        BT2C_ASSERT(entry.blob.pack < data[0]);
        BT2C_ASSERT(repository::find_entry(entries, entry.page) == &entry);
    }
    return 0;
}
