// Rotation records that come from other nodes.

#include "keys/rotation_record.hpp"

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    try {
        const keys::RotationRecord record = keys::RotationRecord::parse(base::as_text({data, size}));
        BT2C_ASSERT(keys::RotationRecord::parse(record.text()).text() == record.text());
    } catch (const base::Error&) {
    }
    return 0;
}
