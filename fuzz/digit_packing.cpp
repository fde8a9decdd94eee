// Packed digits: what is unpacked is the same by each way, and packs to what unpacks to it.

#include "repository/digit_packing.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    if (size < 2) return 0;
    base::Bytes plain(base::get_le<std::uint16_t>(data)), other(plain.size());
    const base::ByteView packed(data + 2, size - 2);
    const auto ways = repository::ways_to_pack_digits();
    const bool sound = ways.front().unpack(packed, plain);
    BT2C_ASSERT(ways.back().unpack(packed, other) == sound && (!sound || plain == other));
    if (!sound) plain.assign(packed.begin(), packed.end());
    for (const auto& way : ways) {
        const auto again = way.pack(plain);
        if (!again) continue;
        base::Bytes whole(again->text.begin(), again->text.end());
        whole.insert(whole.end(), again->bytes.begin(), again->bytes.end());
        other.resize(plain.size());
        BT2C_ASSERT(way.unpack(whole, other) && plain == other);
    }
    return 0;
}
