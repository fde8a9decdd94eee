#include "chaindb/network_pause.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/pause_tables.hpp"
#include "chaindb/sqlite/transaction.hpp"
#include "crypto/hash.hpp"

namespace bt2c::chaindb {

using base::Error;
using base::ErrorKind;
using sqlite::Connection;

namespace {

Error cannot(const char* job, const PauseOrder& order, ErrorKind kind, std::string cause) {
    return Error(kind, base::format("cannot {} network {}", job, base::printable(order.network)))
        .cause(std::move(cause))
        .state("the chain database was not changed");
}

void require_tables(Connection& database, const char* job, const PauseOrder& order) {
    for (const char* column : {"network_type", "hash", "height"})
        if (!database.has_column("blocks", column))
            throw cannot(job, order, ErrorKind::failed,
                         base::format("the database has no table 'blocks' with a column '{}'", column));
    for (const char* column : {"network_type", "address", "status"})
        if (!database.has_column("validators", column))
            throw cannot(job, order, ErrorKind::failed,
                         base::format("the database has no table 'validators' with a column '{}'", column));
}

struct Tip {
    std::optional<std::int64_t> height;
    std::string hash;
};

Tip block_at_end(Connection& database, const std::string& network, const char* order) {
    auto query =
        database.try_prepare(base::format("SELECT height, hash FROM blocks WHERE network_type = ? AND "
                                          "typeof(height) = 'integer' ORDER BY height {} "
                                          "LIMIT 1",
                                          order));
    if (!query) return {};
    query->bind(1, network);
    if (query->step() != sqlite::Step::row) return {};
    return {query->integer(0), crypto::bounded_text(query->text(1))};
}

/// What `network_pauses` has of a network.
struct Record {
    std::int64_t sequence = 0, validators = 0;
    double paused_at = 0;
    std::optional<double> until;
    std::optional<std::int64_t> height;
    std::string state_hash, reason, authority;
};

std::optional<Record> read_record(Connection& database, const std::string& network) {
    auto query = database.try_prepare(
        "SELECT sequence, validators, paused_at, until, state_hash, reason, authority, height FROM "
        "network_pauses WHERE network_type = ?");
    if (!query) return std::nullopt;
    query->bind(1, network);
    if (!query->next()) return std::nullopt;
    Record record;
    record.sequence = query->integer(0);
    record.validators = query->integer(1);
    record.paused_at = query->real(2);
    if (!query->is_null(3)) record.until = query->real(3);
    record.state_hash = query->string(4);
    record.reason = query->string(5);
    record.authority = query->string(6);
    if (!query->is_null(7)) record.height = query->integer(7);
    return record;
}

/// The newest row of `network_status`, whoever wrote it.
struct Status {
    bool paused = false;
    std::string reason;
    double since = 0;
};

Status read_status(Connection& database, const std::string& network) {
    auto query = database.try_prepare(
        "SELECT upper(status) = 'PAUSED', reason, timestamp FROM network_status WHERE network_type = ? ORDER "
        "BY id "
        "DESC LIMIT 1");
    if (!query) return {};
    query->bind(1, network);
    if (!query->next()) return {};
    return {query->integer(0) != 0, query->string(1), query->real(2)};
}

std::int64_t stop_validators(Connection& database, const std::string& network, const SavedColumns& columns,
                             bool only_awake) {
    const std::string condition =
        only_awake
            ? columns.awake()
            : base::format("(status IS NOT 'INACTIVE'{})", columns.is_active ? " OR is_active IS NOT 0" : "");
    auto update = database.prepare(
        base::format("UPDATE validators SET status = 'INACTIVE'{} WHERE network_type = ? AND {}",
                     columns.is_active ? ", is_active = 0" : "", condition));
    update.bind(1, network);
    update.run();
    return database.changes();
}

void put_record(Connection& database, const PauseOrder& order, double paused_at,
                const PauseOutcome& outcome) {
    auto put = database.prepare(
        "INSERT INTO network_pauses VALUES (?1, ?2, ?3, ?4, ?5, ?6, (SELECT count(*) FROM "
        "network_pause_state "
        "WHERE network_type = ?1), '', ?7, ?8) ON CONFLICT (network_type) DO UPDATE SET sequence = "
        "excluded.sequence, until = excluded.until, validators = excluded.validators, reason = "
        "excluded.reason, "
        "authority = excluded.authority");
    put.bind(1, order.network).bind(2, order.sequence).bind(3, paused_at);
    order.until ? put.bind(4, *order.until) : put.bind_null(4);
    outcome.height ? put.bind(5, *outcome.height) : put.bind_null(5);
    put.bind(6, outcome.tip_hash).bind(7, order.reason).bind(8, order.authority);
    put.run();
    auto seal = database.prepare("UPDATE network_pauses SET state_hash = ? WHERE network_type = ?");
    seal.bind(1, saved_hash(database, order.network)).bind(2, order.network);
    seal.run();
}

void clear(Connection& database, const std::string& network) {
    for (const char* table : {"network_pauses", "network_pause_state"}) {
        auto remove = database.prepare(base::format("DELETE FROM {} WHERE network_type = ?", table));
        remove.bind(1, network);
        remove.run();
    }
}

/// What the newest order did; nothing where there was none.
std::optional<std::string> action_of(Connection& database, const PauseOrder& order) {
    auto query =
        database.prepare("SELECT action FROM network_orders WHERE network_type = ? AND sequence = ?");
    query.bind(1, order.network).bind(2, order.sequence);
    if (!query.next()) return std::nullopt;
    return query.string(0);
}

/// False where the order is the newest one already; throws where it is older than that, or another one has
/// its number.
bool is_new(Connection& database, const char* job, const PauseOrder& order) {
    BT2C_ASSERT(order.sequence >= 1);
    const std::int64_t last = last_sequence(database, order.network);
    if (order.sequence < last)
        throw cannot(job, order, ErrorKind::failed,
                     base::format("order {} is older than order {}, which this node has obeyed",
                                  order.sequence, last));
    if (order.sequence == last && action_of(database, order) != job)
        throw cannot(job, order, ErrorKind::failed,
                     base::format("this node knows another order of the number {}", order.sequence));
    return order.sequence > last;
}

PauseOutcome begin(Connection& database, const PauseOrder& order) {
    PauseOutcome outcome;
    outcome.sequence = order.sequence;
    const Tip tip = block_at_end(database, order.network, "DESC");
    outcome.height = tip.height;
    outcome.tip_hash = tip.hash;
    return outcome;
}

Error forged_states(const PauseOrder& order) {
    return cannot("resume", order, ErrorKind::findings,
                  "the saved states of the validators are not those of the pause: they were changed")
        .hint(
            "compare table network_pause_state with a backup of before the pause; "
            "'bt2c-dr network resume --force --reason TEXT' takes them as they are");
}

/// All that a resume changes, but for the order's own row.
void wake(Connection& database, const PauseOrder& order, const std::optional<Record>& record,
          PauseOutcome& outcome) {
    const SavedColumns columns = SavedColumns::of(database);
    if (record) {
        outcome.paused_seconds = std::max(0.0, order.issued_at - record->paused_at);
        restore_validators(database, order.network, columns, outcome);
        if (outcome.height && *outcome.height > record->height.value_or(-1))
            outcome.left_alone.push_back(
                base::format("blocks {} to {} were added during the pause; they are left as they are",
                             record->height.value_or(-1) + 1, *outcome.height));
        shift_requests(database, order.network, record->paused_at, outcome);
    }
    remove_guard(database, order.network);
    clear(database, order.network);
    add_status(database, order, "ACTIVE");
    outcome.changed = true;
}

}  // namespace

PauseOutcome apply_pause(Connection& database, const PauseOrder& order) {
    database.execute("PRAGMA synchronous = FULL");
    sqlite::Transaction transaction(database);
    require_tables(database, "pause", order);
    create_pause_tables(database);
    PauseOutcome outcome = begin(database, order);
    const bool fresh = is_new(database, "pause", order);
    const std::optional<Record> record = read_record(database, order.network);
    if (!record && !fresh) return outcome;  // this very order was obeyed, and its time has ended since
    const SavedColumns columns = SavedColumns::of(database);
    const bool had_guard = has_guard(database, order.network);
    const bool had_status = record && read_status(database, order.network).paused;
    save_validators(database, order.network, columns, record.has_value());
    outcome.validators_changed = stop_validators(database, order.network, columns, record.has_value());
    outcome.changed = fresh || !had_guard || !had_status || outcome.validators_changed > 0;
    if (!outcome.changed) return outcome;
    if (!had_guard) {
        remove_guard(database, order.network);
        add_guard(database, order.network, outcome.height);
    }
    put_record(database, order, record ? record->paused_at : order.issued_at, outcome);
    if (!had_status) add_status(database, order, "PAUSED");
    if (fresh) add_order(database, order, "pause");
    transaction.commit();
    return outcome;
}

PauseOutcome apply_resume(Connection& database, const PauseOrder& order, bool force) {
    database.execute("PRAGMA synchronous = FULL");
    sqlite::Transaction transaction(database);
    require_tables(database, "resume", order);
    create_pause_tables(database);
    PauseOutcome outcome = begin(database, order);
    const bool fresh = is_new(database, "resume", order);
    const std::optional<Record> record = read_record(database, order.network);
    if (!record && !has_guard(database, order.network) && !read_status(database, order.network).paused) {
        if (!fresh) return outcome;
        add_order(database, order, "resume");  // so that its number is known here
        transaction.commit();
        return outcome;
    }
    if (!record && !force)
        throw cannot("resume", order, ErrorKind::findings,
                     "it was paused by other software, which saved no states of its validators")
            .hint(
                "set their states by hand, then 'bt2c-dr network resume --force --reason TEXT' takes the "
                "pause "
                "away");
    if (record && saved_hash(database, order.network) != record->state_hash && !force)
        throw forged_states(order);
    wake(database, order, record, outcome);
    if (fresh) add_order(database, order, "resume");
    transaction.commit();
    return outcome;
}

PauseOutcome end_pause_in_time(Connection& database, const std::string& network, double now_s) {
    database.execute("PRAGMA synchronous = FULL");
    sqlite::Transaction transaction(database);
    const std::optional<Record> record = read_record(database, network);
    if (!record || !record->until || now_s < *record->until) return {};
    const PauseOrder order{.network = network,
                           .sequence = record->sequence,
                           .issued_at = *record->until,
                           .reason = base::format("the time of order {} is over", record->sequence),
                           .authority = record->authority};
    require_tables(database, "resume", order);
    PauseOutcome outcome = begin(database, order);
    if (saved_hash(database, network) != record->state_hash) throw forged_states(order);
    wake(database, order, record, outcome);
    transaction.commit();
    return outcome;
}

PauseState read_pause_state(Connection& database, const std::string& network) {
    PauseState state;
    const Status status = read_status(database, network);
    const std::optional<Record> record = read_record(database, network);
    state.paused = status.paused || record.has_value();
    state.recorded = record.has_value();
    state.guarded = has_guard(database, network);
    state.since = record ? record->paused_at : status.since;
    state.reason = record ? record->reason : status.reason;
    if (record) {
        state.until = record->until;
        state.recorded_height = record->height;
        state.denied = !status.paused;
        state.authority = record->authority;
        state.saved_validators = record->validators;
        state.sound = saved_hash(database, network) == record->state_hash;
    }
    if (auto order = database.try_prepare("SELECT sequence, action FROM network_orders WHERE network_type = "
                                          "? ORDER BY sequence DESC LIMIT 1")) {
        order->bind(1, network);
        if (order->next()) {
            state.sequence = order->integer(0);
            state.action = order->string(1);
        }
    }
    if (auto count = database.try_prepare(
            base::format("SELECT count(*), total({}) FROM validators WHERE network_type = ?",
                         record ? SavedColumns::of(database).awake() : "upper(status) = 'ACTIVE'"))) {
        count->bind(1, network);
        if (count->next()) {
            state.validators = count->integer(0);
            state.active_validators = count->integer(1);
        }
    }
    const Tip tip = block_at_end(database, network, "DESC");
    state.height = tip.height;
    state.tip_hash = tip.hash;
    state.genesis_hash = block_at_end(database, network, "ASC").hash;
    return state;
}

bool is_paused(Connection& database, const std::string& network) {
    return read_record(database, network).has_value() || read_status(database, network).paused;
}

void rename_saved_validator(Connection& database, const std::string& network, const std::string& old_address,
                            const std::string& new_address) {
    const std::optional<Record> record = read_record(database, network);
    if (!record || saved_hash(database, network) != record->state_hash) return;
    auto update =
        database.prepare("UPDATE network_pause_state SET address = ? WHERE network_type = ? AND address = ?");
    update.bind(1, new_address).bind(2, network).bind(3, old_address);
    update.run();
    auto seal = database.prepare("UPDATE network_pauses SET state_hash = ? WHERE network_type = ?");
    seal.bind(1, saved_hash(database, network)).bind(2, network);
    seal.run();
}

}  // namespace bt2c::chaindb
