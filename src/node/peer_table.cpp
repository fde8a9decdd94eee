#include "node/peer_table.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "crypto/rsa.hpp"

namespace bt2c::node {

using base::format;

double cost_of(const Message& message) {
    if (std::holds_alternative<GetBlocks>(message)) return 20;
    if (std::holds_alternative<NewBlock>(message)) return 10;
    return 1;
}

std::string hello_fault(const Peer& peer, const Hello& hello, const std::string& network,
                        const chain::Hash& genesis) {
    if (peer.hello) return "it says twice who it is";
    if (hello.network != network)
        return format("it is of the network {}, and this is {}", hello.network, network);
    if (hello.genesis != genesis) return format("its {} begins with another block", hello.network);
    if (hello.name != peer.link.name)
        return format("it calls itself {}, and its certificate {}", hello.name, peer.link.name);
    if (hello.public_key.empty()) return {};
    const std::string signed_text = hello_signed_text(hello, peer.link.binding, !peer.link.dialled);
    if (!crypto::verify_pkcs1_sha256(hello.public_key, base::as_bytes(signed_text), hello.signature))
        return "it does not hold the key that it claims";
    return {};
}

LinkId duplicate_of(const PeerTable& peers, const Peer& peer, const std::string& own_identity) {
    for (const auto& [id, other] : peers) {
        if (id == peer.link.id || !other.hello || other.identity() != peer.identity()) continue;
        if (other.link.dialled == peer.link.dialled) return std::max(id, peer.link.id);
        const bool keep_ours = own_identity < peer.identity();
        return peer.link.dialled == keep_ours ? id : peer.link.id;
    }
    return 0;
}

std::vector<LinkId> links_of(const PeerTable& peers) {
    std::vector<LinkId> links;
    for (const auto& [id, peer] : peers) links.push_back(id);
    return links;
}

std::vector<PeerInfo> infos_of(const PeerTable& peers) {
    std::vector<PeerInfo> list;
    for (const auto& [id, peer] : peers)
        if (peer.hello)
            list.push_back({peer.link.name, peer.link.address, peer.validator, peer.status.height,
                            peer.status.hash, peer.status.paused, peer.status.pause_sequence,
                            peer.link.dialled, twin_of(peers, peer) != nullptr});
    return list;
}

std::vector<std::string> identities_of(const PeerTable& peers) {
    std::vector<std::string> identities;
    for (const auto& [id, peer] : peers)
        if (peer.hello) identities.push_back(peer.identity());
    return identities;
}

std::set<std::string> awake_validators(const PeerTable& peers, const std::string& own,
                                       std::int64_t pause_sequence) {
    std::set<std::string> awake;
    for (const auto& [id, peer] : peers)
        if (peer.hello && !peer.validator.empty() && peer.validator != own && !peer.status.paused &&
            peer.status.pause_sequence >= pause_sequence)
            awake.insert(peer.validator);
    return awake;
}

const Peer* twin_of(const PeerTable& peers, const Peer& peer) {
    if (peer.validator.empty() || !peer.hello) return nullptr;
    for (const auto& [id, other] : peers) {
        if (!other.hello || other.validator != peer.validator || other.identity() == peer.identity())
            continue;
        // A process that was killed may leave its connection behind, which is silent.
        const Clock::time_point both = std::max(peer.hello_at, other.hello_at);
        if (peer.heard >= both && other.heard >= both) return &other;
    }
    return nullptr;
}

}  // namespace bt2c::node
