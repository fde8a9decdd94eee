#include "cli/new_order.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "cli/context.hpp"
#include "network/open_control_plane.hpp"
#include "network/order_check.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::UnixMs;
using network::Action;
using network::Order;

constexpr UnixMs second_ms = 1000, minute_ms = 60 * second_ms, hour_ms = 60 * minute_ms,
                 day_ms = 24 * hour_ms;
/// Of a home without a policy.
constexpr int usual_valid_minutes = 15, usual_pause_hours = 24;

/// "90s", "30m", "4h", "2d".
UnixMs read_duration(const std::string& text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    constexpr std::int64_t number_max = 1'000'000;
    const UnixMs factor = unit == "s"   ? second_ms
                          : unit == "m" ? minute_ms
                          : unit == "h" ? hour_ms
                          : unit == "d" ? day_ms
                                        : 0;
    if (error != std::errc() || factor == 0 || number < 1 || number > number_max)
        throw Error(ErrorKind::usage,
                    base::format("--for takes a duration, such as 30m, 4h or 2d; '{}' is not",
                                 base::printable(text)));
    return number * factor;
}

std::int64_t to_sequence(std::uint64_t number) {
    if (number < 1 || number > static_cast<std::uint64_t>(network::sequence_max))
        throw Error(ErrorKind::usage, "numbers of orders are 1 to 2^53");
    return static_cast<std::int64_t>(number);
}

std::int64_t pause_to_end(const OrderWish& wish, const network::OrderSituation& situation) {
    if (wish.resumes) return to_sequence(*wish.resumes);
    if (situation.paused && situation.pause_sequence > 0) return situation.pause_sequence;
    throw Error(ErrorKind::failed, "this home knows of no pause in force that an order could end")
        .hint(
            "if it is paused elsewhere: bt2c-dr network order create --resume --resumes NUMBER, with the "
            "number "
            "of the order that paused it");
}

std::string genesis_of(const OrderWish& wish, const network::OrderSituation& situation) {
    const std::string& known = situation.genesis_hash;
    const std::string genesis = wish.genesis ? base::ascii_lower(*wish.genesis) : known;
    if (genesis.empty())
        throw Error(ErrorKind::usage, "the first block of the chain is not known")
            .cause("this home has no database with a block of the network")
            .hint("give its hash with --genesis");
    if (!known.empty() && genesis != known)
        throw Error(ErrorKind::usage, "--genesis is not the first block of this home's chain")
            .cause("that is " + base::printable(known));
    return genesis;
}

/// Whether that is an order of this network, signed by enough of its members.
bool is_genuine(const network::PublishedOrder& published, const OrderHome& home) {
    try {
        const Order order = Order::parse(published.text);
        return order.sequence == published.sequence && order.network == home.situation.network &&
               order.genesis_hash == home.situation.genesis_hash &&
               (!home.policy || network::look_at_signatures(order, *home.policy, false).missing() == 0);
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

Order make_order(const OrderHome& home, const OrderWish& wish) {
    const network::OrderSituation& situation = home.situation;
    Order order;
    order.network = situation.network;
    order.genesis_hash = genesis_of(wish, situation);
    order.action = wish.action;
    order.scope = wish.scope;
    order.sequence = wish.sequence ? to_sequence(*wish.sequence) : situation.last_sequence + 1;
    order.issued_at = situation.now;
    order.expires_at =
        order.issued_at + minute_ms * (home.policy ? home.policy->order_valid_minutes : usual_valid_minutes);
    const UnixMs longest = hour_ms * (home.policy ? home.policy->longest_pause_hours : usual_pause_hours);
    if (wish.action == Action::pause) {
        order.pause_until = order.issued_at + (wish.duration ? read_duration(*wish.duration) : longest);
        if (home.policy && order.pause_until - order.issued_at > longest)
            throw Error(ErrorKind::usage, base::format("the policy allows a pause of {} h at most",
                                                       home.policy->longest_pause_hours));
    }
    if (wish.action == Action::resume) order.resumes = pause_to_end(wish, situation);
    order.reason = wish.reason;
    order.incident = wish.incident;
    if (const std::string fault = order.fault(); !fault.empty())
        throw Error(ErrorKind::usage, "there can be no such order: " + fault);
    return order;
}

std::int64_t free_sequence(Context& context, const OrderHome& home) {
    const std::string& network = home.situation.network;
    std::int64_t next = home.situation.last_sequence + 1;
    try {
        const auto plane = network::open_control_plane(context.settings().network);
        if (!plane) return next;
        // Nodes may have been given orders of their own. One that lies must not use up the numbers.
        constexpr std::int64_t ahead_max = 1000;
        const std::int64_t last = next - 1;
        for (const network::NodeRecord& node : plane->nodes(network))
            if (node.sequence <= last + ahead_max) next = std::max(next, node.sequence + 1);
        for (std::int64_t after = next - 1;;) {
            const auto page = plane->orders(network, after);
            if (page.empty()) {
                // What was refused and taken away again has left its answers there.
                while (!plane->acknowledgements(network, next).empty()) ++next;
                return next;
            }
            after = page.back().sequence;
            for (const network::PublishedOrder& published : page)
                if (published.sequence == next || is_genuine(published, home)) next = published.sequence + 1;
        }
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return next;
    }
}

}  // namespace bt2c::cli
