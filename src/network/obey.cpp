#include "network/obey.hpp"

#include <filesystem>

#include "base/text.hpp"
#include "network/audit_log.hpp"
#include "network/order_situation.hpp"

namespace bt2c::network {

using base::Error;
using base::ErrorKind;
using chaindb::PauseOrder;
using chaindb::PauseState;
using chaindb::sqlite::Connection;

namespace {

constexpr double second_ms = 1000;

Error refused(const Order& order, const std::string& why) {
    return {ErrorKind::failed, base::format("order {} is refused: {}", order.sequence, why)};
}

std::string list_of(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return list;
}

void check_without_policy(const Obedient& node, const Order& order, const PauseState& state) {
    if (node.authority_without_policy.empty())
        throw refused(order, "there is no policy here that says who may sign it")
            .hint("write config/emergency-policy.toml");
    if (order.network != node.network)
        throw refused(order, base::format("it is for the network '{}'", order.network));
    if (order.genesis_hash != state.genesis_hash) throw refused(order, "it is for another chain");
    if (order.sequence < state.sequence)
        throw refused(order, base::format("it comes after order {}, which is newer", state.sequence));
}

/// Who ordered it, as records name them. Throws Error when the order does not count.
std::string check_order(const Obedient& node, const Order& order, CheckMode mode, const PauseState& state,
                        base::UnixMs now) {
    if (order.action == Action::unlock)
        throw refused(order, "it is neither to pause nor to resume a network");
    if (!node.policy) {
        check_without_policy(node, order, state);
        return node.authority_without_policy;
    }
    const OrderSituation situation = situation_of(node.home, node.network, state, now);
    if (was_logged(node.home, AuditEvent::order_accepted, order)) {
        // Obeyed already, so that nothing comes of it but its answer.
        if (order.sequence == state.sequence)
            return list_of(look_at_signatures(order, *node.policy, false).signers);
        // The database was away when it was fresh.
        if (order.sequence > state.sequence && order.sequence >= situation.last_sequence)
            mode = CheckMode::accepted;
    }
    return list_of(check(order, *node.policy, situation, mode));
}

AuditAct act_of(const Order& order, AuditEvent event, const std::string& actor, std::string detail = {}) {
    return {.event = event,
            .network = order.network,
            .sequence = order.sequence,
            .actor = actor,
            .detail = std::move(detail),
            .order = order.text()};
}

std::string outcome_text(const chaindb::PauseOutcome& outcome) {
    std::string text = base::format("{} validators changed", outcome.validators_changed);
    if (outcome.height) text += base::format(", height {}", *outcome.height);
    for (const std::string& line : outcome.left_alone) text += "; " + line;
    return text;
}

/// What the database has obeyed, where this was cut off before it could be logged. Its signers' budgets and
/// who reads the log count on it.
void log_what_is_missing(const Obedient& node, Connection& database, const PauseState& state) {
    if (state.sequence == 0 ||
        !was_logged(node.home, AuditEvent::order_accepted, node.network, state.sequence))
        return;
    const AuditEvent event = state.action == "pause" ? AuditEvent::paused : AuditEvent::resumed;
    if (was_logged(node.home, event, node.network, state.sequence)) return;
    auto row = database.prepare(
        "SELECT authority, text FROM network_orders WHERE network_type = ? AND sequence = ?");
    row.bind(1, node.network).bind(2, state.sequence);
    if (!row.next()) return;
    append_audit(node.home,
                 {.event = event,
                  .network = node.network,
                  .sequence = state.sequence,
                  .actor = row.string(0),
                  .detail = "logged late: it was cut off before",
                  .order = row.string(1)},
                 base::now_unix_ms());
}

/// Changes the database, and logs what came of it.
Obeyed change(const Obedient& node, Connection& database, const PauseOrder& order, Action action,
              const std::optional<Override>& force) {
    Obeyed obeyed;
    obeyed.outcome = action == Action::pause ? apply_pause(database, order)
                                             : apply_resume(database, order, force.has_value());
    obeyed.state = chaindb::read_pause_state(database, node.network);
    if (!obeyed.outcome.changed) return obeyed;
    const base::UnixMs now = base::now_unix_ms();
    AuditAct act{.event = action == Action::pause ? AuditEvent::paused : AuditEvent::resumed,
                 .network = node.network,
                 .sequence = order.sequence,
                 .actor = order.authority,
                 .detail = outcome_text(obeyed.outcome),
                 .order = order.text};
    try {
        append_audit(node.home, act, now);
        if (!force) return obeyed;
        act.event = AuditEvent::forced;
        act.detail = force->reason;
        append_audit(node.home, act, now);
    } catch (Error& error) {
        error.state(
            base::format("the database has obeyed order {}; only the log lacks that", order.sequence));
        throw;
    }
    return obeyed;
}

}  // namespace

Connection open_database(const config::Home& home, int lock_patience_ms) {
    if (!std::filesystem::exists(home.database()))
        throw Error(ErrorKind::failed, "there is no chain database in this home")
            .cause(base::format("{} is not there", base::printable(home.database().native())))
            .state("nothing was changed");
    Connection database = Connection::open(home.database(), Connection::Mode::read_write, lock_patience_ms);
    // A file that is no database is told of here: what follows takes tables for absent then.
    database.query_integer("SELECT count(*) FROM sqlite_master");
    return database;
}

Obeyed obey(const Obedient& node, const Order& order, CheckMode mode, const std::optional<Override>& force) {
    Connection database = open_database(node.home, node.lock_patience_ms);
    const PauseState state = chaindb::read_pause_state(database, node.network);
    log_what_is_missing(node, database, state);
    const base::UnixMs now = base::now_unix_ms();
    std::string authority;
    try {
        authority = check_order(node, order, mode, state, now);
    } catch (const Error& refusal) {
        if (!was_logged(node.home, AuditEvent::order_refused, order))
            append_audit(node.home, act_of(order, AuditEvent::order_refused, "", refusal.message()), now);
        Obeyed obeyed;
        obeyed.refusal = refusal;
        obeyed.state = state;
        return obeyed;
    }
    if (!was_logged(node.home, AuditEvent::order_accepted, order))
        append_audit(node.home, act_of(order, AuditEvent::order_accepted, authority), now);
    PauseOrder change_order{.network = order.network,
                            .sequence = order.sequence,
                            .issued_at = static_cast<double>(order.issued_at) / second_ms,
                            .reason = order.reason,
                            .authority = authority,
                            .text = order.text()};
    if (node.policy && order.action == Action::pause)
        change_order.until = static_cast<double>(order.pause_until) / second_ms;
    return change(node, database, change_order, order.action, force);
}

Obeyed obey_local(const Obedient& node, PauseOrder order, Action action,
                  const std::optional<Override>& force) {
    Connection database = open_database(node.home, node.lock_patience_ms);
    Obeyed obeyed;
    obeyed.state = chaindb::read_pause_state(database, node.network);
    const PauseState& state = obeyed.state;
    log_what_is_missing(node, database, state);
    const bool is_so = action == Action::pause
                           ? state.recorded && state.guarded && state.active_validators == 0
                           : !state.paused && !state.guarded;
    if (is_so) return obeyed;
    const auto situation = situation_of(node.home, node.network, state, base::now_unix_ms());
    order.sequence = situation.last_sequence + 1;
    append_audit(
        node.home,
        {.event = AuditEvent::order_accepted,
         .network = node.network,
         .sequence = order.sequence,
         .actor = order.authority,
         .detail = base::format("{}, without a policy: {}", config::action_name(action), order.reason)},
        situation.now);
    return change(node, database, order, action, force);
}

bool end_pause_in_time(const Obedient& node) {
    Connection database = open_database(node.home, node.lock_patience_ms);
    const base::UnixMs now = base::now_unix_ms();
    const PauseState state = chaindb::read_pause_state(database, node.network);
    log_what_is_missing(node, database, state);
    const auto outcome =
        chaindb::end_pause_in_time(database, node.network, static_cast<double>(now) / second_ms);
    if (!outcome.changed) return false;
    append_audit(node.home,
                 {.event = AuditEvent::lapsed,
                  .network = node.network,
                  .sequence = state.sequence,
                  .actor = state.authority,
                  .detail = outcome_text(outcome)},
                 now);
    return true;
}

}  // namespace bt2c::network
