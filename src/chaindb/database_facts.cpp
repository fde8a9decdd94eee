#include "chaindb/database_facts.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/content_digests.hpp"
#include "chaindb/pause_tables.hpp"
#include "chaindb/validator_facts.hpp"
#include "crypto/hash.hpp"

namespace bt2c::chaindb {

using sqlite::Connection;

namespace {

/// More rows are counted only; tables of state have fewer.
constexpr std::int64_t digested_rows_max = 200'000;

void read_contents(Connection& database, const std::vector<std::string>& columns, const DatabaseFacts* before,
                   TableFacts& table) {
    table.digested = columns;
    if (before) {
        const auto was = std::ranges::find(before->tables, table.name, &TableFacts::name);
        if (was == before->tables.end()) return;
        table.digested = was->digested;
        for (const std::string& column : table.digested)
            if (std::ranges::find(columns, column) == columns.end()) return;
    }
    if (table.name == "blocks" || table.name == "transactions" || table.rows > digested_rows_max) return;
    if (!table.digested.empty()) table.digest = digest_table(database, table.name, table.digested);
}

std::vector<TableFacts> read_tables(Connection& database, const DatabaseFacts* before) {
    std::vector<TableFacts> tables;
    auto names = database.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "ORDER BY "
        "name");
    while (names.next()) {
        TableFacts table;
        table.name = names.string(0);
        table.rows = database.query_integer("SELECT count(*) FROM " + quoted_name(table.name)).value_or(0);
        auto columns = database.prepare("SELECT name, type FROM pragma_table_info(?) ORDER BY cid");
        columns.bind(1, table.name);
        std::vector<std::string> column_names;
        while (columns.next()) {
            column_names.push_back(columns.string(0));
            table.columns.push_back({columns.string(0), columns.string(1)});
        }
        read_contents(database, column_names, before, table);
        tables.push_back(std::move(table));
    }
    return tables;
}

EvidenceFacts read_evidence(Connection& database, const std::vector<TableFacts>& tables,
                            const DatabaseFacts* before) {
    EvidenceFacts evidence;
    const auto table = std::ranges::find(tables, "slashing_evidence", &TableFacts::name);
    if (table == tables.end()) return evidence;
    if (before) {
        evidence.columns = before->evidence.columns;
        evidence.last_rowid = before->evidence.last_rowid;
    } else {
        // Blocks act upon evidence later on.
        std::ranges::copy_if(table->digested, std::back_inserter(evidence.columns),
                             [](const std::string& column) { return column != "processed"; });
        auto last = database.try_prepare("SELECT max(rowid) FROM slashing_evidence");
        if (last && last->next()) evidence.last_rowid = last->integer(0);
    }
    evidence.digest = digest_evidence(database, evidence.columns, evidence.last_rowid);
    return evidence;
}

std::vector<QueueFacts> read_queue(Connection& database, const DatabaseFacts& facts,
                                   const DatabaseFacts* before) {
    const auto table = std::ranges::find(facts.tables, "unstake_requests", &TableFacts::name);
    if (table == facts.tables.end() || table->digest.empty()) return {};
    return digest_queue(
        database, table->digested,
        before ? rotations_beyond(before->rotations, facts.rotations) : std::vector<KeyRotation>());
}

/// Without the digests.
std::vector<HistoryFacts> read_settled(Connection& database, const std::vector<NetworkTip>& networks) {
    std::vector<HistoryFacts> history;
    for (const NetworkTip& tip : networks) {
        HistoryFacts& one = history.emplace_back();
        one.network = tip.network;
        one.height = tip.height;
        one.settled_height = std::max(tip.first_height, tip.height - unsettled_blocks);
        one.settled_hash = block_hash_at(database, tip.network, one.settled_height).value_or("");
    }
    return history;
}

/// Its guard comes and goes with orders to pause, which 'network status' tells of.
std::set<std::string> guards_of_pauses(Connection& database, const std::vector<NetworkTip>& networks) {
    std::set<std::string> names;
    for (const NetworkTip& tip : networks)
        if (has_guard(database, tip.network))
            for (const char* event : {"insert", "update"})
                names.insert(base::format("network_pause_guard_{}_{}", event, tip.network));
    return names;
}

std::vector<SchemaObject> read_schema_objects(Connection& database, const std::vector<NetworkTip>& networks) {
    const std::set<std::string> guards = guards_of_pauses(database, networks);
    std::vector<SchemaObject> objects;
    auto rows = database.prepare(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type IN ('index', 'view', 'trigger') AND "
        "name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name");
    while (rows.next()) {
        SchemaObject object{rows.string(0), rows.string(1), rows.string(2), "", rows.string(3)};
        if (object.type == "trigger" && guards.contains(object.name)) continue;
        object.digest = base::to_hex(crypto::sha256(base::as_bytes(object.sql)));
        objects.push_back(std::move(object));
    }
    return objects;
}

std::vector<PaidFacts> read_paid(Connection& database) {
    std::vector<PaidFacts> paid;
    auto rows = database.try_prepare(
        "SELECT network_type, sum(amount) FROM transactions WHERE lower(type) IN ('reward', 'developer') "
        "GROUP BY "
        "network_type ORDER BY network_type");
    while (rows && rows->next()) paid.push_back({rows->string(0), rows->real(1)});
    return paid;
}

DatabaseFacts read_commit(Connection& database, const DatabaseFacts* before) {
    DatabaseFacts facts;
    database.execute("BEGIN");
    facts.networks = network_tips(database);
    facts.tables = read_tables(database, before);
    facts.pauses = read_pauses(database, facts.networks);
    facts.rotations = read_known_rotations(database);
    facts.queue = read_queue(database, facts, before);
    facts.history = before ? before->history : read_settled(database, facts.networks);
    read_validators(database, facts);
    facts.paid = read_paid(database);
    facts.evidence = read_evidence(database, facts.tables, before);
    facts.schema_objects = read_schema_objects(database, facts.networks);
    database.execute("COMMIT");
    return facts;
}

/// There may be another one of that height, which is for others to find.
bool has_block(Connection& database, const NetworkTip& tip) {
    auto rows = database.prepare("SELECT hash FROM blocks WHERE network_type = ? AND height = ?");
    rows.bind(1, tip.network).bind(2, tip.height);
    while (rows.next())
        if (crypto::bounded_text(rows.text(0)) == tip.tip_hash) return true;
    return false;
}

}  // namespace

DatabaseFacts read_database_facts(Connection& database, const DatabaseFacts* before) {
    constexpr int attempts = 3;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        DatabaseFacts facts = read_commit(database, before);
        facts.history =
            digest_history(database, std::move(facts.history), before ? before->tables : facts.tables);
        // Another chain may have become the better one meanwhile.
        if (std::ranges::all_of(facts.networks,
                                [&](const NetworkTip& tip) { return has_block(database, tip); }))
            return facts;
    }
    throw base::Error(base::ErrorKind::busy,
                      "cannot tell what the chain holds: its last blocks keep changing")
        .hint("try again in a minute");
}

std::optional<std::string> block_hash_at(Connection& database, std::string_view network,
                                         std::int64_t height) {
    auto rows = database.try_prepare("SELECT hash FROM blocks WHERE network_type = ? AND height = ? LIMIT 2");
    if (!rows) return std::nullopt;
    rows->bind(1, network).bind(2, height);
    if (!rows->next()) return std::nullopt;
    std::string hash = crypto::bounded_text(rows->text(0));
    return rows->next() ? std::nullopt : std::optional(std::move(hash));
}

}  // namespace bt2c::chaindb
