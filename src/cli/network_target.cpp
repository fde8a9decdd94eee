#include "cli/network_target.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "base/time.hpp"
#include "chaindb/chain_tables.hpp"
#include "platform/process.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using base::Json;
using chaindb::sqlite::Connection;

std::string list_of(const std::set<std::string>& networks) {
    std::string list;
    for (const std::string& network : networks) list += (list.empty() ? "" : ", ") + base::printable(network);
    return list;
}

std::set<std::string> networks_of(Connection& database) {
    std::set<std::string> networks;
    for (const chaindb::NetworkTip& tip : chaindb::network_tips(database)) networks.insert(tip.network);
    if (auto query = database.try_prepare("SELECT DISTINCT network_type FROM validators LIMIT 100"))
        while (query->next())
            if (query->type(0) == chaindb::sqlite::ValueType::text) networks.insert(query->string(0));
    return networks;
}

std::vector<std::string> pause_problems(const chaindb::PauseState& state) {
    std::vector<std::string> problems;
    if (state.paused && !state.recorded)
        problems.emplace_back(
            "it was paused by other software, which saved no states: 'network resume' cannot give "
            "them back");
    if (state.recorded && !state.guarded)
        problems.emplace_back("the guard against new blocks is gone: run 'bt2c-dr network pause' again");
    if (state.recorded && state.denied)
        problems.emplace_back(
            "other software has recorded it as not paused: run 'bt2c-dr network pause' again");
    if (state.recorded && state.height && *state.height > state.recorded_height.value_or(-1))
        problems.push_back(base::format(
            "blocks were added although the network is paused: it was at height {}, and is at {} now",
            state.recorded_height ? base::format("{}", *state.recorded_height) : "none", *state.height));
    if (state.recorded && state.until && *state.until * 1000 <= static_cast<double>(base::now_unix_ms()))
        problems.emplace_back(
            "its time is over, and no agent runs here that would end it: run 'bt2c-dr network resume'");
    if (state.recorded && state.active_validators > 0)
        problems.push_back(base::format(
            "{} validators are ACTIVE, or is_active, although the network is paused: run 'bt2c-dr "
            "network pause' again",
            state.active_validators));
    if (state.recorded && !state.sound)
        problems.emplace_back(
            "the saved states are not those of the pause: compare them with a backup before you "
            "resume");
    if (!state.paused && state.guarded)
        problems.emplace_back(
            "new blocks are refused although no pause is recorded: run 'bt2c-dr network resume'");
    return problems;
}

std::string chosen_network(const Context& context, Connection& database) {
    const std::set<std::string> networks = networks_of(database);
    if (networks.empty())
        throw Error(ErrorKind::failed, "there is no network in this database")
            .cause("it has neither blocks nor validators");
    if (const auto named = context.network()) {
        if (networks.contains(*named)) return *named;
        throw Error(ErrorKind::usage,
                    base::format("there is no network '{}' in this database", base::printable(*named)))
            .hint(base::format("it has: {}", list_of(networks)));
    }
    if (networks.size() == 1) return *networks.begin();
    throw Error(ErrorKind::usage, "there are several networks in this database: say which one is meant")
        .cause(base::format("it has: {}", list_of(networks)))
        .hint("add --network NAME, with the one that is meant");
}

std::string local_authority() {
    return base::format("{} on {}", platform::user_name(), platform::host_name());
}

Json network_document(const std::string& network, const chaindb::PauseState& state,
                      std::int64_t validators_changed, Json nodes) {
    Json document = Json::object({{"network", network},
                                  {"status", state.paused ? "PAUSED" : "ACTIVE"},
                                  {"sequence", state.sequence},
                                  {"validators_changed", validators_changed},
                                  {"height", state.height},
                                  {"tip_hash", state.height ? Json(state.tip_hash) : Json()},
                                  {"nodes", std::move(nodes)}});
    document.set("since", state.paused ? Json(utc_text(state.since)) : Json());
    document.set("until", state.until ? Json(utc_text(*state.until)) : Json());
    document.set("reason", state.paused ? Json(state.reason) : Json());
    document.set("authority", state.recorded ? Json(state.authority) : Json());
    return document;
}

std::string utc_text(double unix_s) {
    return base::format_utc(static_cast<base::UnixMs>(unix_s * 1000));
}

Json this_node(const chaindb::PauseState& state) {
    Json nodes = Json::array();
    nodes.push(
        Json::object({{"name", platform::host_name()}, {"acknowledged", true}, {"height", state.height}}));
    return nodes;
}

std::string tip_text(const chaindb::PauseState& state) {
    if (!state.height) return "no block";
    return base::format("height {}, block {}", *state.height, base::printable(state.tip_hash.substr(0, 16)));
}

}  // namespace bt2c::cli
