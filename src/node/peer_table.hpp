#pragma once
// What peers.cpp and block_fetch.cpp keep of each connection.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/bounded_set.hpp"
#include "node/peers.hpp"
#include "node/transport.hpp"
#include "node/wire.hpp"

namespace bt2c::node {

using Clock = std::chrono::steady_clock;

/// How much of our time a peer may claim: a bucket that fills evenly.
class Allowance {
 public:
    /// For how long its messages have to wait after one of that cost.
    std::chrono::milliseconds take(double cost, Clock::time_point now) {
        constexpr double per_second = 2000, most = 4000;
        left_ = std::min(most, left_ + std::chrono::duration<double>(now - since_).count() * per_second);
        since_ = now;
        left_ -= cost;
        return std::chrono::milliseconds(left_ < 0 ? static_cast<std::int64_t>(-left_ / per_second * 1000)
                                                   : 0);
    }

 private:
    double left_ = 4000;
    Clock::time_point since_ = Clock::now();
};

struct Peer {
    LinkInfo link;
    Clock::time_point opened;
    std::optional<Hello> hello;  ///< taken, its signature proved
    std::string validator;       ///< of the hello's key
    Clock::time_point hello_at, heard;
    Status status;
    BoundedHashSet known{4096};  ///< blocks and transactions that it has
    Allowance allowance;
    /// A tip of its that does not help us: of a fork that is worse, or that a person has to look at.
    std::optional<chain::Hash> useless_tip;

    /// Unlike the name, not shared by a copy of the node on another machine.
    std::string identity() const { return link.name + " " + (hello ? hello->instance : std::string()); }
};
using PeerTable = std::map<LinkId, Peer>;

/// What a message costs of its sender's allowance.
double cost_of(const Message& message);

/// Why a hello is not taken; empty when it is.
std::string hello_fault(const Peer& peer, const Hello& hello, const std::string& network,
                        const chain::Hash& genesis);

/// The connection that is one too many since that peer said hello; 0: none. Of two between the same two
/// processes both ends drop the same one: that which the process of the greater identity dialled.
LinkId duplicate_of(const PeerTable& peers, const Peer& peer, const std::string& own_identity);

std::vector<LinkId> links_of(const PeerTable& peers);

/// What is told of those whose hello was taken.
std::vector<PeerInfo> infos_of(const PeerTable& peers);

/// Of those whose hello was taken.
std::vector<std::string> identities_of(const PeerTable& peers);

/// Of whom blocks can be expected: validators other than `own` that are not paused, and know the order
/// `pause_sequence`, since who has not heard of the newest one will stop when it does.
std::set<std::string> awake_validators(const PeerTable& peers, const std::string& own,
                                       std::int64_t pause_sequence);

/// Another peer that proves the key of this one; null where there is none.
const Peer* twin_of(const PeerTable& peers, const Peer& peer);

}  // namespace bt2c::node
