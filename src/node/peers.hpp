#pragma once
// The other nodes of the network: who is connected, what they have, and that they get what we have.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "keys/rotation_record.hpp"
#include "node/event_log.hpp"
#include "node/peer_port.hpp"
#include "node/producer.hpp"
#include "node/transport.hpp"

namespace bt2c::node {

struct Endpoint {
    std::string host;
    std::uint16_t port = 0;
};

struct PeersOptions {
    std::string name;  ///< the CN of our certificate
    std::string network;
    chain::Hash genesis{};
    Endpoint listen;
    std::vector<Endpoint> dial;
    /// Our validator's; without it others do not count us.
    std::optional<keys::Signer> signer;
    TransportLimits limits;
    std::chrono::milliseconds hello{5000};       ///< until a new connection must have said who it is
    std::chrono::milliseconds answer{10000};     ///< until blocks that were asked for must be there
    std::chrono::milliseconds status{2000};      ///< between two of our reports when nothing happens
    std::chrono::milliseconds ban{30000};        ///< for who misbehaved, by the name of its certificate
    std::chrono::milliseconds redial_max{5000};  ///< between attempts to reach who is not there
};

/// A peer whose hello was taken.
struct PeerInfo {
    std::string name, address;
    std::string validator;  ///< proved; empty for a node without a key
    std::int64_t height = -1;
    chain::Hash hash{};
    bool paused = false;
    std::int64_t pause_sequence = 0;
    bool dialled = false;
    bool twin = false;  ///< another connection proves the same key
};

/// Called on the loop's thread.
struct PeersEvents {
    std::function<void()> tip_changed;    ///< blocks of others were added
    std::function<void()> peers_changed;  ///< somebody came, went, or told something new
};

class Peers {
 public:
    /// Listens and dials at once. Throws Error(failed) when it cannot listen or the certificates are of no
    /// use. The loop, the port and the log outlive it.
    Peers(EventLoop& loop, PeersOptions options, const TlsIdentity& identity, PeerPort& port, EventLog& log,
          PeersEvents events);
    ~Peers();

    std::uint16_t listening_port() const;
    std::vector<PeerInfo> list() const;
    PeerView view() const;
    /// Whether blocks are being fetched, or a peer is known to have more.
    bool synced() const;

    /// Blocks and transactions of our own, or that came another way.
    void broadcast(const Block& block);
    void broadcast(const Transaction& transaction);
    /// Our tip, or whether we are paused, changed by something else than peers; they are told soon.
    void tell_status();
    /// Says goodbye to all; to be followed by a moment of the loop's running.
    void stop(const std::string& reason);

 private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace bt2c::node
