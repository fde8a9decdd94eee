#include "platform/tcp.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <sstream>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "platform/process.hpp"

namespace bt2c::platform {

using base::Error;
using base::ErrorKind;
using base::format;

namespace {

constexpr std::size_t addresses_max = 8;
constexpr int connect_turn_ms = 100;

struct AddressList {
    explicit AddressList(const std::string& address, int port) {
        addrinfo wanted{};
        wanted.ai_socktype = SOCK_STREAM;
        wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
        if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &wanted, &first) != 0)
            first = nullptr;
    }
    ~AddressList() {
        if (first) ::freeaddrinfo(first);
    }
    AddressList(const AddressList&) = delete;
    AddressList& operator=(const AddressList&) = delete;
    addrinfo* first = nullptr;
};

/// Names that cannot be taken for an option or for several words.
bool is_host_name(const std::string& host) {
    return !host.empty() && host.size() <= 255 && host[0] != '-' && std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::strchr(".-_:%", c);
    });
}

/// Connects to one numeric address; 0, or the error number.
int try_connect(const std::string& address, int port, int timeout_ms, Descriptor& socket) {
    const AddressList list(address, port);
    if (!list.first) return EADDRNOTAVAIL;
    socket = Descriptor(::socket(list.first->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return errno;
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket.get(), list.first->ai_addr, list.first->ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    const base::Stopwatch watch;
    for (;;) {
        base::throw_if_interrupted();
        pollfd waiting{.fd = socket.get(), .events = POLLOUT, .revents = 0};
        if (::poll(&waiting, 1, connect_turn_ms) > 0) {
            int error = 0;
            socklen_t size = sizeof error;
            ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
            return error;
        }
        if (watch.seconds() * 1000 > timeout_ms) return ETIMEDOUT;
    }
}

}  // namespace

std::vector<std::string> addresses_of(const std::string& host, int timeout_ms) {
    const std::string what = format("cannot find the host '{}'", base::printable(host));
    if (!is_host_name(host))
        throw Error(ErrorKind::failed, what).cause("that is no name of a host").hint("correct its name");
    if (AddressList(host, 0).first) return {host};
    ChildResult result;
    try {
        result = run_and_capture({"getent", "ahosts", host}, std::size_t{64} << 10, timeout_ms);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        throw Error(ErrorKind::failed, what)
            .cause(format("no name server answered within {}", base::human_duration(timeout_ms / 1000.0)))
            .hint("check this machine's network and /etc/resolv.conf, or give the host's address");
    }
    std::vector<std::string> found;
    std::istringstream lines{std::string(base::as_text(result.output))};
    for (std::string line; std::getline(lines, line) && found.size() < addresses_max;) {
        const std::string address = line.substr(0, line.find(' '));
        if (std::ranges::find(found, address) == found.end()) found.push_back(address);
    }
    if (result.status != 0 || found.empty())
        throw Error(ErrorKind::failed, what)
            .cause("its name has no address, or no name server could be asked")
            .hint("check the name, and that this machine's network is up");
    return found;
}

Descriptor connect_tcp(const std::string& host, int port, int timeout_ms) {
    const base::Stopwatch watch;
    const auto left_ms = [&] { return timeout_ms - static_cast<int>(watch.seconds() * 1000); };
    const std::vector<std::string> addresses = addresses_of(host, timeout_ms);
    int error = ETIMEDOUT;
    for (std::size_t i = 0; i < addresses.size() && left_ms() > 0; ++i) {
        Descriptor socket;
        const int share = std::max(1, left_ms() / static_cast<int>(addresses.size() - i));
        error = try_connect(addresses[i], port, share, socket);
        if (error == 0) return socket;
    }
    Error failure(ErrorKind::failed, format("cannot connect to {} port {}", base::printable(host), port));
    if (error == ETIMEDOUT)
        failure.cause(format("no answer within {}", base::human_duration(timeout_ms / 1000.0)))
            .hint("check that the server is up, and that no firewall is between");
    else
        failure.cause(std::strerror(error));
    if (error == ECONNREFUSED) failure.hint("check that the server runs, and the port");
    throw failure;
}

Descriptor connect_unix(const fs::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.native().size() >= sizeof address.sun_path) return {};
    std::memcpy(address.sun_path, path.c_str(), path.native().size());
    // Without waiting: whose queue is full does not answer soon either.
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket ||
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::fcntl(socket.get(), F_SETFL, 0) != 0)
        return {};
    return socket;
}

void wait_for_socket(int fd, bool writable, int timeout_ms) {
    const auto events = static_cast<short>(writable ? POLLIN | POLLOUT : POLLIN);
    pollfd waiting{.fd = fd, .events = events, .revents = 0};
    ::poll(&waiting, 1, timeout_ms);
}

std::size_t unacknowledged_bytes(int fd) {
    int bytes = 0;
    return ::ioctl(fd, SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

void shut_down(int fd) noexcept {
    ::shutdown(fd, SHUT_RDWR);
}

Descriptor duplicate(int fd) {
    Descriptor copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!copy) throw base::system_error("cannot duplicate a descriptor", errno);
    return copy;
}

}  // namespace bt2c::platform
