#pragma once
// The validators whose keys are in this home.

#include <string>
#include <vector>

#include "chaindb/sqlite/connection.hpp"
#include "cli/context.hpp"

namespace bt2c::cli {

/// Addresses of wallets and tokens here, and those of network.validators in dr.toml, that are validators of
/// the network.
std::vector<std::string> validators_here(const Context& context, chaindb::sqlite::Connection& database,
                                         const std::string& network);

}  // namespace bt2c::cli
