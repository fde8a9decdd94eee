#pragma once
// An order goes to where it counts: the nodes' agents through the control plane, or this node alone.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/order_home.hpp"
#include "network/obey.hpp"

namespace bt2c::cli {

/// Options of the commands that send orders.
class DeliveryOptions {
 public:
    void declare(Options& options);

    bool here() const { return here_; }
    std::optional<std::uint64_t> timeout_s() const { return timeout_s_; }
    std::optional<std::uint64_t> watch_s() const { return watch_s_; }

 private:
    bool here_ = false;
    std::optional<std::uint64_t> timeout_s_, watch_s_;
};

/// Whether orders leave this machine, or this process: there is a control plane, and --here was not given.
bool goes_to_agents(Context& context, const DeliveryOptions& options);

/// What the nodes of a network that this home does not hold for paused say of it, when it is to be resumed.
struct PausedElsewhere {
    std::optional<std::int64_t> sequence;  ///< of the newest pause that a node is in
    std::vector<std::string> silent;       ///< that have not answered, or not in a way that can be read
    /// That have answered, and the height of each.
    std::vector<std::pair<std::string, std::optional<std::int64_t>>> nodes;
};
PausedElsewhere ask_who_is_paused(Context& context, const std::string& network,
                                  const DeliveryOptions& options);

/// Sends the order, waits for what the nodes say, and looks whether it has its effect. Without a control
/// plane, or with --here, this node obeys it.
/// @param force of a resume: overrules the checks that speak against it
/// Throws Error: what check() says of an order that is refused here; findings for a resume that checks speak
/// against; busy when the control plane does not answer, and then the order is kept in a file of this home.
Result deliver_order(Context& context, const OrderHome& home, const network::Order& order,
                     const DeliveryOptions& options, const std::optional<network::Override>& force);

/// Adds what was left behind, and a way on, to an error of a command that orders; what knows better has said
/// so.
void tell_what_is_left(base::Error& error);

}  // namespace bt2c::cli
