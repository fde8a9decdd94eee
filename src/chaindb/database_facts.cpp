#include "chaindb/database_facts.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/content_digests.hpp"
#include "chaindb/pause_tables.hpp"
#include "crypto/hash.hpp"

namespace bt2c::chaindb {

using base::Json;
using sqlite::Connection;

namespace {

constexpr std::size_t validators_kept_max = 20'000;

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
            table.columns.push_back(columns.string(0) + " " + columns.string(1));
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

void read_validators(Connection& database, DatabaseFacts& facts) {
    crypto::Sha256 digest;
    auto rows = database.try_prepare(
        "SELECT address, network_type, upper(coalesce(status, '')), stake FROM validators ORDER BY address, "
        "network_type");
    while (rows && rows->next()) {
        const ValidatorFacts validator{rows->string(0), rows->string(1), rows->string(2), rows->real(3)};
        digest.update(base::as_bytes(base::format("{}\n{}\n{}\n{}\n", validator.address, validator.network,
                                                  validator.status, validator.stake)));
        if (++facts.validators_count <= static_cast<std::int64_t>(validators_kept_max))
            facts.validators.push_back(validator);
    }
    if (facts.validators_count > static_cast<std::int64_t>(validators_kept_max)) facts.validators.clear();
    facts.validators_digest = base::to_hex(digest.finish());
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
    read_validators(database, facts);
    facts.paid = read_paid(database);
    facts.evidence = read_evidence(database, facts.tables, before);
    facts.schema_objects = read_schema_objects(database, facts.networks);
    database.execute("COMMIT");
    return facts;
}

/// There may be another one of that height, which is for others to find.
bool has_block(Connection& database, const NetworkTip& tip) {
    auto rows =
        database.prepare("SELECT 1 FROM blocks WHERE network_type = ? AND height = ? AND hash = ? LIMIT 1");
    rows.bind(1, tip.network).bind(2, tip.height).bind(3, tip.tip_hash);
    return rows.next();
}

}  // namespace

DatabaseFacts read_database_facts(Connection& database, const DatabaseFacts* before) {
    constexpr int attempts = 3;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        DatabaseFacts facts = read_commit(database, before);
        std::vector<HistoryFacts> until;
        if (before)
            until = before->history;
        else
            for (const NetworkTip& tip : facts.networks) until.push_back({tip.network, tip.height, "", ""});
        facts.history = digest_history(database, until, before ? before->tables : facts.tables);
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
    std::string hash = rows->string(0);
    return rows->next() ? std::nullopt : std::optional(std::move(hash));
}

namespace {

Json json_of(const std::vector<std::string>& texts) {
    Json list = Json::array();
    for (const std::string& text : texts) list.push(text);
    return list;
}

}  // namespace

Json DatabaseFacts::to_json() const {
    Json networks_json = Json::array(), tables_json = Json::array(), validators_json = Json::array(),
         paid_json = Json::array();
    for (const NetworkTip& tip : networks)
        networks_json.push(Json::object({{"network", tip.network},
                                         {"height", tip.height},
                                         {"tip_hash", tip.tip_hash},
                                         {"genesis_hash", tip.genesis_hash},
                                         {"blocks", tip.blocks}}));
    for (const TableFacts& table : tables)
        tables_json.push(Json::object({{"name", table.name},
                                       {"rows", table.rows},
                                       {"columns", json_of(table.columns)},
                                       {"digested", json_of(table.digested)},
                                       {"digest", table.digest}}));
    Json objects_json = Json::array();
    for (const SchemaObject& object : schema_objects)
        objects_json.push(Json::object({{"type", object.type},
                                        {"name", object.name},
                                        {"table", object.table},
                                        {"digest", object.digest}}));
    Json history_json = Json::array();
    for (const HistoryFacts& one : history)
        history_json.push(Json::object({{"network", one.network},
                                        {"height", one.height},
                                        {"blocks", one.blocks},
                                        {"transactions", one.transactions}}));
    for (const ValidatorFacts& validator : validators)
        validators_json.push(Json::object({{"address", validator.address},
                                           {"network", validator.network},
                                           {"status", validator.status},
                                           {"stake", validator.stake}}));
    for (const PaidFacts& one : paid)
        paid_json.push(Json::object({{"network", one.network}, {"coins", one.coins}}));
    return Json::object({{"networks", std::move(networks_json)},
                         {"tables", std::move(tables_json)},
                         {"paid", std::move(paid_json)},
                         {"history", std::move(history_json)},
                         {"evidence", Json::object({{"columns", json_of(evidence.columns)},
                                                    {"last_rowid", evidence.last_rowid},
                                                    {"digest", evidence.digest}})},
                         {"schema_objects", std::move(objects_json)},
                         {"validators_digest", validators_digest},
                         {"validators_count", validators_count},
                         {"validators", std::move(validators_json)}});
}

namespace {

std::vector<std::string> texts_of(const Json::Array& list) {
    std::vector<std::string> texts;
    for (const Json& one : list) {
        if (!one.is_string()) throw base::Error(base::ErrorKind::failed, "a column is no text");
        texts.push_back(one.string());
    }
    return texts;
}

}  // namespace

DatabaseFacts DatabaseFacts::from_json(const Json& json) {
    DatabaseFacts facts;
    for (const Json& tip : json.array_at("networks")) {
        NetworkTip& to = facts.networks.emplace_back();
        to.network = tip.string_at("network");
        to.height = tip.integer_at("height");
        to.tip_hash = tip.string_at("tip_hash");
        to.genesis_hash = tip.string_at("genesis_hash");
        to.blocks = tip.integer_at("blocks");
    }
    for (const Json& table : json.array_at("tables")) {
        TableFacts& to = facts.tables.emplace_back();
        to.name = table.string_at("name");
        to.rows = table.integer_at("rows");
        to.columns = texts_of(table.array_at("columns"));
        to.digested = texts_of(table.array_at("digested"));
        to.digest = table.string_at("digest");
    }
    for (const Json& one : json.array_at("history"))
        facts.history.push_back({one.string_at("network"), one.integer_at("height"), one.string_at("blocks"),
                                 one.string_at("transactions")});
    for (const Json& one : json.array_at("paid"))
        facts.paid.push_back({one.string_at("network"), one.number_at("coins")});
    const Json& evidence = json.at("evidence");
    facts.evidence = {texts_of(evidence.array_at("columns")), evidence.integer_at("last_rowid"),
                      evidence.string_at("digest")};
    for (const Json& object : json.array_at("schema_objects"))
        facts.schema_objects.push_back({object.string_at("type"), object.string_at("name"),
                                        object.string_at("table"), object.string_at("digest"), ""});
    facts.validators_digest = json.string_at("validators_digest");
    facts.validators_count = json.integer_at("validators_count");
    for (const Json& validator : json.array_at("validators"))
        facts.validators.push_back({validator.string_at("address"), validator.string_at("network"),
                                    validator.string_at("status"), validator.number_at("stake")});
    return facts;
}

}  // namespace bt2c::chaindb
