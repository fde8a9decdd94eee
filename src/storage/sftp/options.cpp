#include "storage/sftp/options.hpp"

#include <cstdlib>

#include "base/text.hpp"
#include "platform/process.hpp"

namespace bt2c::storage::sftp {

std::string server_name(const Options& options) {
    return base::printable(base::format("{}@{}:{}", options.user, options.host, options.port));
}

Options with_defaults(Options options) {
    if (options.user.empty()) options.user = platform::user_name();
    options.host = base::ascii_lower(options.host);
    while (options.path.size() > 1 && options.path.ends_with('/')) options.path.pop_back();
    if (options.path.empty()) options.path = ".";
    if (options.known_hosts_file.empty()) {
        const char* const home = std::getenv("HOME");
        if (!home || home[0] != '/')
            throw base::Error(base::ErrorKind::usage,
                              base::format("cannot tell which hosts are known for {}", server_name(options)))
                .cause("the variable HOME does not name a folder")
                .hint("name a file of known hosts in the location's settings");
        options.known_hosts_file = std::filesystem::path(home) / ".ssh" / "known_hosts";
    }
    return options;
}

}  // namespace bt2c::storage::sftp
