// A real Swift and a real sshd for a scenario, until the standard input ends.
//
// Prints one line of JSON: how to reach them. Then obeys lines, and answers each with "done": "freeze",
// "thaw", "kill" and "start", all of them for the sshd. Ends with 77 where the servers are not installed.

#include <iostream>
#include <string>

#include "base/json.hpp"
#include "support/sshd_server.hpp"
#include "support/swift_server.hpp"

using bt2c::base::Json;
using bt2c::support::SshdServer;
using bt2c::support::SwiftServer;

int main() {
    if (!bt2c::support::swift_is_installed() || !bt2c::support::sshd_is_installed()) {
        std::cerr << "skipped: Swift or sshd is not installed\n";
        return 77;
    }
    SwiftServer swift;
    SshdServer sshd;
    std::cout << Json::object({{"s3", swift.url()},
                               {"access_key", SwiftServer::access_key},
                               {"secret_key", SwiftServer::secret_key},
                               {"port", sshd.port()},
                               {"user", sshd.user()},
                               {"key", sshd.key().native()},
                               {"known_hosts", sshd.known_hosts().native()}})
                     .dump()
              << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        if (line == "freeze") sshd.freeze();
        if (line == "thaw") sshd.thaw();
        if (line == "kill") sshd.kill();
        if (line == "start") sshd.start();
        std::cout << "done" << std::endl;
    }
    return 0;
}
