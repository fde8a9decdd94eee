#include "node/http_server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <set>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace bt2c::node {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {
class Session;
}

struct HttpServer::State : std::enable_shared_from_this<State> {
    State(asio::io_context& context, HttpLimits wanted, Handler handling)
        : io(context), limits(wanted), handler(std::move(handling)), acceptor(context), retry(context) {}
    void accept();

    asio::io_context& io;
    const HttpLimits limits;
    const Handler handler;
    tcp::acceptor acceptor;
    asio::steady_timer retry;
    std::uint16_t port = 0;
    bool stopped = false;
    std::set<std::shared_ptr<Session>> sessions;
};

namespace {

HttpAnswer error_answer(unsigned status, const std::string& what) {
    return {status, base::Json::object({{"status", "error"}, {"error", what}}).dump()};
}

class Session : public std::enable_shared_from_this<Session> {
 public:
    Session(tcp::socket socket, const HttpLimits& limits, const HttpServer::Handler& handler,
            std::function<void(const std::shared_ptr<Session>&)> ended)
        : stream_(std::move(socket)),
          buffer_(limits.header_bytes + limits.body_bytes),
          limits_(limits),
          handler_(handler),
          ended_(std::move(ended)) {}

    void read() {
        parser_.emplace();
        parser_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
        parser_->body_limit(limits_.body_bytes);
        stream_.expires_after(limits_.patience);
        http::async_read(
            stream_, buffer_, *parser_,
            [self = shared_from_this()](const error_code& error, std::size_t) { self->have_read(error); });
    }

    void close() {
        closed_ = true;
        stream_.close();
    }

 private:
    void have_read(const error_code& error) {
        if (closed_) return;
        if (error == http::error::header_limit)
            return answer(error_answer(431, "the header is too long"), false);
        if (error == http::error::body_limit) return answer(error_answer(413, "the body is too long"), false);
        if (error == http::error::end_of_stream || error == beast::error::timeout || !is_http(error))
            return end();
        if (error) return answer(error_answer(400, "this is no HTTP request"), false);
        const auto& message = parser_->get();
        const std::string target(message.target());
        // The answer to HEAD is that to GET without its body (RFC 9110, 9.3.2).
        const bool head = message.method() == http::verb::head;
        const HttpRequest request{head ? "GET" : std::string(message.method_string()),
                                  target.substr(0, target.find('?')), message.body()};
        HttpAnswer made;
        try {
            made = handler_(request);
        } catch (const base::Error& fault) {
            made = error_answer(500, fault.message());
        }
        answer(std::move(made), message.keep_alive(), head);
    }

    /// No error at all, or one of the text and not of the connection.
    static bool is_http(const error_code& error) {
        return !error || error.category() == http::make_error_code(http::error::bad_method).category();
    }

    void answer(HttpAnswer made, bool keep_alive, bool head = false) {
        response_ = {};
        response_.result(made.status);
        response_.version(11);
        response_.set(http::field::content_type, made.type);
        response_.set(http::field::cache_control, "no-store");
        if (!made.allow.empty()) response_.set(http::field::allow, made.allow);
        response_.keep_alive(keep_alive);
        response_.body() = std::move(made.body);
        response_.prepare_payload();
        if (head) response_.body().clear();  // its length stays told
        stream_.expires_after(limits_.patience);
        http::async_write(stream_, response_,
                          [self = shared_from_this(), keep_alive](const error_code& error, std::size_t) {
                              if (self->closed_) return;
                              if (error || !keep_alive) return self->end();
                              self->read();
                          });
    }

    void end() {
        if (closed_) return;
        error_code ignored;
        stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
        close();
        ended_(shared_from_this());
    }

    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
    const HttpLimits& limits_;
    const HttpServer::Handler& handler_;
    const std::function<void(const std::shared_ptr<Session>&)> ended_;
    bool closed_ = false;
};

}  // namespace

void HttpServer::State::accept() {
    acceptor.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
        if (self->stopped) return;
        if (error) {
            // Out of descriptors, most likely: waiting frees some, asking at once would spin.
            self->retry.expires_after(std::chrono::milliseconds(100));
            self->retry.async_wait([self](const error_code& stop) {
                if (!stop && !self->stopped) self->accept();
            });
            return;
        }
        if (self->sessions.size() < self->limits.connections) {
            const auto session = std::make_shared<Session>(
                std::move(socket), self->limits, self->handler,
                [weak = std::weak_ptr<State>(self)](const std::shared_ptr<Session>& ended) {
                    if (const auto state = weak.lock()) state->sessions.erase(ended);
                });
            self->sessions.insert(session);
            session->read();
        }
        self->accept();
    });
}

HttpServer::HttpServer(EventLoop& loop, const std::string& host, std::uint16_t port, HttpLimits limits,
                       Handler handler)
    : state_(std::make_shared<State>(loop.context(), limits, std::move(handler))) {
    error_code error;
    const auto address = asio::ip::make_address(host, error);
    const tcp::endpoint endpoint(address, port);
    tcp::acceptor& acceptor = state_->acceptor;
    if (!error) acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error)
        throw base::Error(base::ErrorKind::failed,
                          base::format("cannot listen on {} port {} for HTTP", base::printable(host), port))
            .cause(error.message());
    state_->port = acceptor.local_endpoint().port();
    state_->accept();
}

HttpServer::~HttpServer() {
    state_->stopped = true;
    error_code ignored;
    state_->acceptor.close(ignored);
    state_->retry.cancel();
    for (const auto& session : std::exchange(state_->sessions, {})) session->close();
}

std::uint16_t HttpServer::port() const {
    return state_->port;
}

}  // namespace bt2c::node
