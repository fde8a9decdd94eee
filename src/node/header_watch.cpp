#include "node/header_watch.hpp"

#include "base/error.hpp"
#include "node/evidence.hpp"
#include "node/rows.hpp"

namespace bt2c::node {

namespace {

constexpr std::int64_t heights_kept = 100;
constexpr std::int64_t heights_ahead = 2;
/// Two are a case; more would only let a validator fill the table.
constexpr std::int64_t headers_each = 2;
constexpr std::int64_t offered_again_blocks = 12;

}  // namespace

HeaderWatch::HeaderWatch(Database& database, ValidatorSet& validators, std::string network)
    : database_(database), validators_(validators), network_(std::move(network)) {}

std::vector<BlockHeader> HeaderWatch::others(const BlockHeader& header) {
    std::vector<BlockHeader> found;
    auto query = database_.ask(
        "SELECT header FROM node_headers WHERE network = ?1 AND height = ?2 AND validator = ?3 AND hash <> "
        "?4",
        network_, header.height, header.validator, chain::hash_text(header.hash));
    while (query.next()) found.push_back(parse_header(query->text(0)));
    return found;
}

void HeaderWatch::saw(const BlockHeader& header, std::int64_t tip_height) {
    if (header.height < tip_height - heights_kept || header.height > tip_height + heights_ahead ||
        !validators_.find(header.validator))
        return;
    std::vector<BlockHeader> others = this->others(header);
    if (const auto hash = block_hash_at(database_, network_, header.height); hash && *hash != header.hash)
        if (const auto block = read_block(database_, network_, *hash);
            block && !block->header.signature.empty() && block->header.validator == header.validator)
            others.push_back(block->header);
    if (!others.empty()) add_case(others.front(), header);
    if (static_cast<std::int64_t>(others.size()) >= headers_each) return;
    database_.run(
        "INSERT OR IGNORE INTO node_headers (hash, network, height, validator, header) "
        "VALUES (?1, ?2, ?3, ?4, ?5)",
        chain::hash_text(header.hash), network_, header.height, header.validator, to_json(header));
}

void HeaderWatch::adopted(const BlockHeader& header) {
    const std::vector<BlockHeader> others = this->others(header);
    if (!others.empty()) add_case(others.front(), header);
}

void HeaderWatch::prune(std::int64_t tip_height) {
    database_.run("DELETE FROM node_headers WHERE network = ?1 AND height < ?2", network_,
                  tip_height - heights_kept);
}

void HeaderWatch::add_case(const BlockHeader& one, const BlockHeader& other) {
    const bool in_order = one.hash < other.hash;
    const BlockHeader& first = in_order ? one : other;
    const BlockHeader& second = in_order ? other : one;
    if (database_.integer("SELECT 1 FROM node_evidence WHERE network = ?1 AND validator = ?2 AND height = ?3",
                          network_, first.validator, first.height))
        return;
    database_.run("INSERT INTO node_evidence (network, validator, height, payload) VALUES (?1, ?2, ?3, ?4)",
                  network_, first.validator, first.height, evidence_payload(first, second));
    if (database_.integer(
            "SELECT 1 FROM slashing_evidence WHERE validator_address = ?1 AND height = ?2 AND network_type = "
            "?3",
            first.validator, first.height, network_))
        return;
    database_.run(
        "INSERT INTO slashing_evidence (validator_address, evidence_type, block_hash1, block_hash2, height, "
        "timestamp, network_type, processed) VALUES (?1, 'double_sign', ?2, ?3, ?4, ?5, ?6, 0)",
        first.validator, chain::hash_text(first.hash), chain::hash_text(second.hash), first.height,
        other.timestamp, network_);
}

std::vector<std::string> HeaderWatch::due_payloads(std::int64_t tip_height) {
    std::vector<std::string> due;
    auto query = database_.ask(
        "SELECT validator, payload FROM node_evidence e WHERE network = ?1 AND NOT EXISTS (SELECT 1 FROM "
        "slashing_evidence s WHERE s.network_type = e.network AND s.height = e.height AND s.processed = 1)",
        network_);
    while (query.next()) {
        const ValidatorSet::Row* row = validators_.find(query->text(0));
        if (row && row->status == chain::ValidatorStatus::tombstoned) continue;
        const auto [offered, first_time] = offered_.try_emplace(query->string(1), tip_height);
        if (!first_time && tip_height < offered->second + offered_again_blocks) continue;
        offered->second = tip_height;
        due.push_back(query->string(1));
    }
    return due;
}

std::int64_t HeaderWatch::cases() {
    return database_
        .integer(
            "SELECT count(*) FROM slashing_evidence WHERE network_type = ?1 AND evidence_type = "
            "'double_sign'",
            network_)
        .value_or(0);
}

}  // namespace bt2c::node
