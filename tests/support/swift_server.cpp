#include "support/swift_server.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "base/error.hpp"
#include "platform/http.hpp"
#include "platform/process.hpp"

namespace bt2c::support {
namespace {

using namespace std::chrono_literals;

constexpr std::array<const char*, 3> kinds{"account", "container", "object"};

/// One ring of one device for each server.
constexpr const char* make_rings = R"(
import sys
from swift.common.ring import RingBuilder
folder, ports = sys.argv[1], sys.argv[2:]
for kind, port in zip(("account", "container", "object"), ports):
    ring = RingBuilder(4, 1, 1)
    ring.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1, "ip": "127.0.0.1", "port": int(port), "device": "d1"})
    ring.rebalance()
    ring.get_ring().save(folder + "/" + kind + ".ring.gz")
)";

constexpr const char* proxy_configuration = R"(
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck proxy-logging cache listing_formats bulk s3api tempauth symlink slo dlo versioned_writes proxy-logging proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
error_suppression_limit = 1000000
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
max_bucket_listing = 20
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:proxy-logging]
use = egg:swift#proxy_logging
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:symlink]
use = egg:swift#symlink
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
[filter:cache]
use = egg:swift#memcache
)";

/// Status 0 where nobody answers.
platform::HttpResponse answer_of(int port, const std::string& path, const std::vector<std::string>& headers) {
    try {
        return platform::HttpClient().send(
            {.url = "http://127.0.0.1:" + std::to_string(port) + path, .headers = headers});
    } catch (const base::Error&) {
        return {};
    }
}

}  // namespace

bool swift_is_installed() {
    return platform::run_and_capture(
               {"sh", "-c",
                "for p in swift-proxy-server swift-account-server swift-container-server "
                "swift-object-server memcached; do command -v $p || exit 1; done"},
               4096, 10'000)
               .status == 0;
}

SwiftServer::SwiftServer() : ports_(free_ports(5)) {
    write_configuration();
    const std::string folder = folder_.path().native();
    // The system's own Python: the rings' code comes with Debian's packages.
    std::vector<std::string> rings{"/usr/bin/python3", "-c", make_rings, folder};
    for (std::size_t i = 0; i < kinds.size(); ++i) rings.push_back(std::to_string(ports_[i + 1]));
    if (platform::run_and_capture(rings, 1 << 20, 60'000).status != 0)
        throw std::runtime_error("Swift's rings cannot be made");
    servers_.emplace_back(std::vector<std::string>{"memcached", "-l", "127.0.0.1", "-U", "0", "-p",
                                                   std::to_string(ports_[4]), "-u", platform::user_name()},
                          folder_ / "memcached.log");
    const auto start = [&](const std::string& kind) {
        servers_.emplace_back(
            std::vector<std::string>{"swift-" + kind + "-server", folder + "/" + kind + ".conf"},
            folder_ / (kind + ".log"));
    };
    for (const char* kind : kinds) start(kind);
    start("proxy");
    // The proxy does not ask a server again for a minute that was not there when it asked.
    for (const std::size_t server : {1U, 2U, 3U, 0U})
        wait_until([&] { return answer_of(ports_[server], "/healthcheck", {}).status != 0; });
    // An account that is not there yet is made by all of them together.
    wait_until([&] {
        const auto token =
            answer_of(ports_[0], "/auth/v1.0",
                      {std::string("X-Auth-User: ") + access_key, std::string("X-Auth-Key: ") + secret_key});
        return answer_of(ports_[0], "/v1/AUTH_test", {"X-Auth-Token: " + token.header("x-auth-token")})
                       .status /
                   100 ==
               2;
    });
}

void SwiftServer::wait_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!done()) {
        for (ServerProcess& server : servers_)
            if (!server.runs()) throw std::runtime_error("Swift has ended: " + all_logs());
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error("Swift does not answer: " + all_logs());
        std::this_thread::sleep_for(50ms);
    }
}

void SwiftServer::write_configuration() const {
    const std::string folder = folder_.path().native();
    fs::create_directories(folder_ / "devices" / "d1");
    folder_.write("swift.conf",
                  "[swift-hash]\nswift_hash_path_prefix = test\nswift_hash_path_suffix = test\n"
                  "[storage-policy:0]\nname = one\ndefault = yes\n");
    const auto common = [&](int port) {
        return "[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = " + std::to_string(port) +
               "\nworkers = 0\nswift_dir = " + folder + "\nuser = " + platform::user_name() +
               "\ndevices = " + folder + "/devices\nmount_check = false\n";
    };
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        const std::string kind = kinds[i];
        // A busy machine must not make an update of a listing late: nobody would make it up here.
        folder_.write(kind + ".conf",
                      common(ports_[i + 1]) + "container_update_timeout = 30\n[pipeline:main]\npipeline = " +
                          kind + "-server\n[app:" + kind + "-server]\nuse = egg:swift#" + kind + "\n");
    }
    folder_.write("proxy.conf", common(ports_[0]) + proxy_configuration +
                                    "memcache_servers = 127.0.0.1:" + std::to_string(ports_[4]) + "\n");
}

std::string SwiftServer::all_logs() const {
    std::string logs;
    for (const std::string name : {"memcached", "account", "container", "object", "proxy"}) {
        const std::string log = file_text(folder_ / (name + ".log"));
        logs += "\n" + name + ": " + log.substr(log.size() - std::min<std::size_t>(log.size(), 1000));
    }
    return logs;
}

}  // namespace bt2c::support
