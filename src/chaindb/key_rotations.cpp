#include "chaindb/key_rotations.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/network_pause.hpp"
#include "chaindb/sqlite/transaction.hpp"
#include "chaindb/validators.hpp"

namespace bt2c::chaindb {

using base::Error;
using base::ErrorKind;
using sqlite::Connection;

namespace {

/// One network's rotations of one key are one row: a key that was given up never comes back.
constexpr const char* create_table =
    "CREATE TABLE IF NOT EXISTS key_rotations (id INTEGER PRIMARY KEY, network_type TEXT NOT NULL, "
    "old_address TEXT NOT NULL, new_address TEXT NOT NULL, compromised INTEGER NOT NULL, reason TEXT NOT "
    "NULL, "
    "rotated_at REAL NOT NULL, record TEXT NOT NULL, UNIQUE (network_type, old_address))";

/// What a compromised key's own row says of columns that others read: nothing is left of the validator there.
constexpr std::pair<std::string_view, std::string_view> tombstone_values[] = {
    {"stake", "0.0"},           {"status", "'TOMBSTONED'"},   {"is_active", "0"},
    {"reputation", "0.0"},      {"total_blocks", "0"},        {"rewards_earned", "0.0"},
    {"unstake_amount", "NULL"}, {"unstake_position", "NULL"}, {"unstake_requested_at", "NULL"},
};

Error cannot(const KeyRotation& rotation, std::string cause) {
    return Error(ErrorKind::failed,
                 base::format("cannot rotate the key of {} on {}", base::printable(rotation.old_address),
                              base::printable(rotation.network)))
        .cause(std::move(cause))
        .state("the chain database was not changed");
}

std::string status_of(Connection& database, const std::string& address, const KeyRotation& rotation) {
    for (const ValidatorRow& row : find_validators(database, address))
        if (row.network == rotation.network) return row.status.empty() ? "unknown" : row.status;
    return "";
}

/// Moves rows of a table that need not be there.
std::int64_t move_rows(Connection& database, const KeyRotation& rotation, std::string_view table,
                       std::string_view condition) {
    auto update = database.try_prepare(base::format(
        "UPDATE {} SET validator_address = ? WHERE validator_address = ? AND network_type = ? AND {}", table,
        condition));
    if (!update) {
        if (database.has_table(table))
            throw cannot(rotation, base::format("the table {} lacks columns that it should have", table));
        return 0;
    }
    update->bind(1, rotation.new_address);
    update->bind(2, rotation.old_address);
    update->bind(3, rotation.network);
    update->run();
    return database.changes();
}

void move_validator(Connection& database, const KeyRotation& rotation) {
    auto update =
        database.prepare("UPDATE validators SET address = ? WHERE address = ? AND network_type = ?");
    update.bind(1, rotation.new_address);
    update.bind(2, rotation.old_address);
    update.bind(3, rotation.network);
    update.run();
    if (database.changes() != 1)
        throw cannot(rotation, base::format("{} rows have that address", database.changes()));
}

std::string identifier(std::string_view name) {
    std::string text = "\"";
    for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
    return text + "\"";
}

/// A copy of the validator's row, with columns that nobody here knows, under the address that is banned.
void add_tombstone(Connection& database, const KeyRotation& rotation) {
    std::string names, values;
    auto columns = database.prepare("SELECT name, type, pk FROM pragma_table_info('validators')");
    while (columns.next()) {
        const std::string name = columns.string(0);
        const bool counted = columns.integer(2) != 0 && name != "address" && name != "network_type";
        if (counted) continue;  // a row number, which the new row gets for itself
        std::string value = name == "address" ? "?" : identifier(name);
        for (const auto& [column, text] : tombstone_values)
            if (name == column) value = text;
        names += (names.empty() ? "" : ", ") + identifier(name);
        values += (values.empty() ? "" : ", ") + value;
    }
    auto insert = database.prepare(base::format(
        "INSERT INTO validators ({}) SELECT {} FROM validators WHERE address = ? AND network_type = ?", names,
        values));
    insert.bind(1, rotation.old_address);
    insert.bind(2, rotation.new_address);
    insert.bind(3, rotation.network);
    insert.run();
}

void add_record(Connection& database, const KeyRotation& rotation) {
    auto insert = database.prepare(
        "INSERT INTO key_rotations (network_type, old_address, new_address, compromised, reason, rotated_at, "
        "record) VALUES (?, ?, ?, ?, ?, ?, ?)");
    insert.bind(1, rotation.network);
    insert.bind(2, rotation.old_address);
    insert.bind(3, rotation.new_address);
    insert.bind(4, std::int64_t{rotation.compromised});
    insert.bind(5, rotation.reason);
    insert.bind(6, rotation.rotated_at);
    insert.bind(7, rotation.record);
    insert.run();
}

}  // namespace

RotationChanges apply_rotations(Connection& database, std::span<const KeyRotation> rotations) {
    database.execute("PRAGMA synchronous = FULL");
    sqlite::Transaction transaction(database);
    const RotationChanges changes = apply_rotations_within(database, rotations);
    transaction.commit();
    return changes;
}

RotationChanges apply_rotations_within(Connection& database, std::span<const KeyRotation> rotations) {
    RotationChanges changes;
    database.execute(create_table);
    for (const KeyRotation& rotation : rotations) {
        const std::string status = status_of(database, rotation.old_address, rotation);
        if (status.empty()) throw cannot(rotation, "it is no validator there");
        if (status == "TOMBSTONED") throw cannot(rotation, "its validator is TOMBSTONED: banned for ever");
        if (!status_of(database, rotation.new_address, rotation).empty())
            throw cannot(rotation, base::format("{} is a validator already", rotation.new_address));
        move_validator(database, rotation);
        if (rotation.compromised) add_tombstone(database, rotation);
        changes.unstake_requests += move_rows(database, rotation, "unstake_requests", "1");
        changes.open_evidence +=
            move_rows(database, rotation, "slashing_evidence", "NOT coalesce(processed, 0)");
        rename_saved_validator(database, rotation.network, rotation.old_address, rotation.new_address);
        add_record(database, rotation);
    }
    return changes;
}

std::vector<KeyRotation> read_rotations(Connection& database) {
    std::vector<KeyRotation> rotations;
    auto query = database.try_prepare(
        "SELECT network_type, old_address, new_address, compromised, reason, rotated_at, record "
        "FROM key_rotations ORDER BY id");
    while (query && query->next()) {
        KeyRotation& rotation = rotations.emplace_back();
        rotation.network = query->string(0);
        rotation.old_address = query->string(1);
        rotation.new_address = query->string(2);
        rotation.compromised = query->integer(3) != 0;
        rotation.reason = query->string(4);
        rotation.rotated_at = query->real(5);
        rotation.record = query->string(6);
    }
    return rotations;
}

}  // namespace bt2c::chaindb
