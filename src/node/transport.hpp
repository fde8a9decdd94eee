#pragma once
// Connections between nodes: TLS 1.3 with certificates on both sides, and frames of bounded size on it.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "crypto/secret.hpp"
#include "node/event_loop.hpp"

namespace bt2c::node {

using LinkId = std::uint64_t;

/// What a connection is secured with, as PEM.
struct TlsIdentity {
    std::string authority;    ///< whose certificates are taken
    std::string certificate;  ///< ours
    crypto::SecretBytes key;
};

struct TransportLimits {
    std::size_t links = 128;            ///< all connections
    std::size_t unproved = 32;          ///< of those, incoming ones whose TLS handshake is not done
    std::size_t unproved_per_host = 8;  ///< of those, from one IP address
    std::size_t frame_bytes = 4U << 20;
    std::size_t queue_bytes = 8U << 20;         ///< waiting to be sent, after which a reader is too slow
    std::chrono::milliseconds handshake{5000};  ///< connecting included
    std::chrono::milliseconds idle{30000};      ///< for each whole frame, either way
};

/// A connection on which both certificates are proved.
struct LinkInfo {
    LinkId id = 0;
    bool dialled = false;  ///< by us
    std::string address;   ///< of the other end, "127.0.0.1:4711"
    std::string name;      ///< the CN of its certificate
    base::Bytes binding;   ///< crypto::tls_channel_binding()
};

/// Called on the loop's thread, never from within a function of Transport.
struct TransportEvents {
    std::function<void(const LinkInfo&)> opened;
    /// The frame's contents; returns for how long nothing more is to be read from there.
    std::function<std::chrono::milliseconds(LinkId, std::string)> received;
    /// Once for each that was opened, unless we closed it: why, as a clause.
    std::function<void(LinkId, const std::string& why)> closed;
    /// It never came to be opened. `dialled`: the id that dial() gave; 0 for an incoming one.
    std::function<void(LinkId dialled, const std::string& address, const std::string& why)> failed;
};

/// A frame as it travels: four bytes of length, most significant first, and that many of contents.
using Frame = std::shared_ptr<const std::string>;
Frame frame_of(std::string_view contents);

class Transport {
 public:
    /// Throws Error(failed) when certificates or key cannot be used.
    Transport(EventLoop& loop, const TlsIdentity& identity, TransportLimits limits, TransportEvents events);
    /// Everything is closed at once.
    ~Transport();

    /// Returns the port, which may have been given as 0. Throws Error(failed) when it is not to be had.
    std::uint16_t listen(const std::string& host, std::uint16_t port);
    void stop_listening();
    /// Ends in opened() with that id, or in failed().
    LinkId dial(const std::string& host, std::uint16_t port);
    /// Dropped where there is no such link any more.
    void send(LinkId link, const Frame& frame);
    /// What was sent before still goes out, for at most a second; nothing comes in, and no event tells.
    void close(LinkId link);

 private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace bt2c::node
