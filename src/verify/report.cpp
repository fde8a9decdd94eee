#include "verify/report.hpp"

#include <array>

namespace bt2c::verify {

using base::Json;

std::string_view check_name(Check check) {
    static constexpr std::array<std::string_view, check_count> names = {
        "missing_tables",     "discontinuities", "duplicate_blocks", "orphaned_transactions",
        "invalid_validators", "merkle_roots",    "block_hashes",     "supply",
        "database_pages"};
    return names[static_cast<std::size_t>(check)];
}

std::string_view status_name(CheckStatus status) {
    switch (status) {
        case CheckStatus::pass: return "pass";
        case CheckStatus::fail: return "fail";
        case CheckStatus::skipped: break;
    }
    return "skipped";
}

Json to_json(const Finding& finding) {
    return Json::object({{"table", finding.table},
                         {"key", finding.key},
                         {"network", finding.network.empty() ? Json() : Json(finding.network)},
                         {"height", finding.height},
                         {"expected", finding.expected},
                         {"found", finding.found},
                         {"text", finding.text}});
}

Json to_json(const CheckResult& result) {
    Json examples = Json::array();
    for (const Finding& finding : result.examples) examples.push(to_json(finding));
    Json json = Json::object({{"name", check_name(result.check)},
                              {"status", status_name(result.status)},
                              {"count", result.count},
                              {"examples", std::move(examples)}});
    if (!result.reason.empty()) json.set("reason", result.reason);
    return json;
}

namespace {

void set_summary(Json& json, const NetworkSummary& summary) {
    json.set("network", summary.network.empty() ? Json() : Json(summary.network))
        .set("height", summary.height)
        .set("tip_hash", summary.tip_hash)
        .set("blocks", summary.blocks)
        .set("transactions", summary.transactions)
        .set("validators", summary.validators)
        .set("proved_blocks", summary.proved_blocks)
        .set("unproved_blocks", summary.unproved_blocks);
}

}  // namespace

Json to_json(const NetworkSummary& summary) {
    Json json = Json::object();
    set_summary(json, summary);
    return json;
}

Json to_json(const Report& report) {
    Json json = Json::object({{"ok", report.ok}});
    set_summary(json, report.total);
    if (report.networks.size() != 1) {
        Json networks = Json::array();
        for (const NetworkSummary& summary : report.networks) networks.push(to_json(summary));
        json.set("networks", std::move(networks));
    }
    json.set("duration_seconds", report.duration_seconds);
    Json checks = Json::array();
    for (const CheckResult& result : report.checks) checks.push(to_json(result));
    json.set("checks", std::move(checks));
    return json;
}

}  // namespace bt2c::verify
