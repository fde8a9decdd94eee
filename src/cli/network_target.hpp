#pragma once
// What the commands of the group `network` share: which network, and how its state is shown.

#include <set>
#include <string>
#include <vector>

#include "chaindb/network_pause.hpp"
#include "cli/command.hpp"

namespace bt2c::cli {

/// The network that --network names, else the only one of the database. Throws Error(usage) naming those
/// that are there when it is none of them, or there are several and none was named; Error(failed) when there
/// is none at all.
std::string chosen_network(const Context& context, chaindb::sqlite::Connection& database);

/// All networks that the database has blocks or validators of.
std::set<std::string> networks_of(chaindb::sqlite::Connection& database);

/// For people, printable.
std::string list_of(const std::set<std::string>& networks);

/// What stands in the way of what the records of a pause promise.
std::vector<std::string> pause_problems(const chaindb::PauseState& state);

/// This machine and who asks, as a record without a policy names them: "root on validator-3".
std::string local_authority();

/// The fields that the command line pins, of a state as it is now.
base::Json network_document(const std::string& network, const chaindb::PauseState& state,
                            std::int64_t validators_changed, base::Json nodes);

/// {name, acknowledged, height} of this node alone.
base::Json this_node(const chaindb::PauseState& state);

/// Unix time, s, as people read it.
std::string utc_text(double unix_s);

/// "height 42, block 1f3a…" or "no block".
std::string tip_text(const chaindb::PauseState& state);

}  // namespace bt2c::cli
