#pragma once
// What the commands about orders share: what this home knows, and how an order is shown.

#include <optional>
#include <string>

#include "cli/command.hpp"
#include "config/emergency_policy.hpp"
#include "network/order_check.hpp"

namespace bt2c::cli {

/// This home's policy and the state of its network.
struct OrderHome {
    std::optional<config::EmergencyPolicy> policy;
    network::OrderSituation situation;  ///< its genesis is empty where that is not known here
};
/// The network is that of --network, else the policy's, else `otherwise`, else the database's only one.
/// Throws Error(usage) when none of them says. A home without a database has its log only.
OrderHome read_order_home(Context& context, const std::string& otherwise = {});

/// The members of the order, without signatures.
base::Json order_document(const network::Order& order);
/// What it orders, for a person to decide on.
void show_order(Output& out, const network::Order& order);

}  // namespace bt2c::cli
