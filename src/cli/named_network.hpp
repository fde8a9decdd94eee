#pragma once
// --network, where it names a chain that is not there: whoever names one means it.

#include <string_view>
#include <vector>

#include "cli/context.hpp"
#include "repository/manifest.hpp"

namespace bt2c::cli {

/// Throws Error(usage) where --network was given, and the home's database has blocks of other networks only.
/// A database that is not there yet, is empty or cannot be read is no fault of the name.
/// @param what that cannot be done, such as "set up the jobs for"
void require_network_in_database(const Context& context, std::string_view what);

/// The same for what a backup holds.
void require_network_among(const Context& context, const std::vector<repository::NetworkState>& held,
                           std::string_view what);

}  // namespace bt2c::cli
