#include "node/tables.hpp"

#include <chrono>
#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/key_rotations.hpp"
#include "chaindb/sqlite/transaction.hpp"

namespace bt2c::node {

namespace {

constexpr const char* own_tables =
    "CREATE TABLE IF NOT EXISTS node_state (network TEXT PRIMARY KEY, base_height INTEGER NOT NULL, "
    "tip TEXT NOT NULL, paid_units INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS node_accounts (network TEXT NOT NULL, address TEXT NOT NULL, "
    "balance INTEGER NOT NULL, nonce INTEGER NOT NULL, PRIMARY KEY (network, address)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS node_blocks (hash TEXT PRIMARY KEY, validator TEXT NOT NULL, "
    "round INTEGER NOT NULL, signature BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS node_keys (address TEXT PRIMARY KEY, public_key BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS node_unstaking (network TEXT NOT NULL, address TEXT NOT NULL, "
    "release_height INTEGER NOT NULL, units INTEGER NOT NULL, PRIMARY KEY (network, address)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS node_undo (hash TEXT PRIMARY KEY, network TEXT NOT NULL, "
    "height INTEGER NOT NULL, changes BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS node_headers (hash TEXT PRIMARY KEY, network TEXT NOT NULL, "
    "height INTEGER NOT NULL, validator TEXT NOT NULL, header TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS node_headers_height ON node_headers (network, height);"
    "CREATE TABLE IF NOT EXISTS node_evidence (network TEXT NOT NULL, validator TEXT NOT NULL, "
    "height INTEGER NOT NULL, payload TEXT NOT NULL, PRIMARY KEY (network, validator, height));"
    "CREATE TABLE IF NOT EXISTS node_made (network TEXT NOT NULL, validator TEXT NOT NULL, "
    "height INTEGER NOT NULL, hash TEXT NOT NULL, block TEXT NOT NULL, "
    "PRIMARY KEY (network, validator, height));"
    "CREATE INDEX IF NOT EXISTS node_transactions_block ON transactions (block_hash);";

/// As nodes of the layout *fresh* make it; the layout *orm* is without.
constexpr const char* evidence_table =
    "CREATE TABLE IF NOT EXISTS slashing_evidence (id INTEGER PRIMARY KEY AUTOINCREMENT, "
    "validator_address TEXT NOT NULL, evidence_type TEXT NOT NULL, block_hash1 TEXT, block_hash2 TEXT, "
    "height INTEGER, timestamp REAL NOT NULL, network_type TEXT NOT NULL, "
    "processed INTEGER NOT NULL DEFAULT 0)";

}  // namespace

void make_tables(Database& database) {
    for (const std::string_view table : {"blocks", "transactions", "validators"})
        if (!database.connection().has_table(table))
            throw base::Error(base::ErrorKind::failed, "this is no chain database")
                .cause(base::format("it has no table {}", table));
    // Asked first: a database that has all of them is not written to.
    if (database.connection().has_table("node_made") && database.connection().has_table("slashing_evidence"))
        return;
    chaindb::sqlite::Transaction transaction(database.connection());
    database.connection().execute(own_tables);
    database.connection().execute(evidence_table);
    chaindb::apply_rotations_within(database.connection(), {});  // makes their table
    transaction.commit();
}

std::string time_text(double unix_s, char separator) {
    const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds(micros(unix_s))};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    return base::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}.{:06}", static_cast<int>(date.year()),
                        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), separator,
                        clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                        clock.subseconds().count());
}

std::int64_t micros(double unix_s) {
    return std::llround(unix_s * 1e6);
}

}  // namespace bt2c::node
