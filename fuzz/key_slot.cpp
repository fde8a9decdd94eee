// A key slot, which stands in the clear.

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"
#include "repository/key_slots.hpp"
#include "storage/memory/memory_location.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    storage::memory::MemoryLocation location;
    location.overwrite("keys/000102030405060708090a0b0c0d0e0f", {data, data + size});
    const repository::SlotList list = repository::list_slots(location);
    BT2C_ASSERT(list.slots.size() + list.damaged.size() == 1);
    // Passwords are left out: each try costs a good part of a second by design.
    for (const auto kind :
         {repository::SlotKind::key_file, repository::SlotKind::recovery_phrase, repository::SlotKind::token})
        try {
            BT2C_ASSERT(!repository::open_slots(location, {}, {kind, crypto::SecretBytes(32)}));
        } catch (const base::Error&) {
        }
    return 0;
}
