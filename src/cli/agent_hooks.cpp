#include "cli/agent_hooks.hpp"

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "cli/network_target.hpp"
#include "cli/node_keys.hpp"
#include "network/resume_check.hpp"
#include "verify/live_verify.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using network::Acknowledgement;

namespace {

/// Short, so that the agent answers to a stop and tries again by itself.
constexpr int patience_ms = 3000;
/// For what is asked again a second later: a database that is locked for long must not slow down the rest.
constexpr int moment_ms = 200;

/// What is wrong with the chain; empty when it proves.
std::string integrity_problem(Context& context, const std::string& network) {
    verify::Options options;
    options.network = network;
    options.threads = base::worker_count();
    options.examples_max = 1;
    base::SilentProgress silent;
    const verify::Report report = verify::verify_live(context.home().database(), options, silent);
    for (const verify::CheckResult& check : report.checks)
        if (check.count > 0) return base::format("{} ({})", verify::check_name(check.check), check.count);
    return "";
}

}  // namespace

AgentHooks::AgentHooks(Context& context) : context_(context) {
    auto database = network::open_database(context.home(), patience_ms);
    network_ = chosen_network(context, database);
}

network::Obedient AgentHooks::obedient() const {
    // Read anew for each order: who was removed from it must not count any more.
    auto policy = config::load_emergency_policy(context_.home());
    const bool local = context_.settings().network.control_plane == "local";
    return {.home = context_.home(),
            .network = network_,
            .policy = std::move(policy),
            .authority_without_policy = local ? "whoever may write to the local control plane" : "",
            .lock_patience_ms = patience_ms};
}

network::NodeRecord AgentHooks::record() const {
    auto database = network::open_database(context_.home(), patience_ms);
    const std::vector<std::string> own = validators_here(context_, database, network_);
    return {.name = context_.settings().network.node_name,
            .validator = own.empty() ? "" : own.front(),
            .stake = chaindb::read_active_stake(database, network_, own).own,
            .since = base::now_unix_ms(),
            .sequence = chaindb::read_pause_state(database, network_).sequence};
}

std::int64_t AgentHooks::last_sequence() {
    auto database = network::open_database(context_.home(), moment_ms);
    return chaindb::read_pause_state(database, network_).sequence;
}

Acknowledgement AgentHooks::obey(const network::PublishedOrder& published, bool catching_up) {
    Acknowledgement answer;
    network::Order order;
    try {
        order = network::Order::parse(published.text);
    } catch (const Error& error) {
        answer.status = "refused";
        answer.detail = error.in_full();
        return answer;
    }
    if (order.sequence != published.sequence) {
        answer.status = "refused";
        answer.detail =
            base::format("order {} was published as order {}", order.sequence, published.sequence);
        return answer;
    }
    const network::Obeyed obeyed = network::obey(
        obedient(), order, catching_up ? network::CheckMode::catching_up : network::CheckMode::fresh);
    answer.height = obeyed.state.height;
    answer.tip_hash = obeyed.state.tip_hash;
    if (obeyed.refusal) {
        answer.status = "refused";
        answer.detail = obeyed.refusal->in_full();
        return answer;
    }
    answer.status = obeyed.outcome.changed ? "applied" : "already";
    answer.validators_changed = obeyed.outcome.validators_changed;
    for (const std::string& line : obeyed.outcome.left_alone)
        answer.detail += (answer.detail.empty() ? "" : "; ") + line;
    constexpr std::size_t detail_max = 4000;
    if (answer.detail.size() > detail_max) answer.detail.resize(detail_max);
    return answer;
}

std::optional<Acknowledgement> AgentHooks::settled(const Acknowledgement& acknowledgement) {
    auto database = network::open_database(context_.home(), moment_ms);
    Acknowledgement later = acknowledgement;
    later.settled = true;
    later.settled_height = chaindb::read_pause_state(database, network_).height;
    return later;
}

std::string AgentHooks::report() {
    network::NodeReport report;
    {
        auto database = network::open_database(context_.home(), patience_ms);
        const chaindb::PauseState state = chaindb::read_pause_state(database, network_);
        const chaindb::ActiveStake stake =
            chaindb::read_active_stake(database, network_, validators_here(context_, database, network_));
        report.genesis_hash = state.genesis_hash;
        report.height = state.height;
        report.tip_hash = state.tip_hash;
        report.recent = chaindb::newest_blocks(database, network_, network::recent_blocks);
        report.paused = state.paused;
        report.sequence = state.sequence;
        report.stake = stake.own;
        report.stake_total = stake.total;
        if (state.recorded && !state.sound)
            report.problem = "the saved states of its validators are not those of the pause";
    }
    if (report.problem.empty()) report.problem = integrity_problem(context_, network_);
    return report.text();
}

void AgentHooks::lapse() {
    try {
        network::Obedient node = obedient();
        node.lock_patience_ms = moment_ms;
        if (network::end_pause_in_time(node))
            context_.progress().note(
                base::format("the pause of network {} has ended: its time is over", network_));
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        context_.progress().note("cannot look whether the pause is over: " + error.in_full());
    }
}

}  // namespace bt2c::cli
