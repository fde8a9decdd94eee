#pragma once
// A network in between that can be cut at any byte.

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "platform/file.hpp"

namespace bt2c::support {

/// Listens on a free port of the loopback and hands what comes to another port of it, and back.
class TcpRelay {
 public:
    explicit TcpRelay(int target_port);
    ~TcpRelay();
    TcpRelay(const TcpRelay&) = delete;
    TcpRelay& operator=(const TcpRelay&) = delete;

    int port() const { return port_; }
    /// Cuts the connection that carries the byte with this number, counted over all connections in one
    /// direction from now on; then nothing is cut any more.
    void cut_upload_at(std::uint64_t byte);
    void cut_download_at(std::uint64_t byte);
    /// Cuts every connection that is made from now on after so many bytes of upload.
    void cut_each_upload_after(std::uint64_t bytes) { each_upload_ = bytes; }
    /// Bytes carried since the last of the calls above.
    std::uint64_t uploaded() const { return up_.carried; }
    std::uint64_t downloaded() const { return down_.carried; }
    int connections() const { return connections_; }

 private:
    struct Direction {
        std::atomic<std::uint64_t> carried = 0;
        std::atomic<std::uint64_t> cut_at = UINT64_MAX;
    };
    void listen();
    void carry(platform::Descriptor client);
    /// `left`: what this connection may carry still.
    static bool hand_on(int from, int to, Direction& direction, std::uint64_t& left);

    int target_port_, port_ = 0;
    platform::Descriptor listener_;
    Direction up_, down_;
    std::atomic<std::uint64_t> each_upload_ = UINT64_MAX;
    std::atomic<int> connections_ = 0;
    std::atomic<bool> done_ = false;
    std::vector<std::thread> carriers_;
    std::thread thread_;
};

}  // namespace bt2c::support
