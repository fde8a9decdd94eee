#include "node/transport.hpp"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/tls_binding.hpp"

namespace bt2c::node {
namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

class Connection;
using ConnectionPointer = std::shared_ptr<Connection>;

/// What connections know of the transport that they belong to.
struct Owner {
    virtual ~Owner() = default;
    virtual void opened(Connection& connection) = 0;
    virtual milliseconds received(LinkId id, std::string contents) = 0;
    /// `opened`: whether opened() was called for it.
    virtual void ended(Connection& connection, bool opened, const std::string& why) = 0;
    TransportLimits limits;
};

std::string address_of(const tcp::endpoint& endpoint) {
    const std::string host = endpoint.address().to_string();
    return endpoint.address().is_v6() ? base::format("[{}]:{}", host, endpoint.port())
                                      : base::format("{}:{}", host, endpoint.port());
}

class Connection : public std::enable_shared_from_this<Connection> {
 public:
    Connection(asio::io_context& io, ssl::context& tls, Owner& owner, LinkId id, bool dialled)
        : stream_(io, tls), read_timer_(io), write_timer_(io), owner_(&owner), id_(id), dialled_(dialled) {}

    LinkId id() const { return id_; }
    bool dialled() const { return dialled_; }
    bool proved() const { return stage_ != Stage::handshake; }
    const std::string& address() const { return address_; }
    const std::string& host() const { return host_; }
    tcp::socket& socket() { return stream_.next_layer(); }
    ssl_st* tls() { return stream_.native_handle(); }

    void take(tcp::socket accepted) {
        socket() = std::move(accepted);
        begin_timer();
        shake_hands();
    }

    void dial(const std::shared_ptr<tcp::resolver>& resolver, const std::string& host, std::uint16_t port) {
        address_ = base::format("{}:{}", host, port);
        begin_timer();
        resolver->async_resolve(host, std::to_string(port),
                                [self = shared_from_this(), resolver](
                                    const error_code& error, const tcp::resolver::results_type& results) {
                                    if (error) return self->end("its name is not known: " + error.message());
                                    self->connect(results);
                                });
    }

    void send(const Frame& frame) {
        if (stage_ != Stage::open) return;
        queued_ += frame->size();
        queue_.push_back(frame);
        if (queued_ > owner_->limits.queue_bytes)
            // Not from within a call of the owner, which may be going through its links.
            return asio::post(stream_.get_executor(),
                              [self = shared_from_this()] { self->end("it reads too slowly"); });
        if (queue_.size() == 1) write_next();
    }

    /// Lets what is queued go out, and ends without telling.
    void close_softly() {
        if (stage_ != Stage::open) return abandon();
        stage_ = Stage::closing;
        owner_ = nullptr;
        expire(read_timer_, milliseconds(1000), "");
        if (queue_.empty()) half_close();
    }

    /// Ends without telling.
    void abandon() {
        owner_ = nullptr;
        stage_ = Stage::closed;
        error_code ignored;
        read_timer_.cancel(ignored);
        write_timer_.cancel(ignored);
        socket().close(ignored);
    }

 private:
    enum class Stage { handshake, open, closing, closed };

    void expire(asio::steady_timer& timer, milliseconds delay, std::string why) {
        timer.expires_after(delay);
        timer.async_wait([self = shared_from_this(), why = std::move(why)](const error_code& error) {
            if (!error) self->end(why);
        });
    }
    void begin_timer() {
        error_code ignored;
        const tcp::endpoint remote = socket().remote_endpoint(ignored);
        if (!ignored) {
            address_ = address_of(remote);
            host_ = remote.address().to_string();
        }
        expire(read_timer_, owner_->limits.handshake, "it takes too long");
    }

    void connect(const tcp::resolver::results_type& results) {
        if (!owner_) return;
        asio::async_connect(socket(), results,
                            [self = shared_from_this()](const error_code& error, const tcp::endpoint&) {
                                if (error) return self->end(error.message());
                                self->shake_hands();
                            });
    }

    void shake_hands() {
        if (!owner_) return;
        error_code ignored;
        socket().set_option(tcp::no_delay(true), ignored);
        stream_.async_handshake(dialled_ ? ssl::stream_base::client : ssl::stream_base::server,
                                [self = shared_from_this()](const error_code& error) {
                                    if (error) return self->end(self->handshake_fault(error));
                                    if (!self->owner_) return;
                                    self->stage_ = Stage::open;
                                    self->owner_->opened(*self);
                                    self->read_header();
                                });
    }

    std::string handshake_fault(const error_code& error) {
        const std::string refusal = crypto::tls_refusal(tls());
        if (!refusal.empty()) return refusal;
        if (error == asio::error::eof || error == ssl::error::stream_truncated ||
            error == asio::error::connection_reset)
            return "it hung up during the handshake";
        return base::format("the TLS handshake failed: {}", error.message());
    }

    void read_header() {
        if (stage_ != Stage::open) return;
        expire(read_timer_, owner_->limits.idle, "nothing whole came from it for too long");
        asio::async_read(stream_, asio::buffer(header_),
                         [self = shared_from_this()](const error_code& error, std::size_t) {
                             if (error) return self->read_failed(error);
                             self->read_body();
                         });
    }

    void read_body() {
        if (stage_ != Stage::open) return;
        wanted_ = base::get_be<std::uint32_t>(header_.data());
        if (wanted_ == 0 || wanted_ > owner_->limits.frame_bytes)
            return end(base::format("it sent a message of {} bytes", wanted_));
        body_.clear();
        read_piece();
    }

    /// In pieces, so that a length alone claims no memory.
    void read_piece() {
        constexpr std::size_t piece = 256U << 10;
        const std::size_t have = body_.size();
        const std::size_t more = std::min(piece, wanted_ - have);
        body_.resize(have + more);
        asio::async_read(stream_, asio::buffer(body_.data() + have, more),
                         [self = shared_from_this()](const error_code& error, std::size_t) {
                             if (error) return self->read_failed(error);
                             if (self->stage_ != Stage::open) return;
                             if (self->body_.size() < self->wanted_) return self->read_piece();
                             self->deliver();
                         });
    }

    void deliver() {
        const milliseconds rest = owner_->received(id_, std::exchange(body_, {}));
        if (stage_ != Stage::open) return;
        if (rest.count() <= 0) return read_header();
        read_timer_.expires_after(rest);
        read_timer_.async_wait([self = shared_from_this()](const error_code& error) {
            if (!error) self->read_header();
        });
    }

    void read_failed(const error_code& error) {
        const bool gone = error == asio::error::eof || error == ssl::error::stream_truncated ||
                          error == asio::error::connection_reset;
        end(gone ? "it hung up" : error.message());
    }

    void write_next() {
        expire(write_timer_, owner_ ? owner_->limits.idle : milliseconds(1000), "it reads too slowly");
        asio::async_write(
            stream_, asio::buffer(*queue_.front()),
            [self = shared_from_this()](const error_code& error, std::size_t) { self->written(error); });
    }

    void written(const error_code& error) {
        if (stage_ == Stage::closed) return;
        if (error) return end("it hung up");
        queued_ -= queue_.front()->size();
        queue_.pop_front();
        error_code ignored;
        write_timer_.cancel(ignored);
        if (!queue_.empty())
            write_next();
        else if (stage_ == Stage::closing)
            half_close();
    }

    /// The other side reads all and then the end; closing at once could take from it what it has not read.
    void half_close() {
        error_code ignored;
        socket().shutdown(tcp::socket::shutdown_send, ignored);
        expire(read_timer_, milliseconds(200), "");
    }

    void end(const std::string& why) {
        if (stage_ == Stage::closed) return;
        const ConnectionPointer self = shared_from_this();
        Owner* owner = owner_;
        const bool was_open = stage_ == Stage::open;
        abandon();
        if (owner) owner->ended(*this, was_open, why);
    }

    ssl::stream<tcp::socket> stream_;
    asio::steady_timer read_timer_, write_timer_;
    Owner* owner_;
    const LinkId id_;
    const bool dialled_;
    Stage stage_ = Stage::handshake;
    std::string address_, host_;
    std::array<std::uint8_t, 4> header_{};
    std::size_t wanted_ = 0;
    std::string body_;
    std::deque<Frame> queue_;
    std::size_t queued_ = 0;
};

}  // namespace

Frame frame_of(std::string_view contents) {
    std::string frame;
    frame.reserve(contents.size() + 4);
    for (int shift = 24; shift >= 0; shift -= 8)
        frame += static_cast<char>(static_cast<std::uint8_t>(contents.size() >> shift));
    frame += contents;
    return std::make_shared<const std::string>(std::move(frame));
}

struct Transport::State final : Owner, std::enable_shared_from_this<State> {
    State(asio::io_context& context, const TlsIdentity& identity) : io(context), tls(ssl::context::tlsv13) {
        crypto::restrict_tls(tls.native_handle());
        tls.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
        const auto use = [&](const char* what, auto&& function) {
            error_code error;
            function(error);
            if (error)
                throw base::Error(base::ErrorKind::failed, base::format("cannot use {}", what))
                    .cause(error.message());
        };
        use("the certificate of the network's authority",
            [&](error_code& e) { tls.add_certificate_authority(asio::buffer(identity.authority), e); });
        use("the node's certificate",
            [&](error_code& e) { tls.use_certificate_chain(asio::buffer(identity.certificate), e); });
        use("the private key of the node's certificate", [&](error_code& e) {
            tls.use_private_key(asio::const_buffer(identity.key.data(), identity.key.size()),
                                ssl::context::pem, e);
        });
    }

    void accept() {
        acceptor->async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
            if (!self->acceptor) return;
            if (!error) self->take(std::move(socket));
            // Out of descriptors, most likely: waiting frees some, asking at once would spin.
            if (error) {
                self->retry.expires_after(milliseconds(100));
                self->retry.async_wait([self](const error_code& stopped) {
                    if (!stopped && self->acceptor) self->accept();
                });
            } else {
                self->accept();
            }
        });
    }

    void take(tcp::socket socket) {
        error_code ignored;
        const tcp::endpoint remote = socket.remote_endpoint(ignored);
        if (ignored) return;
        const std::string host = remote.address().to_string();
        std::size_t unproved = 0, from_there = 0;
        for (const auto& [id, link] : links)
            if (!link->dialled() && !link->proved()) {
                ++unproved;
                from_there += link->host() == host ? 1U : 0U;
            }
        if (links.size() >= limits.links || unproved >= limits.unproved ||
            from_there >= limits.unproved_per_host)
            return events.failed(0, address_of(remote), "there are too many connections");
        const auto link = std::make_shared<Connection>(io, tls, *this, ++last_id, false);
        links.emplace(link->id(), link);
        link->take(std::move(socket));
    }

    void opened(Connection& link) override {
        events.opened({link.id(), link.dialled(), link.address(), crypto::tls_peer_name(link.tls()),
                       crypto::tls_channel_binding(link.tls())});
    }
    milliseconds received(LinkId id, std::string contents) override {
        return events.received(id, std::move(contents));
    }
    void ended(Connection& link, bool was_open, const std::string& why) override {
        links.erase(link.id());
        if (was_open)
            events.closed(link.id(), why);
        else
            events.failed(link.dialled() ? link.id() : 0, link.address(), why);
    }

    asio::io_context& io;
    ssl::context tls;
    TransportEvents events;
    std::optional<tcp::acceptor> acceptor;
    asio::steady_timer retry{io};
    std::map<LinkId, ConnectionPointer> links;
    LinkId last_id = 0;
};

Transport::Transport(EventLoop& loop, const TlsIdentity& identity, TransportLimits limits,
                     TransportEvents events)
    : state_(std::make_shared<State>(loop.context(), identity)) {
    state_->limits = limits;
    state_->events = std::move(events);
}

Transport::~Transport() {
    stop_listening();
    for (const auto& [id, link] : std::exchange(state_->links, {})) link->abandon();
}

std::uint16_t Transport::listen(const std::string& host, std::uint16_t port) {
    error_code error;
    const auto address = asio::ip::make_address(host, error);
    tcp::acceptor acceptor(state_->io);
    const tcp::endpoint endpoint(address, port);
    if (!error) acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error)
        throw base::Error(base::ErrorKind::failed,
                          base::format("cannot listen on {} port {}", base::printable(host), port))
            .cause(error.message());
    const std::uint16_t bound = acceptor.local_endpoint().port();
    state_->acceptor.emplace(std::move(acceptor));
    state_->accept();
    return bound;
}

void Transport::stop_listening() {
    state_->acceptor.reset();
    state_->retry.cancel();
}

LinkId Transport::dial(const std::string& host, std::uint16_t port) {
    const auto link = std::make_shared<Connection>(state_->io, state_->tls, *state_, ++state_->last_id, true);
    state_->links.emplace(link->id(), link);
    link->dial(std::make_shared<tcp::resolver>(state_->io), host, port);
    return link->id();
}

void Transport::send(LinkId link, const Frame& frame) {
    if (const auto found = state_->links.find(link); found != state_->links.end()) found->second->send(frame);
}

void Transport::close(LinkId link) {
    if (const auto found = state_->links.find(link); found != state_->links.end()) {
        const ConnectionPointer connection = found->second;
        state_->links.erase(found);
        connection->close_softly();
    }
}

}  // namespace bt2c::node
