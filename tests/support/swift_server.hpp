#pragma once
// A real OpenStack Swift that speaks S3, on free ports of the loopback, with its data in a folder of its own.

#include <functional>
#include <string>
#include <vector>

#include "support/server_process.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::support {

/// Whether all its servers and memcached are installed.
bool swift_is_installed();

/// One proxy, one account, container and object server, one device. Buckets are in path style, the region is
/// us-east-1,
/// lists have pages of 20. It has no object lock.
class SwiftServer {
 public:
    /// Waits until it answers; throws std::runtime_error when it does not.
    SwiftServer();
    SwiftServer(const SwiftServer&) = delete;
    SwiftServer& operator=(const SwiftServer&) = delete;

    int port() const { return ports_[0]; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
    static constexpr const char* access_key = "test:tester";
    static constexpr const char* secret_key = "testing";

 private:
    void write_configuration() const;
    void wait_until(const std::function<bool()>& done);
    std::string all_logs() const;

    TemporaryFolder folder_;
    std::vector<int> ports_;  ///< proxy, account, container, object, memcached
    std::vector<ServerProcess> servers_;
};

}  // namespace bt2c::support
