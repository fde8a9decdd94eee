#include "cli/order_home.hpp"

#include "base/text.hpp"
#include "chaindb/sqlite/live_database.hpp"
#include "cli/network_target.hpp"
#include "network/order_situation.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using base::Json;
using network::Action;
using network::Order;

namespace {

std::string what_it_does(const Order& order) {
    switch (order.action) {
        case Action::pause:
            return base::format("PAUSE the network {} until {}", order.network,
                                base::format_utc(order.pause_until));
        case Action::resume:
            return base::format("RESUME the network {}: end the pause of order {}", order.network,
                                order.resumes);
        default:
            return base::format("UNLOCK the signing of validator {} on {}", base::printable(order.scope),
                                order.network);
    }
}

std::string text_or(const std::string& text, const char* otherwise) {
    return text.empty() ? otherwise : base::printable(text);
}

}  // namespace

OrderHome read_order_home(Context& context, const std::string& otherwise) {
    const config::Home& home = context.home();
    OrderHome known{.policy = config::load_emergency_policy(home), .situation = {}};
    std::string network = context.network().value_or(known.policy ? known.policy->network : otherwise);
    std::optional<chaindb::PauseState> state;
    if (std::filesystem::exists(home.database())) {
        const auto live = chaindb::sqlite::LiveDatabase::open(home.database());
        live->begin_pass(chaindb::sqlite::Hold::whole);
        auto database = chaindb::sqlite::Connection::open_image(live->image());
        database.query_integer("SELECT count(*) FROM sqlite_master");
        const std::set<std::string> there = networks_of(database);
        if (network.empty())
            network = chosen_network(context, database);
        else if (known.policy && network == known.policy->network && !there.empty() &&
                 !there.contains(network))
            throw Error(
                ErrorKind::usage,
                base::format("the policy of this home is for the network '{}', which its database has "
                             "not",
                             network))
                .cause("that has: " + list_of(there))
                .state("nothing was changed")
                .hint("put the right config/emergency-policy.toml in place, or name another --home");
        state = chaindb::read_pause_state(database, network);
        live->end_pass();
    }
    if (network.empty())
        throw Error(ErrorKind::usage, "which network is meant is not known")
            .cause("this home has neither a policy nor a database")
            .hint("name it with --network");
    known.situation = network::situation_of(home, network, state, base::now_unix_ms());
    return known;
}

Json order_document(const Order& order) {
    const auto time = [](base::UnixMs at) { return at == 0 ? Json() : Json(base::format_utc(at)); };
    return Json::object({{"id", order.id()},
                         {"network", order.network},
                         {"genesis_hash", order.genesis_hash},
                         {"action", config::action_name(order.action)},
                         {"scope", order.scope},
                         {"sequence", order.sequence},
                         {"issued_at", time(order.issued_at)},
                         {"expires_at", time(order.expires_at)},
                         {"pause_until", time(order.pause_until)},
                         {"resumes", order.resumes == 0 ? Json() : Json(order.resumes)},
                         {"reason", order.reason},
                         {"incident", order.incident}});
}

void show_order(Output& out, const Order& order) {
    out.line("Order {} (id {}):", order.sequence, order.id());
    out.fields({{"what", {what_it_does(order), Style::bold}},
                {"reason", text_or(order.reason, "none given")},
                {"incident", text_or(order.incident, "none given")},
                {"issued", base::format_utc(order.issued_at)},
                {"valid until", base::format_utc(order.expires_at)},
                {"genesis", order.genesis_hash}});
}

}  // namespace bt2c::cli
