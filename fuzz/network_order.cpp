// Orders that come from other machines.

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"
#include "network/order.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    try {
        const network::Order order = network::Order::parse(base::as_text({data, size}));
        const network::Order again = network::Order::parse(order.text());
        BT2C_ASSERT(again.text() == order.text() && again.is(order) && again.id() == order.id());
        for (const network::OrderSignature& one : order.signatures)
            network::verifies(order, one, one.public_key);
    } catch (const base::Error&) {
    }
    return 0;
}
