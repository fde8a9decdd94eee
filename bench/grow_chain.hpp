#pragma once
// Makes a chain of many blocks quickly, for measurements.

#include <cmath>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "node/chain.hpp"
#include "node/signing.hpp"

namespace bt2c::bench {

/// Adds blocks of one reward and one transfer each, every one by its first proposer and as early as it may
/// be.
inline void grow_chain(node::Chain& chain, const std::vector<keys::Signer>& signers, std::size_t count,
                       const std::function<void(const node::Block&)>& take) {
    std::vector<std::string> addresses;
    std::map<std::string, const keys::Signer*> by_address;
    for (const keys::Signer& signer : signers)
        by_address[addresses.emplace_back(keys::address_of(signer.public_key))] = &signer;
    const std::string& network = chain.options().network;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t from = i % signers.size();
        node::Transaction transfer;
        transfer.type = "transfer";
        transfer.recipient = addresses[(from + 1) % signers.size()];
        transfer.units = 1'000'000;
        transfer.timestamp = std::floor(chain.tip().timestamp);
        transfer.nonce = chain.last_nonce(addresses[from]) + 1;
        sign_transaction(transfer, network, chain.genesis(), signers[from]);
        chain.add_transaction(transfer, chain.tip().timestamp);
        const std::string maker = chain.proposers().front();
        node::Block block = chain.build(maker, 0, chain.earliest_s(0));
        sign_header(block.header, chain.genesis(), *by_address.at(maker));
        if (block.transactions.size() != 2 ||
            chain.accept(block, block.header.timestamp).verdict != node::Verdict::accepted)
            throw std::runtime_error("a block is not accepted");
        take(block);
    }
}

}  // namespace bt2c::bench
