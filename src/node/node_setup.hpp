#pragma once
// What a node reads from its home before it begins.

#include <optional>

#include "config/node_config.hpp"
#include "keys/rotation_record.hpp"
#include "node/transport.hpp"
#include "platform/file.hpp"

namespace bt2c::node {

/// Keeps other nodes from this home while it lives. Throws Error(busy) when one runs there.
platform::Descriptor lock_home(const config::Home& home);

/// The key of the wallet that the configuration names, if it names one. Throws Error(wrong_secret) and
/// Error(failed) as keys::WalletFile::open().
std::optional<keys::Signer> open_wallet(const config::NodeConfig& config);

/// Throws Error(usage) when the certificate is another node's, Error(failed) when a file cannot be read.
TlsIdentity read_tls_identity(const config::NodeConfig& config);

}  // namespace bt2c::node
