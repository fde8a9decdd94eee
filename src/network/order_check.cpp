#include "network/order_check.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::network {
namespace {

using base::Error;
using base::ErrorKind;
using base::format;
using base::UnixMs;
using config::EmergencyPolicy;

constexpr UnixMs second_ms = 1000, minute_ms = 60 * second_ms, hour_ms = 60 * minute_ms;
constexpr UnixMs day_ms = 24 * hour_ms, budget_ms = 30 * day_ms;
/// Further ahead no number may be: one signer could use up all that there are.
constexpr std::int64_t gap_max = 1'000'000;

constexpr std::array<std::string_view, 6> worth_names{"counts", "unknown_signer", "other_key",
                                                      "forged", "repeated",       "not_allowed"};

Error refused(const Order& order, const std::string& why, ErrorKind kind = ErrorKind::failed) {
    return {kind, format("order {} is refused: {}", order.sequence, why)};
}

std::string duration(UnixMs span) {
    return base::human_duration(static_cast<double>(span) / second_ms);
}

std::string list_of(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return list;
}

Action right_for(const Order& order, bool extends) {
    return extends ? Action::resume : order.action;
}

SignatureWorth worth_of(const Order& order, std::size_t index, const EmergencyPolicy& policy, Action right) {
    const OrderSignature& one = order.signatures[index];
    const config::EmergencyMember* member = policy.find(one.signer);
    if (!member) return SignatureWorth::unknown_signer;
    if (member->public_key != one.public_key) return SignatureWorth::other_key;
    if (!verifies(order, one, member->public_key)) return SignatureWorth::forged;
    for (std::size_t i = 0; i < index; ++i)
        if (order.signatures[i].signer == one.signer) return SignatureWorth::repeated;
    return member->may(right) ? SignatureWorth::counts : SignatureWorth::not_allowed;
}

void check_place(const Order& order, const EmergencyPolicy& policy, const OrderSituation& situation) {
    if (policy.network != situation.network)
        throw refused(order, format("the policy here is for the network '{}', not for '{}'", policy.network,
                                    base::printable(situation.network)));
    if (order.network != situation.network)
        throw refused(order, format("it is for the network '{}', and this is '{}'", order.network,
                                    base::printable(situation.network)));
    if (order.genesis_hash != situation.genesis_hash)
        throw refused(order, "it is for another chain")
            .cause(format("its genesis is {}…, and the one here {}…", order.genesis_hash.substr(0, 16),
                          base::printable(situation.genesis_hash.substr(0, 16))));
}

void check_signature(const Order& order, const OrderSignature& one, SignatureWorth worth, Action right) {
    switch (worth) {
        case SignatureWorth::counts: return;
        case SignatureWorth::unknown_signer:
            throw refused(order, format("'{}' is no member of the policy", one.signer))
                .hint("a member that was removed cannot sign; the order needs to be made anew without it");
        case SignatureWorth::other_key:
            throw refused(order, format("the key of '{}' is not the one in the policy", one.signer))
                .hint("it was replaced: sign with the new key");
        case SignatureWorth::forged:
            throw refused(order, format("the signature of '{}' does not verify", one.signer),
                          ErrorKind::wrong_secret)
                .cause("the order was changed after it was signed, or somebody else signed it");
        case SignatureWorth::repeated: throw refused(order, format("'{}' signed it twice", one.signer));
        case SignatureWorth::not_allowed:
            throw refused(order, right == order.action
                                     ? format("'{}' may not {}", one.signer, config::action_name(right))
                                     : format("'{}' may not extend a pause", one.signer))
                .cause(format("the policy does not list \"{}\" among what it may do",
                              config::action_name(right)));
    }
}

std::vector<std::string> check_signatures(const Order& order, const EmergencyPolicy& policy, bool extends) {
    SignatureReport report = look_at_signatures(order, policy, extends);
    const Action right = right_for(order, extends);
    for (std::size_t i = 0; i < order.signatures.size(); ++i)
        check_signature(order, order.signatures[i], report.worth[i], right);
    if (report.missing() > 0) {
        Error error = refused(order, format("{} more {} needed{}", report.missing(),
                                            report.missing() == 1 ? "signature is" : "signatures are",
                                            extends ? " to extend a pause" : ""));
        if (!report.others.empty()) error.cause("who may sign it: " + list_of(report.others));
        error.hint("bt2c-dr network order sign FILE, with the key of one of them; then send it again");
        throw error;
    }
    return report.signers;
}

void check_sequence(const Order& order, const OrderSituation& situation) {
    const std::int64_t last = situation.last_sequence;
    if (order.sequence == last) {
        if (situation.last_order && !situation.last_order->is(order))
            throw refused(order, "another order has that number already")
                .cause(format("that one is {}, this one {}", situation.last_order->id(), order.id()))
                .hint(format("make a new order, with the number {}", last + 1));
        throw refused(order, "it was applied already");
    }
    if (order.sequence < last)
        throw refused(order, format("it comes after order {}, which is newer", last))
            .hint(format("make a new order, with the number {}", last + 1));
    if (order.sequence > last + gap_max)
        throw refused(order, format("its number is too far ahead of order {}, the newest here", last))
            .hint(format("make a new order, with the number {}", last + 1));
    if (order.sequence > last + 1 && !situation.gaps_allowed)
        throw refused(order, format("order {} has to come first", last + 1));
}

/// Whoever may extend a pause, by the higher threshold, may also begin one: where a node was away from the
/// pause that others extended, both come to the same.
bool counts_as_extension(const Order& order, const EmergencyPolicy& policy) {
    if (order.action != Action::pause) return false;
    const auto all_count = [](const SignatureReport& report) {
        return std::ranges::all_of(report.worth,
                                   [](SignatureWorth worth) { return worth == SignatureWorth::counts; });
    };
    if (all_count(look_at_signatures(order, policy, false))) return false;
    const SignatureReport report = look_at_signatures(order, policy, true);
    return all_count(report) && report.missing() == 0 &&
           static_cast<int>(report.signers.size()) >= policy.threshold(Action::pause);
}

/// Signers' clocks, and ours.
void check_clocks(const Order& order, const EmergencyPolicy& policy, UnixMs now) {
    const UnixMs tolerance = policy.clock_tolerance_seconds * second_ms;
    if (order.issued_at > now + tolerance)
        throw refused(order, format("it was issued {} in the future", duration(order.issued_at - now)))
            .cause(format("issued at {}, and here it is {}", base::format_utc(order.issued_at),
                          base::format_utc(now)))
            .hint("compare the clocks of both machines");
    for (const OrderSignature& one : order.signatures) {
        if (one.signed_at > now + tolerance)
            throw refused(
                order, format("'{}' signed it {} in the future", one.signer, duration(one.signed_at - now)))
                .hint("compare the clocks of both machines");
        if (one.signed_at < order.issued_at - tolerance)
            throw refused(order, format("'{}' signed it {} before it was issued", one.signer,
                                        duration(order.issued_at - one.signed_at)))
                .hint("compare the clocks of the machines where it was made and signed");
        if (one.signed_at > order.expires_at)
            throw refused(order, format("'{}' signed it after it had expired", one.signer));
    }
}

void check_times(const Order& order, const EmergencyPolicy& policy, const OrderSituation& situation,
                 CheckMode mode) {
    const UnixMs now = situation.now;
    check_clocks(order, policy, now);
    if (order.expires_at - order.issued_at > policy.order_valid_minutes * minute_ms)
        throw refused(order,
                      format("it is valid for {}, longer than the policy's {} min",
                             duration(order.expires_at - order.issued_at), policy.order_valid_minutes));
    if (mode != CheckMode::catching_up && mode != CheckMode::accepted && now > order.expires_at)
        throw refused(order, format("it expired {} ago", duration(now - order.expires_at)))
            .hint("make a new order; if it should still be valid, compare the clocks");
    if (order.action != Action::pause) return;
    if (order.pause_until - order.issued_at > policy.longest_pause_hours * hour_ms)
        throw refused(order,
                      format("its pause lasts {}, longer than the policy's {} h",
                             duration(order.pause_until - order.issued_at), policy.longest_pause_hours));
    if (order.pause_until <= now)
        throw refused(order, format("its pause ended at {}", base::format_utc(order.pause_until)));
}

void check_state(const Order& order, const OrderSituation& situation) {
    // Where nothing is paused, or no more, a resume changes nothing: others may need it still.
    if (order.action != Action::resume || !situation.paused) return;
    if (order.resumes != situation.pause_sequence)
        throw refused(order, format("it ends the pause of order {}, but the one in force is of order {}",
                                    order.resumes, situation.pause_sequence));
}

/// Counted at the time of issue, so that every node comes to the same answer whenever it looks.
void check_budget(const Order& order, const EmergencyPolicy& policy, const OrderSituation& situation,
                  const std::vector<std::string>& signers) {
    for (const std::string& signer : signers) {
        std::vector<UnixMs> begun;
        for (const EarlierPause& pause : situation.earlier_pauses)
            if (pause.issued_at > order.issued_at - budget_ms &&
                std::ranges::find(pause.signers, signer) != pause.signers.end())
                begun.push_back(pause.issued_at);
        const int allowed = policy.find(signer)->pauses_per_30_days;
        if (static_cast<int>(begun.size()) < allowed) continue;
        Error error = refused(order, format("'{}' has used up its {} of 30 days", signer,
                                            allowed == 1 ? "pause" : format("{} pauses", allowed)));
        if (allowed > 0) {
            std::ranges::sort(begun);
            const UnixMs free_at = begun[begun.size() - static_cast<std::size_t>(allowed)] + budget_ms;
            error.cause(format("the next is free at {}", base::format_utc(free_at)));
        }
        throw std::move(error).hint("let another member sign in its place");
    }
}

}  // namespace

std::string_view worth_name(SignatureWorth worth) {
    return worth_names[static_cast<std::size_t>(worth)];
}

bool extends_pause(const Order& order, const OrderSituation& situation) {
    return order.action == Action::pause && situation.paused && !situation.pause_is_over;
}

SignatureReport look_at_signatures(const Order& order, const EmergencyPolicy& policy, bool extends) {
    const Action right = right_for(order, extends);
    SignatureReport report;
    // Nobody's order is none, also where the policy asks for no order at all.
    report.needed = std::max(1, policy.threshold(right));
    for (std::size_t i = 0; i < order.signatures.size(); ++i) {
        report.worth.push_back(worth_of(order, i, policy, right));
        if (report.worth.back() == SignatureWorth::counts)
            report.signers.push_back(order.signatures[i].signer);
    }
    for (const config::EmergencyMember& member : policy.members)
        if (member.may(right) && std::ranges::find(report.signers, member.name) == report.signers.end())
            report.others.push_back(member.name);
    return report;
}

std::vector<std::string> check(const Order& order, const EmergencyPolicy& policy,
                               const OrderSituation& situation, CheckMode mode) {
    check_place(order, policy, situation);
    if (mode == CheckMode::again) {
        check_times(order, policy, situation, mode);
        return look_at_signatures(order, policy, false).signers;
    }
    const bool extends = extends_pause(order, situation) || counts_as_extension(order, policy);
    std::vector<std::string> signers = check_signatures(order, policy, extends);
    if (mode == CheckMode::accepted) {
        check_times(order, policy, situation, mode);
        return signers;
    }
    check_sequence(order, situation);
    check_times(order, policy, situation, mode);
    check_state(order, situation);
    if (order.action == Action::pause && !extends) check_budget(order, policy, situation, signers);
    return signers;
}

}  // namespace bt2c::network
