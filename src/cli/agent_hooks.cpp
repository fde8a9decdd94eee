#include "cli/agent_hooks.hpp"

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "chaindb/chain_tables.hpp"
#include "chaindb/sqlite/live_database.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using network::Acknowledgement;

namespace {

std::vector<chaindb::NetworkTip> tips_of(const config::Home& home) {
    const auto live = chaindb::sqlite::LiveDatabase::open(home.database());
    live->begin_pass(chaindb::sqlite::Hold::whole);
    auto database = chaindb::sqlite::Connection::open_image(live->image());
    auto tips = chaindb::network_tips(database);
    live->end_pass();
    return tips;
}

}  // namespace

AgentHooks::AgentHooks(Context& context) : context_(context), network_(context.network().value_or("")) {
    if (!network_.empty()) return;
    const auto tips = tips_of(context.home());
    if (tips.size() != 1)
        throw Error(ErrorKind::usage, "cannot tell which network's orders to obey")
            .cause(tips.empty() ? "the database has no blocks" : "the database has several networks")
            .hint("name it with --network");
    network_ = tips.front().network;
}

network::NodeRecord AgentHooks::record() const {
    return {.name = context_.settings().network.node_name,
            .validator = "",
            .stake = 0,
            .since = base::now_unix_ms()};
}

std::int64_t AgentHooks::last_sequence() {
    return 0;
}

Acknowledgement AgentHooks::obey(const network::PublishedOrder&, bool) {
    Acknowledgement done;
    done.status = "refused";
    done.detail = "this agent only reports";
    return done;
}

std::optional<Acknowledgement> AgentHooks::settled(const Acknowledgement& acknowledgement) {
    return acknowledgement;
}

std::string AgentHooks::report() {
    const auto tips = tips_of(context_.home());
    const auto tip = std::ranges::find(tips, network_, &chaindb::NetworkTip::network);
    base::Json report =
        base::Json::object({{"network", network_}, {"at", base::format_utc(base::now_unix_ms())}});
    if (tip != tips.end()) {
        report.set("height", tip->height);
        report.set("tip_hash", tip->tip_hash);
        report.set("genesis_hash", tip->genesis_hash);
    }
    return report.dump();
}

void AgentHooks::lapse() {}

}  // namespace bt2c::cli
