#pragma once
// Whether an order counts: against the policy, and against what was ordered before.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "network/order.hpp"

namespace bt2c::network {

/// A pause that was begun before, for the budgets of those who signed it.
struct EarlierPause {
    std::vector<std::string> signers;
    base::UnixMs issued_at = 0;
};

/// What a node, or a member's home, knows when an order comes in.
struct OrderSituation {
    std::string network, genesis_hash;
    base::UnixMs now = 0;
    std::int64_t last_sequence = 0;   ///< of the newest order that counted, 0: none
    std::optional<Order> last_order;  ///< that order; nothing where its text is not known
    bool gaps_allowed = true;         ///< orders in between may have been meant for others, or were missed
    bool paused = false;
    bool pause_is_over = false;       ///< its time is, though nothing has ended it yet
    std::int64_t pause_sequence = 0;  ///< of the pause in force
    std::vector<EarlierPause> earlier_pauses;
};

enum class CheckMode {
    fresh,        ///< it is being sent: it must not have expired
    catching_up,  ///< found where orders are kept by a node that was away: it was fresh when it was put there
    accepted,  ///< it counted here before, and could not be obeyed then: its signers, place and pause count
               ///< still
    again,  ///< the very text that counted here is sent to others: only its times and its place are looked at
};

/// What one signature of an order is worth.
enum class SignatureWorth {
    counts,
    unknown_signer,  ///< no member of the policy
    other_key,       ///< the member has another key
    forged,          ///< does not verify
    repeated,        ///< a member's second one
    not_allowed,     ///< sound, but the member may not do this
};
std::string_view worth_name(SignatureWorth worth);

struct SignatureReport {
    std::vector<SignatureWorth> worth;  ///< of each signature
    std::vector<std::string> signers;   ///< whose signatures count
    int needed = 0;
    std::vector<std::string> others;  ///< who could still sign
    int missing() const { return std::max(0, needed - static_cast<int>(signers.size())); }
};

/// Looks at the signatures only.
/// @param extends a pause of a network that is paused: it takes the threshold and the members of a resume
SignatureReport look_at_signatures(const Order& order, const config::EmergencyPolicy& policy, bool extends);

/// Whether the order would extend a pause in force.
bool extends_pause(const Order& order, const OrderSituation& situation);

/// Returns the members whose signatures make the order count. Throws an Error with a message of its own for
/// each reason to refuse it: Error(wrong_secret) for a signature that does not verify, else Error(failed).
/// The caller has the order from Order::parse().
std::vector<std::string> check(const Order& order, const config::EmergencyPolicy& policy,
                               const OrderSituation& situation, CheckMode mode);

}  // namespace bt2c::network
