#include "support/tcp_relay.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <stdexcept>
#include <utility>

#include "platform/tcp.hpp"

namespace bt2c::support {

TcpRelay::TcpRelay(int target_port) : target_port_(target_port) {
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
    thread_ = std::thread([this] { listen(); });
}

TcpRelay::~TcpRelay() {
    done_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
    for (std::thread& carrier : carriers_) carrier.join();
}

void TcpRelay::cut_upload_at(std::uint64_t byte) {
    up_.carried = 0;
    up_.cut_at = byte;
}
void TcpRelay::cut_download_at(std::uint64_t byte) {
    down_.carried = 0;
    down_.cut_at = byte;
}

void TcpRelay::listen() {
    for (;;) {
        platform::Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!client) return;
        ++connections_;
        carriers_.emplace_back([this, fd = client.release()] { carry(platform::Descriptor(fd)); });
    }
}

void TcpRelay::carry(platform::Descriptor client) {
    const platform::Descriptor server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(target_port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return;
    std::uint64_t up_left = each_upload_, down_left = UINT64_MAX;
    while (!done_) {
        pollfd both[2] = {{client.get(), POLLIN, 0}, {server.get(), POLLIN, 0}};
        if (::poll(both, 2, 50) <= 0) continue;
        if (both[0].revents != 0 && !hand_on(client.get(), server.get(), up_, up_left)) return;
        if (both[1].revents != 0 && !hand_on(server.get(), client.get(), down_, down_left)) return;
    }
}

bool TcpRelay::hand_on(int from, int to, Direction& direction, std::uint64_t& left) {
    char buffer[4096];
    const ssize_t got = ::recv(from, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    auto size = static_cast<std::uint64_t>(got);
    const bool cut = direction.carried + size > direction.cut_at;
    if (cut) size = direction.cut_at - direction.carried;
    const bool spent = size > left;
    if (spent) size = left;
    left -= size;
    for (std::uint64_t sent = 0; sent < size;) {
        const ssize_t put = ::send(to, buffer + sent, size - sent, MSG_NOSIGNAL);
        if (put <= 0) return false;
        sent += static_cast<std::uint64_t>(put);
    }
    direction.carried += size;
    if (cut) direction.cut_at = UINT64_MAX;
    return !cut && !spent;
}

}  // namespace bt2c::support
