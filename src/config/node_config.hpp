#pragma once
// What a validator node is told: HOME/config/node.toml. docs/node.md lists the keys.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/home.hpp"

namespace bt2c::config {

struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};

struct NodeConfig {
    std::string name;                  ///< `name`: as in its certificate; required
    std::string network;               ///< `network`: mainnet, testnet or devnet; required
    double block_time_s = 300;         ///< `block_time_s`: 1 to 86400
    HostPort listen;                   ///< `listen`: "ADDRESS:PORT" for peers; required
    std::vector<HostPort> peers;       ///< `peers`: ["HOST:PORT", …]
    HostPort rest{"127.0.0.1", 8335};  ///< `rest`: "ADDRESS:PORT"
    // PEM files; relative paths start at the home. Required.
    fs::path tls_authority;    ///< `tls_ca`
    fs::path tls_certificate;  ///< `tls_certificate`
    fs::path tls_key;          ///< `tls_key`
    /// `wallet`: a wallet file, named by its address or its path; empty: the node makes no blocks.
    fs::path wallet;
    fs::path wallet_password_file;  ///< `wallet_password_file`: the password in the first line
    double settle_s = 10;           ///< `settle_seconds`: it listens so long before it signs; 0 to 3600
    bool wait_for_agent = false;    ///< `wait_for_agent`: it signs only once the agent has looked for orders
    std::size_t connections_per_host = 8;  ///< `connections_per_host`: unproved ones from one address
};

/// Where it is kept.
fs::path node_config_file(const Home& home);

/// Throws Error(usage) naming file, line and key for a syntax error, an unknown key (with the nearest known
/// one), a wrong type, a value out of range or a required key that is missing; Error(failed) when the file
/// cannot be read.
NodeConfig load_node_config(const Home& home);
/// The same from a text at hand; `name` is what messages call it.
NodeConfig parse_node_config(std::string_view text, const fs::path& name, const Home& home);

}  // namespace bt2c::config
