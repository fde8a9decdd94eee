#include "base/text.hpp"
#include "base/time.hpp"
#include "cli/commands.hpp"
#include "cli/network_target.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using chaindb::PauseOrder;
using chaindb::PauseOutcome;
using chaindb::PauseState;
using chaindb::sqlite::Connection;

/// A record's reason stays one line on every screen.
constexpr std::size_t reason_bytes_max = 1000;

PauseOrder local_order(const std::string& network, const PauseState& state, const std::string& reason) {
    if (reason.size() > reason_bytes_max)
        throw Error(ErrorKind::usage, base::format("--reason takes at most {} bytes", reason_bytes_max));
    return {.network = network,
            .sequence = state.sequence + 1,
            .issued_at = static_cast<double>(base::now_unix_ms()) / 1000,
            .reason = reason,
            .authority = local_authority()};
}

/// That a pause has the effect it promises, looked at after it was committed.
void check_effect(const PauseState& state) {
    if (state.guarded && state.active_validators == 0 && state.sound) return;
    throw Error(ErrorKind::findings, "the network is paused, but not all of the pause holds")
        .cause(!state.guarded                ? "the guard against new blocks was taken away again"
               : state.active_validators > 0 ? "a validator was made ACTIVE again"
                                             : "the saved states were changed")
        .state("other software writes to this database")
        .hint("stop that software, then run the command again");
}

class NetworkPauseCommand final : public Command {
    About about() const override {
        return {
            .name = "network pause",
            .summary = "stop block production: validators INACTIVE, new blocks refused",
            .description =
                "In one transaction of the node's database, beside a node that may run: saves the state of "
                "every validator of the network, sets them all INACTIVE, adds a record to network_status, "
                "and "
                "puts a guard in place that refuses new blocks of the network whatever software writes them. "
                "'network resume' gives every validator back exactly the state it had.\n\n"
                "A network that is paused already stays so; what woke up meanwhile is stopped again.",
            .examples = {{"bt2c-dr network pause --reason 'fork at 120345'", "stop this node's network"},
                         {"bt2c-dr --network mainnet network pause",
                          "where the database has several networks"}},
            .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::busy}};
    }

    void declare(Options& options) override {
        options.value(reason_, "--reason", "TEXT", "why, for the record");
    }

    Result run(Context& context) override {
        Connection database = open_for_orders(context.home());
        const std::string network = chosen_network(context, database);
        const PauseState before = chaindb::read_pause_state(database, network);
        PauseOrder order = local_order(network, before, reason_);
        const bool again =
            before.paused && before.recorded && before.guarded && before.active_validators == 0;
        PauseOutcome outcome;
        if (!again) outcome = chaindb::apply_pause(database, order);
        const auto state = std::make_shared<PauseState>(chaindb::read_pause_state(database, network));
        check_effect(*state);
        return {.document = network_document(network, *state, outcome.validators_changed, this_node(*state)),
                .print = [=](Output& out) {
                    out.line("Network {} is {}.", base::printable(network),
                             again ? "paused already" : "paused");
                    out.fields(
                        {{"order", base::format("{}, by {}", state->sequence, state->authority)},
                         {"reason", state->reason.empty() ? "none given" : base::printable(state->reason)},
                         {"chain", tip_text(*state)},
                         {"validators", base::format("{} set INACTIVE, {} saved", outcome.validators_changed,
                                                     state->saved_validators)}});
                    out.line("No new block can be added here. To go on: bt2c-dr network resume");
                }};
    }

    std::string reason_;
};

class NetworkResumeCommand final : public Command {
    About about() const override {
        return {.name = "network resume",
                .summary = "start block production again, every validator as it was",
                .description =
                    "In one transaction of the node's database: takes the guard away, gives every validator "
                    "the state "
                    "that the pause saved, lets the clocks of the exit queue and of missed blocks go on "
                    "where they "
                    "stood, and adds a record to network_status. A validator that was changed during the "
                    "pause is left "
                    "as it is, and told.",
                .examples = {{"bt2c-dr network resume", "go on"},
                             {"bt2c-dr network resume --force --reason 'states set by hand'",
                              "although the saved states are not those of the pause"}},
                .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::busy}};
    }

    void declare(Options& options) override {
        options.value(reason_, "--reason", "TEXT", "why, for the record");
        options.flag(force_, "--force", "resume although a check says no; needs a reason");
    }

    Result run(Context& context) override {
        if (force_ && reason_.empty())
            throw Error(ErrorKind::usage, "--force needs a --reason, which the record will keep");
        Connection database = open_for_orders(context.home());
        const std::string network = chosen_network(context, database);
        const PauseState before = chaindb::read_pause_state(database, network);
        PauseOutcome outcome;
        const bool running = !before.paused && !before.guarded;
        if (!running)
            outcome = chaindb::apply_resume(database, local_order(network, before, reason_), force_);
        const auto state = std::make_shared<PauseState>(chaindb::read_pause_state(database, network));
        base::Json document =
            network_document(network, *state, outcome.validators_changed, this_node(*state));
        base::Json left = base::Json::array();
        for (const std::string& line : outcome.left_alone) left.push(line);
        document.set("left_alone", std::move(left));
        return {.document = std::move(document), .print = [=](Output& out) {
                    if (running) {
                        out.line("Network {} is not paused.", base::printable(network));
                        return;
                    }
                    out.line("Network {} goes on.", base::printable(network));
                    out.fields({{"paused for", base::human_duration(outcome.paused_seconds)},
                                {"chain", tip_text(*state)},
                                {"validators", base::format("{} have their state back; {} of {} are ACTIVE",
                                                            outcome.validators_changed,
                                                            state->active_validators, state->validators)}});
                    for (const std::string& line : outcome.left_alone) out.line("  {}", line);
                }};
    }

    std::string reason_;
    bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> network_pause_command() {
    return std::make_unique<NetworkPauseCommand>();
}

std::unique_ptr<Command> network_resume_command() {
    return std::make_unique<NetworkResumeCommand>();
}

}  // namespace bt2c::cli
