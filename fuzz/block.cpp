// Blocks and transactions that come from peers.

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"
#include "node/evidence.hpp"
#include "node/proof.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    const std::string_view text = base::as_text({data, size});
    try {
        const node::Block block = node::parse_block(text);
        BT2C_ASSERT(node::to_json(node::parse_block(node::to_json(block))) == node::to_json(block));
        node::block_fault(block, block.header.network, chain::zero_hash);
    } catch (const base::Error&) {
    }
    try {
        const node::Transaction transaction = node::parse_transaction(text);
        BT2C_ASSERT(node::to_json(node::parse_transaction(node::to_json(transaction))) ==
                    node::to_json(transaction));
        node::transaction_fault(transaction, "devnet", chain::zero_hash);
    } catch (const base::Error&) {
    }
    try {
        node::parse_payload(text, "devnet", chain::zero_hash);
    } catch (const base::Error&) {
    }
    return 0;
}
