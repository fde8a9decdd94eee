#include "cli/obeyed_here.hpp"

#include "base/text.hpp"
#include "cli/network_target.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using base::Json;
using network::Action;

network::Obedient this_obedient(Context& context, const std::string& network,
                                const std::optional<config::EmergencyPolicy>& policy) {
    return {.home = context.home(),
            .network = network,
            .policy = policy,
            .authority_without_policy = policy ? "" : local_authority()};
}

Result obeyed_here(const network::Obeyed& obeyed, const std::string& network, Action action) {
    if (obeyed.refusal) throw *obeyed.refusal;
    const auto state = std::make_shared<chaindb::PauseState>(obeyed.state);
    const chaindb::PauseOutcome outcome = obeyed.outcome;
    if (action == Action::pause && !(state->guarded && state->active_validators == 0 && state->sound))
        throw Error(ErrorKind::findings, "the network is paused, but not all of the pause holds")
            .cause(!state->guarded                ? "the guard against new blocks was taken away again"
                   : state->active_validators > 0 ? "a validator was made ACTIVE again"
                                                  : "the saved states were changed")
            .state("other software writes to this database")
            .hint("stop that software, then run the command again");
    Json document = network_document(network, *state, outcome.validators_changed, this_node(*state));
    Json left = Json::array();
    for (const std::string& line : outcome.left_alone) left.push(line);
    document.set("left_alone", std::move(left));
    return {
        .document = std::move(document), .print = [=](Output& out) {
            const std::string name = base::printable(network);
            if (action == Action::pause) {
                out.line("Network {} is {}.", name, outcome.changed ? "paused" : "paused already");
                out.fields(
                    {{"order", base::format("{}, by {}", state->sequence, base::printable(state->authority))},
                     {"reason", state->reason.empty() ? "none given" : base::printable(state->reason)},
                     {"until", state->until ? utc_text(*state->until) : "it is resumed"},
                     {"chain", tip_text(*state)},
                     {"validators", base::format("{} set INACTIVE, {} saved", outcome.validators_changed,
                                                 state->saved_validators)}});
                out.line("No new block can be added here. To go on: bt2c-dr network resume");
            } else if (!outcome.changed) {
                out.line("Network {} is not paused.", name);
            } else {
                out.line("Network {} goes on.", name);
                out.fields({{"paused for", base::human_duration(outcome.paused_seconds)},
                            {"chain", tip_text(*state)},
                            {"validators", base::format("{} have their state back; {} of {} are ACTIVE",
                                                        outcome.validators_changed, state->active_validators,
                                                        state->validators)}});
                for (const std::string& line : outcome.left_alone) out.line("  {}", line);
            }
        }};
}

}  // namespace bt2c::cli
