#pragma once
// An order that this node alone obeys, without its agent.

#include <optional>
#include <string>

#include "cli/command.hpp"
#include "network/obey.hpp"

namespace bt2c::cli {

/// The result of an order that this node alone has obeyed. Throws its refusal, and Error(findings) when other
/// software undoes the pause at once.
Result obeyed_here(const network::Obeyed& obeyed, const std::string& network, network::Action action);

/// This node, as obey() wants it.
network::Obedient this_obedient(Context& context, const std::string& network,
                                const std::optional<config::EmergencyPolicy>& policy);

}  // namespace bt2c::cli
