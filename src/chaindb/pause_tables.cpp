#include "chaindb/pause_tables.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "base/time.hpp"

namespace bt2c::chaindb {

using base::format;
using sqlite::Connection;

namespace {

// Saved columns have no type, so that values keep the one that they have in `validators`.
constexpr const char* create_tables =
    "CREATE TABLE IF NOT EXISTS network_status (id INTEGER PRIMARY KEY, status TEXT NOT NULL, reason TEXT, "
    "timestamp REAL NOT NULL, network_type TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS network_pauses (network_type TEXT NOT NULL PRIMARY KEY, sequence INTEGER NOT "
    "NULL, paused_at REAL NOT NULL, until REAL, height INTEGER, tip_hash TEXT NOT NULL, validators INTEGER "
    "NOT NULL, state_hash TEXT NOT NULL, reason TEXT NOT NULL, authority TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS network_pause_state (network_type TEXT NOT NULL, address, status, is_active, "
    "last_validation, unstake_requested_at);"
    "CREATE INDEX IF NOT EXISTS network_pause_state_address ON network_pause_state (network_type, address);"
    "CREATE TABLE IF NOT EXISTS network_orders (network_type TEXT NOT NULL, sequence INTEGER NOT NULL, "
    "action TEXT NOT NULL, issued_at REAL NOT NULL, applied_at REAL NOT NULL, reason TEXT NOT NULL, "
    "authority TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (network_type, sequence));";

std::string quoted_with(char quote, std::string_view text) {
    std::string out(1, quote);
    for (const char c : text) {
        out += c;
        if (c == quote) out += c;
    }
    return out + quote;
}

std::string literal(std::string_view text) {
    return quoted_with('\'', text);
}

/// A trigger of the guard: what stands before the height in the text that SQLite keeps of it, and behind it.
struct Trigger {
    std::string name, before, after;
};

std::array<Trigger, 2> guard_of(const std::string& network) {
    const std::string refuse =
        format(" BEGIN SELECT RAISE(ABORT, {}); END",
               literal(format("network {} is paused: no new block. 'bt2c-dr network status' tells more",
                              base::printable(network))));
    const auto named = [&](const char* event) {
        return quoted_with('"', format("network_pause_guard_{}_{}", event, network));
    };
    // Other software may write the name as a blob, or in capitals.
    const std::string of_network =
        format("CAST(NEW.network_type AS TEXT) = {} COLLATE NOCASE", literal(network));
    return {Trigger{named("insert"), "BEFORE INSERT ON blocks WHEN " + of_network, refuse},
            Trigger{named("update"),
                    format("BEFORE UPDATE ON blocks WHEN {} AND (OLD.network_type IS NOT NEW.network_type OR "
                           "OLD.hash IS NOT NEW.hash OR NEW.height > ",
                           of_network),
                    ")" + refuse}};
}

}  // namespace

void create_pause_tables(Connection& database) {
    database.execute(create_tables);
}

void add_guard(Connection& database, const std::string& network, std::optional<std::int64_t> height) {
    const auto [insert, update] = guard_of(network);
    database.execute(format("CREATE TRIGGER {} {}{}", insert.name, insert.before, insert.after));
    database.execute(
        format("CREATE TRIGGER {} {}{}{}", update.name, update.before, height.value_or(-1), update.after));
}

void remove_guard(Connection& database, const std::string& network) {
    for (const Trigger& trigger : guard_of(network))
        database.execute(format("DROP TRIGGER IF EXISTS {}", trigger.name));
}

bool has_guard(Connection& database, const std::string& network) {
    // A trigger of that name that does something else guards nothing.
    return std::ranges::all_of(guard_of(network), [&](const Trigger& trigger) {
        auto query = database.prepare(
            "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'blocks' AND substr(sql, 1, "
            "length(?1)) = ?1 AND substr(sql, -length(?2)) = ?2 AND trim(substr(sql, length(?1) + 1, "
            "length(sql) - length(?1) - length(?2)), '-0123456789') = ''");
        query.bind(1, format("CREATE TRIGGER {} {}", trigger.name, trigger.before)).bind(2, trigger.after);
        return query.next();
    });
}

void add_status(Connection& database, const PauseOrder& order, const char* status) {
    auto insert = database.prepare(
        "INSERT INTO network_status (status, reason, timestamp, network_type) VALUES (?, ?, ?, ?)");
    insert.bind(1, status).bind(2, order.reason).bind(3, order.issued_at).bind(4, order.network);
    insert.run();
}

void add_order(Connection& database, const PauseOrder& order, const char* action) {
    auto insert = database.prepare("INSERT INTO network_orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(1, order.network).bind(2, order.sequence).bind(3, action).bind(4, order.issued_at);
    insert.bind(5, static_cast<double>(base::now_unix_ms()) / 1000);
    insert.bind(6, order.reason).bind(7, order.authority).bind(8, order.text);
    insert.run();
}

std::int64_t last_sequence(Connection& database, const std::string& network) {
    auto query = database.try_prepare("SELECT max(sequence) FROM network_orders WHERE network_type = ?");
    if (!query) return 0;
    query->bind(1, network);
    return query->next() ? query->integer(0) : 0;
}

}  // namespace bt2c::chaindb
