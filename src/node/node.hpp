#pragma once
// The validator as a whole: chain, producer, peers and REST interface on one thread.

#include <string>

#include "config/node_config.hpp"

namespace bt2c::node {

/// Runs until SIGTERM, SIGINT or SIGHUP, says goodbye to the peers and returns. One line for each event goes
/// to stderr, and the service manager is told when it is ready. Throws Error(busy) when a node runs on this
/// home already, Error(wrong_secret) when the wallet's password is wrong, Error(usage) when certificate and
/// configuration name different nodes, Error(failed) when something else cannot be used.
void run_node(const config::NodeConfig& config, const config::Home& home, const std::string& version);

}  // namespace bt2c::node
