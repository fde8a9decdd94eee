#include "node/peers.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/random.hpp"
#include "crypto/rsa.hpp"
#include "node/block_fetch.hpp"
#include "node/dialler.hpp"
#include "node/peer_table.hpp"

namespace bt2c::node {

using base::format;
using base::printable;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds tick_interval(50);
constexpr milliseconds twin_interval(250);
constexpr std::size_t pending_told = 200;  ///< transactions that a new peer is told of

}  // namespace

struct Peers::State {
    State(EventLoop& event_loop, PeersOptions wanted, const TlsIdentity& identity, PeerPort& chain,
          EventLog& event_log, PeersEvents told)
        : loop(event_loop),
          options(std::move(wanted)),
          port(chain),
          log(event_log),
          events(std::move(told)),
          instance(base::to_hex(crypto::random_array<16>())),
          dialler(options.dial, options.redial_max),
          fetch(port, peers, log, options.answer,
                {[this](LinkId link, const Message& message) { send(link, message); },
                 [this](LinkId link, const std::string& why) { misbehaved(link, why); },
                 [this] { tip_changed(); }}),
          transport(event_loop, identity, options.limits,
                    {[this](const LinkInfo& link) { opened(link); },
                     [this](LinkId link, std::string text) { return received(link, text); },
                     [this](LinkId link, const std::string& why) { closed(link, why); },
                     [this](LinkId dialled, const std::string& address, const std::string& why) {
                         failed(dialled, address, why);
                     }}) {
        if (options.signer) validator = keys::address_of(options.signer->public_key);
    }

    void begin() {
        port_number = transport.listen(options.listen.host, options.listen.port);
        tick();
    }

    /// The timer ends with this object: it looks before it leaps.
    void tick() {
        const Clock::time_point now = Clock::now();
        std::erase_if(banned, [&](const auto& entry) { return entry.second < now; });
        guarded([&] {
            look_at_claim();
            if (!stopping) dialler.dial_due(now, transport, identities_of(peers));
            drop_silent(now);
            if (status_due || told_at + options.status < now) report(now);
            fetch.look(now);
            look_for_twins(now);
        });
        loop.after(tick_interval, [alive = std::weak_ptr<int>(life), this] {
            if (alive.lock()) tick();
        });
    }

    /// The chain's troubles are no fault of the peer whose message is dealt with.
    template <typename Work>
    void guarded(Work work) {
        try {
            work();
        } catch (const base::Error& error) {
            log.limited("chain", format("the chain cannot be used: {} {}", printable(error.message()),
                                        printable(error.cause())));
        }
    }

    /// A hello says once whether our key is here, so a change of that takes new connections.
    void look_at_claim() {
        if (!options.signer || port.claims_key() == claiming) return;
        claiming = !claiming;
        for (const LinkId link : links_of(peers))
            drop(link, claiming ? "its key may sign again" : "its key is locked");
    }

    // Connections.

    void opened(const LinkInfo& link) {
        if (stopping || banned.contains(link.name)) {
            if (link.dialled) dialler.lost(link.id, Clock::now());
            return transport.close(link.id);
        }
        Peer& peer = peers.try_emplace(link.id).first->second;
        peer.link = link;
        peer.opened = Clock::now();
        guarded([&] {
            Hello hello = own_hello();
            if (options.signer && claiming) {
                hello.public_key = options.signer->public_key;
                hello.signature = options.signer->sign(
                    base::as_bytes(hello_signed_text(hello, link.binding, link.dialled)));
            }
            send(link.id, hello);
        });
    }

    Hello own_hello() {
        const ChainTip tip = port.tip();
        Hello hello;
        hello.network = options.network;
        hello.genesis = options.genesis;
        hello.name = options.name;
        hello.instance = instance;
        hello.time = base::now_unix_ms();
        hello.height = tip.height;
        hello.hash = tip.hash;
        hello.paused = port.paused();
        hello.pause_sequence = port.pause_sequence();
        return hello;
    }

    void failed(LinkId dialled, const std::string& address, const std::string& why) {
        if (dialled != 0) {
            // Who is not there is asked often, and is told of once in a while.
            dialler.lost(dialled, Clock::now());
            log.limited("dial " + address, format("cannot reach {}: {}", printable(address), printable(why)));
        } else {
            const std::string host = address.substr(0, address.rfind(':'));
            log.limited("accept " + host + why,
                        format("refused a connection from {}: {}", printable(address), printable(why)));
        }
    }

    void closed(LinkId link, const std::string& why) {
        const auto found = peers.find(link);
        if (found == peers.end()) return;
        if (found->second.hello)
            log.limited("lost " + found->second.link.name,
                        format("lost {} at {}: {}", printable(found->second.link.name),
                               printable(found->second.link.address), printable(why)));
        else
            log.limited(
                "accept " + found->second.link.name,
                format("{} at {} went before it said who it is: {}", printable(found->second.link.name),
                       printable(found->second.link.address), printable(why)));
        forget(link);
    }

    void forget(LinkId link) {
        const auto found = peers.find(link);
        if (found == peers.end()) return;
        const bool counted = found->second.hello.has_value();
        if (found->second.link.dialled) dialler.lost(link, Clock::now());
        peers.erase(found);
        fetch.gone(link);
        if (counted) events.peers_changed();
    }

    void drop(LinkId link, const std::string& reason) {
        send(link, Bye{reason});
        transport.close(link);
        forget(link);
    }

    void misbehaved(LinkId link, const std::string& why) {
        const auto found = peers.find(link);
        if (found == peers.end()) return;
        const std::string name = found->second.link.name;
        log.limited("fault " + name, format("dropped {} at {}: {}", printable(name),
                                            printable(found->second.link.address), printable(why)));
        banned[name] = Clock::now() + options.ban;
        drop(link, why);
    }

    void drop_silent(Clock::time_point now) {
        std::vector<LinkId> silent;
        for (const auto& [id, peer] : peers)
            if (!peer.hello && peer.opened + options.hello < now) silent.push_back(id);
        for (const LinkId id : silent) misbehaved(id, "it does not say who it is");
    }

    // Messages.

    void send(LinkId link, const Message& message) { transport.send(link, frame_of(message_text(message))); }

    milliseconds received(LinkId link, const std::string& text) {
        const auto found = peers.find(link);
        if (found == peers.end()) return milliseconds(0);
        Peer& peer = found->second;
        const Clock::time_point now = Clock::now();
        peer.heard = now;
        std::optional<Message> message;
        try {
            if (!peer.hello && text.size() > hello_bytes_max)
                throw base::Error(base::ErrorKind::failed, "it is too long for a hello");
            message = parse_message(text);
        } catch (const base::Error& error) {
            misbehaved(link, format("{} {}", error.message(), error.cause()));
            return milliseconds(0);
        }
        const milliseconds rest = peer.allowance.take(message ? cost_of(*message) : 1, now);
        if (message) guarded([&] { handle(peer, *std::move(message)); });
        return rest;
    }

    void handle(Peer& peer, Message message) {
        if (auto* hello = std::get_if<Hello>(&message)) return take(peer, std::move(*hello));
        if (const auto* bye = std::get_if<Bye>(&message)) return leave(peer, bye->reason);
        if (!peer.hello) return misbehaved(peer.link.id, "it does not say who it is first");
        if (const auto* status = std::get_if<Status>(&message)) return take(peer, *status);
        if (const auto* wanted = std::get_if<GetBlocks>(&message)) return serve(peer, *wanted);
        if (auto* answer = std::get_if<Blocks>(&message)) return fetch.received(peer, std::move(*answer));
        if (const auto* made = std::get_if<NewBlock>(&message)) return take(peer, made->block);
        if (const auto* made = std::get_if<NewTransaction>(&message)) return take(peer, made->transaction);
        if (std::holds_alternative<Ping>(message)) return send(peer.link.id, Pong{});
        if (const auto* twin = std::get_if<Twin>(&message)) return hear_of_twin(peer, *twin);
    }

    void leave(const Peer& peer, const std::string& reason) {
        log.limited("bye " + peer.link.name, format("{} at {} said goodbye: {}", printable(peer.link.name),
                                                    printable(peer.link.address), printable(reason)));
        const LinkId link = peer.link.id;
        transport.close(link);
        forget(link);
    }

    void take(Peer& peer, Hello hello) {
        const LinkId link = peer.link.id;
        if (hello.instance == instance) {
            dialler.is_ourselves(link);
            transport.close(link);
            return forget(link);
        }
        if (const std::string fault = hello_fault(peer, hello, options.network, options.genesis);
            !fault.empty())
            return misbehaved(link, fault);
        if (!hello.public_key.empty()) peer.validator = keys::address_of(hello.public_key);
        peer.status = {hello.height, hello.hash, hello.paused, hello.pause_sequence};
        peer.hello_at = Clock::now();
        peer.hello = std::move(hello);
        twins_found = false;
        dialler.reached(link, peer.identity());
        if (const LinkId superfluous = duplicate_of(peers, peer, options.name + " " + instance);
            superfluous != 0) {
            drop(superfluous, "there is a connection already");
            if (superfluous == link) return;
        }
        log.limited(
            "met " + peer.link.name,
            format("met {} at {}, {}height {}", printable(peer.link.name), printable(peer.link.address),
                   peer.validator.empty() ? std::string() : peer.validator + ", ", peer.status.height));
        // Whoever proves the same key shows by an answer that it is still there.
        for (const auto& [id, other] : peers)
            if (id != link && !peer.validator.empty() && other.validator == peer.validator) send(id, Ping{});
        for (const Transaction& transaction : port.pending(pending_told))
            send(link, NewTransaction{transaction});
        events.peers_changed();
    }

    void take(Peer& peer, const Status& status) {
        const bool changed = status.height != peer.status.height || status.paused != peer.status.paused ||
                             status.pause_sequence != peer.status.pause_sequence;
        peer.status = status;
        if (changed) events.peers_changed();
    }

    void serve(const Peer& peer, const GetBlocks& wanted) {
        send(peer.link.id,
             Blocks{wanted.id,
                    port.blocks_from(wanted.from, static_cast<std::size_t>(wanted.count), blocks_bytes_max)});
    }

    void take(Peer& peer, const Block& block) {
        const BlockHeader& header = block.header;
        peer.known.insert(header.hash);
        if (header.height > peer.status.height) {
            peer.status.height = header.height;
            peer.status.hash = header.hash;
        }
        if (seen.contains(header.hash)) return;
        const Taken taken = port.accept(block);
        if (taken.verdict == Verdict::refused)
            return misbehaved(peer.link.id, "it sent a block against the rules: " + taken.reason);
        if (taken.verdict == Verdict::unconnected) return fetch.look(Clock::now());
        if (taken.verdict != Verdict::paused) seen.insert(header.hash);
        if (taken.verdict != Verdict::accepted) return;
        pass_on(header.hash, NewBlock{block});
        tip_changed();
    }

    void take(Peer& peer, const Transaction& transaction) {
        peer.known.insert(transaction.hash);
        if (!seen.insert(transaction.hash)) return;
        // One that is refused may have been good a moment ago.
        if (port.add_transaction(transaction).verdict == Verdict::accepted)
            pass_on(transaction.hash, NewTransaction{transaction});
    }

    void pass_on(const chain::Hash& hash, const Message& message) {
        seen.insert(hash);
        Frame frame;
        for (auto& [id, peer] : peers) {
            if (!peer.hello || !peer.known.insert(hash)) continue;
            if (!frame) frame = frame_of(message_text(message));
            transport.send(id, frame);
        }
    }

    void tip_changed() {
        status_due = true;
        events.tip_changed();
    }

    void report(Clock::time_point now) {
        const ChainTip tip = port.tip();
        const Frame frame =
            frame_of(message_text(Status{tip.height, tip.hash, port.paused(), port.pause_sequence()}));
        for (const auto& [id, peer] : peers)
            if (peer.hello) transport.send(id, frame);
        told_at = now;
        status_due = false;
    }

    // Twins: two processes that prove the same key.

    void look_for_twins(Clock::time_point now) {
        // At once after somebody came: a twin signs as soon as it has listened for a while.
        if (twins_told + (twins_found ? options.status : twin_interval) > now) return;
        twins_told = now;
        twins_found = false;
        std::vector<LinkId> stale;
        for (const auto& [id, peer] : peers) {
            const Peer* twin = twin_of(peers, peer);
            if (!twin) continue;
            twins_found = true;
            log.limited("twin " + peer.validator,
                        format("the key of {} is used by more than one node, one of them {} at {}",
                               peer.validator, printable(peer.link.name), printable(peer.link.address)));
            send(id, Twin{hello_signed_text(*twin->hello, twin->link.binding, !twin->link.dialled),
                          twin->hello->signature});
            // What the elder signed before the younger began is no proof for that one: it has to sign again.
            if (twin->hello_at < peer.hello_at &&
                renewed.insert(crypto::sha256(base::as_bytes(peer.identity() + twin->identity()))))
                stale.push_back(twin->link.id);
        }
        for (const LinkId link : stale) drop(link, "its key has to be proved anew");
    }

    /// Taken only with what another process signed while this one ran: our signing stops over it.
    void hear_of_twin(const Peer& peer, const Twin& twin) {
        const auto origin = origin_of_hello(twin.signed_text);
        if (!options.signer || !origin || origin->instance == instance || origin->time < began) return;
        if (!crypto::verify_pkcs1_sha256(options.signer->public_key, base::as_bytes(twin.signed_text),
                                         twin.signature))
            return misbehaved(peer.link.id, "it tells of a twin without proof");
        log.limited("twin", format("{} says that another node uses our key", printable(peer.link.name)));
        twin_until = Clock::now() + 5 * options.status;
        events.peers_changed();
    }

    bool own_twin() const {
        if (validator.empty()) return false;
        return Clock::now() < twin_until || std::ranges::any_of(peers, [&](const auto& entry) {
                   return entry.second.hello && entry.second.validator == validator;
               });
    }

    EventLoop& loop;
    const PeersOptions options;
    PeerPort& port;
    EventLog& log;
    const PeersEvents events;
    const std::string instance;
    const base::UnixMs began = base::now_unix_ms();
    std::string validator;
    std::uint16_t port_number = 0;
    PeerTable peers;
    std::map<std::string, Clock::time_point> banned;  ///< by name
    Dialler dialler;
    BoundedHashSet seen{65536};
    BoundedHashSet renewed{1000};  ///< pairs of twins of which the elder had to come again
    BlockFetch fetch;
    Transport transport;
    Clock::time_point told_at{}, twins_told{}, twin_until{};
    bool twins_found = false;  ///< by the last look, and told
    bool status_due = false, stopping = false, claiming = port.claims_key();
    std::shared_ptr<int> life = std::make_shared<int>();
};

Peers::Peers(EventLoop& loop, PeersOptions options, const TlsIdentity& identity, PeerPort& port,
             EventLog& log, PeersEvents events)
    : state_(std::make_unique<State>(loop, std::move(options), identity, port, log, std::move(events))) {
    state_->begin();
}
Peers::~Peers() = default;

std::uint16_t Peers::listening_port() const {
    return state_->port_number;
}

std::vector<PeerInfo> Peers::list() const {
    return infos_of(state_->peers);
}

PeerView Peers::view() const {
    PeerView view;
    view.twin = state_->own_twin();
    for (const auto& [id, peer] : state_->peers) {
        if (!peer.hello) continue;
        view.best_height = std::max(view.best_height.value_or(-1), peer.status.height);
        view.pause_sequence = std::max(view.pause_sequence, peer.status.pause_sequence);
    }
    for (const std::string& address :
         awake_validators(state_->peers, state_->validator, state_->port.pause_sequence()))
        view.awake_stake_units += state_->port.active_stake_units(address);
    return view;
}

bool Peers::synced() const {
    return !state_->fetch.busy() && !state_->fetch.behind();
}

void Peers::broadcast(const Block& block) {
    state_->pass_on(block.header.hash, NewBlock{block});
    state_->status_due = true;
}

void Peers::broadcast(const Transaction& transaction) {
    state_->pass_on(transaction.hash, NewTransaction{transaction});
}

void Peers::tell_status() {
    state_->status_due = true;
}

void Peers::stop(const std::string& reason) {
    state_->stopping = true;
    state_->transport.stop_listening();
    for (const LinkId link : links_of(state_->peers)) state_->drop(link, reason);
}

}  // namespace bt2c::node
