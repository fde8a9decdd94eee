#pragma once
// An order as a person wishes for it, filled in with what this home knows.

#include <optional>
#include <string>

#include "cli/order_home.hpp"
#include "network/order.hpp"

namespace bt2c::cli {

struct OrderWish {
    network::Action action = network::Action::pause;
    std::string scope = "all";
    std::string reason = {}, incident = {};
    std::optional<std::string> duration =
        {};  ///< of a pause: "30m", "4h", "2d"; nothing: the longest there is
    std::optional<std::uint64_t> sequence = {}, resumes = {};
    std::optional<std::string> genesis = {};
};

/// Nobody has signed it. Throws Error(usage) when there can be no such order, Error(failed) when this home
/// knows of no pause that a resume could end.
network::Order make_order(const OrderHome& home, const OrderWish& wish);

/// The number for a new order: after all orders that this home knows, and the true ones on the control plane;
/// one that is not taken there, so that no forgery stands in its way. A control plane that is away is not
/// asked.
std::int64_t free_sequence(Context& context, const OrderHome& home);

}  // namespace bt2c::cli
