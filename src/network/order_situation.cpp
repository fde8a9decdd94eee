#include "network/order_situation.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace bt2c::network {
namespace {

std::optional<Order> order_of(const AuditEntry& entry) {
    if (entry.order.empty()) return std::nullopt;
    try {
        return Order::parse(entry.order);
    } catch (const base::Error&) {
        return std::nullopt;  // a damaged line is told by verify_audit()
    }
}

/// Follows the log from its first entry on.
class Follower {
 public:
    explicit Follower(OrderSituation& situation) : situation_(situation) {}

    void look_at(const AuditEntry& entry) {
        if (entry.network != situation_.network) return;
        const bool pauses = entry.event == event_name(AuditEvent::paused);
        const bool resumes =
            entry.event == event_name(AuditEvent::resumed) || entry.event == event_name(AuditEvent::lapsed);
        if (pauses || resumes || entry.event == event_name(AuditEvent::order_accepted)) take_order(entry);
        if (pauses) {
            if (!situation_.paused) remember_pause(entry);
            situation_.pause_sequence = entry.sequence;
        }
        if (pauses || resumes) situation_.paused = pauses;
    }

 private:
    void take_order(const AuditEntry& entry) {
        if (entry.sequence < situation_.last_sequence) return;
        const bool newer = entry.sequence > situation_.last_sequence;
        const auto order = order_of(entry);
        if (order && order->action == Action::unlock) return;  // it concerns one node, and counts for itself
        situation_.last_sequence = entry.sequence;
        if (newer || !situation_.last_order) situation_.last_order = order;
    }
    void remember_pause(const AuditEntry& entry) {
        const auto order = order_of(entry);
        if (!order || order->action != Action::pause) return;  // without a policy nobody has a budget
        constexpr base::UnixMs kept_ms = base::UnixMs{60} * 24 * 3600 * 1000;
        std::erase_if(situation_.earlier_pauses, [&](const EarlierPause& pause) {
            return pause.issued_at < order->issued_at - kept_ms;
        });
        EarlierPause& pause = situation_.earlier_pauses.emplace_back();
        pause.issued_at = order->issued_at;
        for (const OrderSignature& one : order->signatures) pause.signers.push_back(one.signer);
    }
    OrderSituation& situation_;
};

}  // namespace

OrderSituation situation_of(const config::Home& home, const std::string& network,
                            const std::optional<chaindb::PauseState>& state, base::UnixMs now) {
    OrderSituation situation;
    situation.network = network;
    situation.now = now;
    Follower follower(situation);
    for_each_audit_entry(home, [&](const AuditEntry& entry) { follower.look_at(entry); });
    if (!state) return situation;
    situation.genesis_hash = state->genesis_hash;
    situation.paused = state->paused;
    situation.pause_is_over = state->until && *state->until * 1000 <= static_cast<double>(now);
    if (state->paused && state->action == "pause") situation.pause_sequence = state->sequence;
    if (state->sequence > situation.last_sequence) {
        situation.last_sequence = state->sequence;
        situation.last_order.reset();
    }
    return situation;
}

bool was_logged(const config::Home& home, AuditEvent event, const std::string& network,
                std::int64_t sequence) {
    bool found = false;
    for_each_audit_entry(home, [&](const AuditEntry& entry) {
        found = found ||
                (entry.event == event_name(event) && entry.network == network && entry.sequence == sequence);
    });
    return found;
}

bool was_logged(const config::Home& home, AuditEvent event, const Order& order) {
    bool found = false;
    for_each_audit_entry(home, [&](const AuditEntry& entry) {
        if (found || entry.event != event_name(event) || entry.sequence != order.sequence) return;
        try {
            found = Order::parse(entry.order).is(order);
        } catch (const base::Error&) {
            // A damaged line says nothing; verify_audit() tells of it.
        }
    });
    return found;
}

}  // namespace bt2c::network
