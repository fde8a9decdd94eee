// Messages that come from other nodes.

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"
#include "node/wire.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    try {
        const auto message = node::parse_message(base::as_text({data, size}));
        if (!message) return 0;
        const std::string text = node::message_text(*message);
        const auto again = node::parse_message(text);
        BT2C_ASSERT(again && node::message_text(*again) == text);
    } catch (const base::Error&) {
    }
    return 0;
}
