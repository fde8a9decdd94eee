#pragma once
// A small HTTP/1.1 server: bounded, time-limited, on the node's loop.

#include <functional>
#include <memory>
#include <string>

#include "node/event_loop.hpp"

namespace bt2c::node {

struct HttpRequest {
    std::string method;  ///< "GET"
    std::string path;    ///< without what follows a '?'
    std::string body;
};
struct HttpAnswer {
    unsigned status = 200;
    std::string body;
    std::string type = "application/json";
    std::string allow{};  ///< of 405: the methods that may be used (RFC 9110, 15.5.6)
};

struct HttpLimits {
    std::size_t connections = 64;
    std::size_t header_bytes = 8192, body_bytes = 65'536;
    std::chrono::milliseconds patience{10'000};  ///< for a whole request, and for a whole answer
};

class HttpServer {
 public:
    using Handler = std::function<HttpAnswer(const HttpRequest&)>;
    /// Listens at once; `port` 0 takes any. The handler is called on the loop's thread; what it throws
    /// becomes an answer of status 500. Throws Error(failed) when the address is not to be had.
    HttpServer(EventLoop& loop, const std::string& host, std::uint16_t port, HttpLimits limits,
               Handler handler);
    /// Connections are closed.
    ~HttpServer();
    std::uint16_t port() const;

 private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace bt2c::node
