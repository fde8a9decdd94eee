// The states of validators, saved by a pause and given back by a resume.

#include <utility>
#include <variant>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "chain/timestamp.hpp"
#include "chaindb/pause_tables.hpp"
#include "crypto/hash.hpp"

namespace bt2c::chaindb {

using base::format;
using sqlite::Connection;
using sqlite::ValueType;

namespace {

const char* column_or_null(bool there, const char* name) {
    return there ? name : "NULL";
}

/// A saved row beside the validator's row as it is now.
struct Pair {
    std::int64_t saved_row = 0, row = 0;
    std::string address;  ///< printable
    std::string saved_status;
    std::string status;      ///< now
    bool there = false;      ///< there is such a validator
    bool unclear = false;    ///< not as many rows have its address now as had it then
    bool as_paused = false;  ///< its state is what the pause made of it

    std::string changed_to() const {
        return status.empty() ? "none" : status == "INACTIVE" ? "INACTIVE with is_active set" : status;
    }
};

std::vector<Pair> read_pairs(Connection& database, const std::string& network, const SavedColumns& columns) {
    std::vector<Pair> pairs;
    // Where tables lost their constraints several rows may have one address, or none; they were saved in the
    // order of their rows. Quoted, an address that is NULL finds its like.
    const auto numbered = [](const char* more, const char* table) {
        return format(
            "(SELECT _rowid_ AS row, address, quote(address) AS key, status, {} AS rests, row_number() OVER "
            "(PARTITION BY address ORDER BY _rowid_) AS nth, count(*) OVER (PARTITION BY address) AS alike "
            "FROM {} WHERE network_type = ?1)",
            more, table);
    };
    auto query = database.prepare(format(
        "SELECT s.row, v.row, s.address, s.status, v.status, v.status IS 'INACTIVE' AND v.rests, v.alike != "
        "s.alike FROM {} s LEFT JOIN {} v ON v.key = s.key AND v.nth = s.nth ORDER BY s.address, s.row",
        numbered("1", "network_pause_state"),
        numbered(columns.is_active ? "is_active IS 0" : "1", "validators")));
    query.bind(1, network);
    while (query.next()) {
        Pair& pair = pairs.emplace_back();
        pair.saved_row = query.integer(0);
        pair.there = !query.is_null(1);
        pair.row = query.integer(1);
        pair.address = base::printable(query.text(2));
        pair.saved_status = base::printable(query.text(3));
        pair.status = base::printable(query.text(4));
        pair.as_paused = query.integer(5) != 0;
        pair.unclear = query.integer(6) != 0;
    }
    return pairs;
}

/// Moves a time of a validator's row on, if it is still what the pause found.
void shift_timer(Connection& database, const Pair& pair, const char* column, PauseOutcome& outcome) {
    auto query = database.prepare(format(
        "SELECT v.{0}, v.{0} IS s.{0} FROM validators v, network_pause_state s WHERE v._rowid_ = ? AND "
        "s._rowid_ = ?",
        column));
    query.bind(1, pair.row).bind(2, pair.saved_row);
    if (!query.next() || query.is_null(0)) return;
    if (query.integer(1) == 0) {
        outcome.left_alone.push_back(
            format("{}: {} was changed during the pause; it is left as it is", pair.address, column));
        return;
    }
    auto update = database.prepare(format("UPDATE validators SET {} = ? WHERE _rowid_ = ?", column));
    update.bind(2, pair.row);
    if (query.type(0) == ValueType::text) {
        const auto shifted = chain::shift_timestamp(query.text(0), outcome.paused_seconds);
        if (!shifted) {
            outcome.left_alone.push_back(
                format("{}: {} is no time that can be read; it is left as it is", pair.address, column));
            return;
        }
        update.bind(1, *shifted);
    } else if (query.type(0) == ValueType::blob) {
        outcome.left_alone.push_back(
            format("{}: {} is no time that can be read; it is left as it is", pair.address, column));
        return;
    } else if (query.real(0) <= 0) {
        return;  // never
    } else {
        update.bind(1, query.real(0) + outcome.paused_seconds);
    }
    update.run();
}

void restore_one(Connection& database, const Pair& pair, const SavedColumns& columns, PauseOutcome& outcome) {
    if (!pair.as_paused) {
        outcome.left_alone.push_back(
            format("{}: its state was changed during the pause to {}, and was {} before; it is left as it is",
                   pair.address, pair.changed_to(), pair.saved_status));
        return;
    }
    auto update = database.prepare(
        format("UPDATE validators SET status = s.status{0} FROM network_pause_state s WHERE "
               "validators._rowid_ = ?1 AND s._rowid_ = ?2 AND (validators.status IS NOT s.status{1})",
               columns.is_active ? ", is_active = s.is_active" : "",
               columns.is_active ? " OR validators.is_active IS NOT s.is_active" : ""));
    update.bind(1, pair.row).bind(2, pair.saved_row);
    update.run();
    outcome.validators_changed += database.changes();
}

}  // namespace

SavedColumns SavedColumns::of(Connection& database) {
    const auto has = [&](const char* name) { return database.has_column("validators", name); };
    return {has("is_active"), has("last_validation"), has("unstake_requested_at")};
}

const char* SavedColumns::awake() const {
    return is_active ? "(upper(status) = 'ACTIVE' OR (status IS 'INACTIVE' AND is_active IS NOT 0))"
                     : "upper(status) = 'ACTIVE'";
}

void save_validators(Connection& database, const std::string& network, const SavedColumns& columns,
                     bool only_awake) {
    auto insert = database.prepare(format(
        "INSERT INTO network_pause_state SELECT network_type, address, status, {}, {}, {} FROM "
        "validators v WHERE network_type = ?1 AND NOT EXISTS (SELECT 1 FROM network_pause_state s WHERE "
        "s.network_type = ?1 AND s.address IS v.address) AND {} ORDER BY v._rowid_",
        column_or_null(columns.is_active, "is_active"),
        column_or_null(columns.last_validation, "last_validation"),
        column_or_null(columns.unstake_requested_at, "unstake_requested_at"),
        only_awake ? columns.awake() : "1"));
    insert.bind(1, network);
    insert.run();
}

std::string saved_hash(Connection& database, const std::string& network) {
    crypto::Sha256 hash;
    auto pause = database.prepare(
        "SELECT quote(network_type) || quote(paused_at) FROM network_pauses WHERE network_type = ?");
    pause.bind(1, network);
    if (pause.next()) hash.update(base::as_bytes(pause.text(0)));
    auto rows = database.prepare(
        "SELECT char(10) || quote(address) || ',' || quote(status) || ',' || quote(is_active) || ',' || "
        "quote(last_validation) || ',' || quote(unstake_requested_at) AS line "
        "FROM "
        "network_pause_state WHERE network_type = ? ORDER BY line");
    rows.bind(1, network);
    while (rows.next()) hash.update(base::as_bytes(rows.text(0)));
    return base::to_hex(hash.finish());
}

void restore_validators(Connection& database, const std::string& network, const SavedColumns& columns,
                        PauseOutcome& outcome) {
    const std::vector<Pair> pairs = read_pairs(database, network, columns);
    for (const Pair& pair : pairs) {
        if (!pair.there) {
            outcome.left_alone.push_back(
                format("{}: it was {} and is no validator any more", pair.address, pair.saved_status));
        } else if (pair.unclear) {
            outcome.left_alone.push_back(
                format("{}: more or fewer rows have this address than when it was paused; they are left as "
                       "they are",
                       pair.address));
        } else {
            restore_one(database, pair, columns, outcome);
            if (columns.last_validation) shift_timer(database, pair, "last_validation", outcome);
            if (columns.unstake_requested_at) shift_timer(database, pair, "unstake_requested_at", outcome);
        }
    }
    auto added = database.prepare(
        "SELECT address, status FROM validators v WHERE network_type = ?1 AND NOT EXISTS (SELECT 1 FROM "
        "network_pause_state s WHERE s.network_type = ?1 AND s.address IS v.address) ORDER BY address");
    added.bind(1, network);
    while (added.next())
        outcome.left_alone.push_back(format("{}: it was added during the pause, {}; it is left as it is",
                                            base::printable(added.text(0)), base::printable(added.text(1))));
}

void shift_requests(Connection& database, const std::string& network, double paused_at,
                    PauseOutcome& outcome) {
    auto query = database.try_prepare(
        "SELECT _rowid_, requested_at FROM unstake_requests WHERE network_type = ? AND lower(status) IN "
        "('pending', 'processing') AND requested_at IS NOT NULL");
    if (!query) return;
    query->bind(1, network);
    std::vector<std::pair<std::int64_t, std::variant<double, std::string>>> requests;
    while (query->next()) {
        if (query->type(1) == ValueType::text)
            requests.emplace_back(query->integer(0), query->string(1));
        else
            requests.emplace_back(query->integer(0), query->real(1));
    }
    auto update = database.prepare("UPDATE unstake_requests SET requested_at = ? WHERE _rowid_ = ?");
    for (const auto& [row, time] : requests) {
        update.reset();
        update.bind(2, row);
        const double* number = std::get_if<double>(&time);
        const auto since =
            number ? std::optional(*number) : chain::parse_timestamp(std::get<std::string>(time));
        if (since && *since > paused_at) continue;  // it began to wait during the pause
        if (number) {
            update.bind(1, *number + outcome.paused_seconds);
        } else if (const auto shifted =
                       chain::shift_timestamp(std::get<std::string>(time), outcome.paused_seconds)) {
            update.bind(1, *shifted);
        } else {
            outcome.left_alone.push_back(
                format("request to leave in row {}: its time cannot be read; it is left as it is", row));
            continue;
        }
        update.run();
    }
}

}  // namespace bt2c::chaindb
