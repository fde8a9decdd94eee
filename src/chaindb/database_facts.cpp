#include "chaindb/database_facts.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"

namespace bt2c::chaindb {

using base::Json;
using sqlite::Connection;

namespace {

constexpr std::size_t validators_kept_max = 20'000;

std::vector<TableFacts> read_tables(Connection& database) {
    std::vector<TableFacts> tables;
    auto names = database.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "ORDER BY "
        "name");
    while (names.next()) {
        TableFacts table;
        table.name = names.string(0);
        std::string quoted;
        for (const char c : table.name) quoted += c == '"' ? "\"\"" : std::string(1, c);
        table.rows = database.query_integer("SELECT count(*) FROM \"" + quoted + "\"").value_or(0);
        auto columns = database.prepare("SELECT name, type FROM pragma_table_info(?) ORDER BY cid");
        columns.bind(1, table.name);
        while (columns.next()) table.columns.push_back(columns.string(0) + " " + columns.string(1));
        tables.push_back(std::move(table));
    }
    return tables;
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

}  // namespace

DatabaseFacts read_database_facts(Connection& database) {
    DatabaseFacts facts;
    database.execute("BEGIN");
    facts.networks = network_tips(database);
    facts.tables = read_tables(database);
    read_validators(database, facts);
    facts.paid = read_paid(database);
    database.execute("COMMIT");
    return facts;
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

Json DatabaseFacts::to_json() const {
    Json networks_json = Json::array(), tables_json = Json::array(), validators_json = Json::array(),
         paid_json = Json::array();
    for (const NetworkTip& tip : networks)
        networks_json.push(Json::object({{"network", tip.network},
                                         {"height", tip.height},
                                         {"tip_hash", tip.tip_hash},
                                         {"genesis_hash", tip.genesis_hash},
                                         {"blocks", tip.blocks}}));
    for (const TableFacts& table : tables) {
        Json columns = Json::array();
        for (const std::string& column : table.columns) columns.push(column);
        tables_json.push(
            Json::object({{"name", table.name}, {"rows", table.rows}, {"columns", std::move(columns)}}));
    }
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
                         {"validators_digest", validators_digest},
                         {"validators_count", validators_count},
                         {"validators", std::move(validators_json)}});
}

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
        for (const Json& column : table.array_at("columns")) {
            if (!column.is_string()) throw base::Error(base::ErrorKind::failed, "a column is no text");
            to.columns.push_back(column.string());
        }
    }
    for (const Json& one : json.array_at("paid"))
        facts.paid.push_back({one.string_at("network"), one.number_at("coins")});
    facts.validators_digest = json.string_at("validators_digest");
    facts.validators_count = json.integer_at("validators_count");
    for (const Json& validator : json.array_at("validators"))
        facts.validators.push_back({validator.string_at("address"), validator.string_at("network"),
                                    validator.string_at("status"), validator.number_at("stake")});
    return facts;
}

}  // namespace bt2c::chaindb
