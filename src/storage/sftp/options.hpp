#pragma once
// What an SFTP location needs to know.

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace bt2c::storage::sftp {

/// Nothing else has a say: neither ~/.ssh/config nor the system's is read. Passwords are never used.
struct Options {
    std::string host;  ///< a name or an address
    int port = 22;
    std::string user = {};  ///< empty: the name of the user that this process runs as
    /// The folder on the server, relative to the user's home there unless absolute; empty: that home.
    std::string path = {};
    /// A private key, the only one that is tried. Empty: those of the agent at SSH_AUTH_SOCK, then
    /// ~/.ssh/id_ed25519, id_ecdsa and id_rsa. One with a passphrase is used through the agent only.
    std::filesystem::path key_file = {};
    /// The only file whose host keys are trusted. Empty: ~/.ssh/known_hosts. Never written.
    std::filesystem::path known_hosts_file = {};
    /// To connect and log in; later, for the other end to take or send anything while it should.
    int timeout_ms = 30'000;
    int retries = 5;  ///< further tries of what the network broke, with growing pauses
    std::uint64_t upload_bytes_per_second = 0;  ///< of all connections together; 0: as fast as it goes
    int connections = 4;                        ///< at most, at a time
};

/// "user@host:port", for messages.
std::string server_name(const Options& options);
/// `options` with every default filled in. Throws Error(usage) where one cannot be.
Options with_defaults(Options options);

/// The network or the server failed in a way that may be over soon; the connection is of no more use.
class NetworkError : public base::Error {
 public:
    explicit NetworkError(base::Error error) : base::Error(std::move(error)) {}
};

}  // namespace bt2c::storage::sftp
