#pragma once
// What a home knows of its network when an order comes in.

#include <optional>
#include <string>

#include "chaindb/network_pause.hpp"
#include "config/home.hpp"
#include "network/audit_log.hpp"
#include "network/order_check.hpp"

namespace bt2c::network {

/// From the audit log, and from what the database says where there is one: that counts more, since it is
/// what stops the network. The log knows the texts of orders and who signed earlier pauses.
/// @param state of the network; without one the genesis is empty
OrderSituation situation_of(const config::Home& home, const std::string& network,
                            const std::optional<chaindb::PauseState>& state, base::UnixMs now);

/// Whether the log has that event of an order of this number.
bool was_logged(const config::Home& home, AuditEvent event, const std::string& network,
                std::int64_t sequence);
/// Whether the log has that event of this very order, whoever signed it.
bool was_logged(const config::Home& home, AuditEvent event, const Order& order);

}  // namespace bt2c::network
