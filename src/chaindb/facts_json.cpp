// Facts in the record that is kept of them, and out of it.

#include <utility>

#include "base/error.hpp"
#include "chaindb/database_facts.hpp"
#include "crypto/hash.hpp"

namespace bt2c::chaindb {

using base::Json;

namespace {

Json json_of(const std::vector<std::string>& texts) {
    Json list = Json::array();
    for (const std::string& text : texts) list.push(text);
    return list;
}

Json json_of(const std::vector<ColumnFacts>& columns) {
    Json list = Json::array();
    for (const ColumnFacts& column : columns)
        list.push(Json::object({{"name", column.name}, {"type", column.type}}));
    return list;
}

Json json_of(const HistoryDigests& digests) {
    return Json::object({{"blocks", digests.blocks}, {"transactions", digests.transactions}});
}

Json json_of(const std::vector<PauseFacts>& pauses) {
    Json list = Json::array();
    for (const PauseFacts& pause : pauses)
        list.push(Json::object({{"network", pause.network},
                                {"sequence", pause.sequence},
                                {"resumes", pause.resumes},
                                {"paused", pause.paused}}));
    return list;
}

Json json_of(const std::vector<KeyRotation>& rotations) {
    Json list = Json::array();
    for (const KeyRotation& rotation : rotations)
        list.push(Json::object({{"network", rotation.network},
                                {"old_address", rotation.old_address},
                                {"new_address", rotation.new_address}}));
    return list;
}

Json json_of(const std::vector<QueueFacts>& queue) {
    Json list = Json::array();
    for (const QueueFacts& one : queue)
        list.push(
            Json::object({{"network", one.network}, {"digest", one.digest}, {"timeless", one.timeless}}));
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
                                        {"settled_height", one.settled_height},
                                        {"settled_hash", one.settled_hash},
                                        {"settled", json_of(one.settled)},
                                        {"unsettled", json_of(one.unsettled)}}));
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
                         {"pauses", json_of(pauses)},
                         {"rotations", json_of(rotations)},
                         {"queue", json_of(queue)},
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

HistoryDigests digests_of(const Json& json) {
    return {json.string_at("blocks"), json.string_at("transactions")};
}

}  // namespace

DatabaseFacts DatabaseFacts::from_json(const Json& json) {
    DatabaseFacts facts;
    for (const Json& tip : json.array_at("networks")) {
        NetworkTip& to = facts.networks.emplace_back();
        to.network = tip.string_at("network");
        to.height = tip.integer_at("height");
        to.tip_hash = crypto::bounded_text(tip.string_at("tip_hash"));
        to.genesis_hash = crypto::bounded_text(tip.string_at("genesis_hash"));
        to.blocks = tip.integer_at("blocks");
    }
    for (const Json& table : json.array_at("tables")) {
        TableFacts& to = facts.tables.emplace_back();
        to.name = table.string_at("name");
        to.rows = table.integer_at("rows");
        for (const Json& column : table.array_at("columns"))
            to.columns.push_back({column.string_at("name"), column.string_at("type")});
        to.digested = texts_of(table.array_at("digested"));
        to.digest = table.string_at("digest");
    }
    for (const Json& one : json.array_at("history"))
        facts.history.push_back({one.string_at("network"), one.integer_at("height"),
                                 one.integer_at("settled_height"),
                                 crypto::bounded_text(one.string_at("settled_hash")),
                                 digests_of(one.at("settled")), digests_of(one.at("unsettled"))});
    for (const Json& one : json.array_at("paid"))
        facts.paid.push_back({one.string_at("network"), one.number_at("coins")});
    const Json& evidence = json.at("evidence");
    facts.evidence = {texts_of(evidence.array_at("columns")), evidence.integer_at("last_rowid"),
                      evidence.string_at("digest")};
    for (const Json& object : json.array_at("schema_objects"))
        facts.schema_objects.push_back({object.string_at("type"), object.string_at("name"),
                                        object.string_at("table"), object.string_at("digest"), ""});
    for (const Json& pause : json.array_at("pauses"))
        facts.pauses.push_back({pause.string_at("network"), pause.integer_at("sequence"),
                                pause.integer_at("resumes"), pause.bool_at("paused")});
    for (const Json& one : json.array_at("rotations")) {
        KeyRotation& rotation = facts.rotations.emplace_back();
        rotation.network = one.string_at("network");
        rotation.old_address = one.string_at("old_address");
        rotation.new_address = one.string_at("new_address");
    }
    for (const Json& one : json.array_at("queue"))
        facts.queue.push_back({one.string_at("network"), one.string_at("digest"), one.string_at("timeless")});
    facts.validators_digest = json.string_at("validators_digest");
    facts.validators_count = json.integer_at("validators_count");
    for (const Json& validator : json.array_at("validators"))
        facts.validators.push_back({validator.string_at("address"), validator.string_at("network"),
                                    validator.string_at("status"), validator.number_at("stake")});
    return facts;
}

}  // namespace bt2c::chaindb
