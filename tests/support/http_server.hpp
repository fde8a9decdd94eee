#pragma once
// An HTTP server of a few lines that behaves as badly as a test wants.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "platform/file.hpp"

namespace bt2c::support {

/// Each connection is handled by `serve(socket, request)`, again for each request on it until it says false.
class HttpServer {
 public:
    using Serve = std::function<bool(int, const std::string&)>;
    explicit HttpServer(Serve serve) : serve_(std::move(serve)) {
        listener_ = platform::Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::listen(listener_.get(), 16) != 0 ||
            ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
            throw std::runtime_error("cannot listen");
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { run(); });
    }
    ~HttpServer() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }
    std::string url(const std::string& path = "/") const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    int connections() const { return connections_; }

 private:
    void run() {
        for (;;) {
            const platform::Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!client) return;
            ++connections_;
            timeval patience{.tv_sec = 5, .tv_usec = 0};
            ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
            for (std::string request; take(client.get(), request) && serve_(client.get(), request);)
                request.clear();
        }
    }
    static bool take(int client, std::string& request) {
        char buffer[4096];
        for (;;) {
            const ssize_t got = ::recv(client, buffer, sizeof buffer, 0);
            if (got <= 0) return false;
            request.append(buffer, static_cast<std::size_t>(got));
            const std::size_t end = request.find("\r\n\r\n");
            if (end == std::string::npos) continue;
            const std::size_t length = request.find("Content-Length: ");
            const std::size_t body = length < end ? std::stoul(request.substr(length + 16)) : 0;
            if (request.size() >= end + 4 + body) return true;
        }
    }

    Serve serve_;
    platform::Descriptor listener_;
    int port_ = 0;
    std::thread thread_;
    std::atomic<int> connections_{0};
};

inline bool say(int socket, std::string_view text) {
    while (!text.empty()) {
        const ssize_t put = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
        if (put <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
}
inline bool answer(int socket, const std::string& status, const std::string& body) {
    return say(socket, "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
                           "\r\n\r\n" + body);
}

}  // namespace bt2c::support
