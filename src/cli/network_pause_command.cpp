#include "base/parallel.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "cli/commands.hpp"
#include "cli/network_target.hpp"
#include "cli/new_order.hpp"
#include "cli/obeyed_here.hpp"
#include "cli/order_delivery.hpp"
#include "cli/signer_access.hpp"
#include "verify/live_verify.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using network::Action;
using network::Order;
using network::Override;

/// What pause and resume share: an order is made and signed where there is a policy, and sent.
class OrderCommand : public Command {
 protected:
    OrderCommand(Action action) : action_(action) {}

    void declare_common(Options& options) {
        options.value(reason_, "--reason", "TEXT", "why, for the record");
        options.value(incident_, "--incident", "ID", "the incident's number in your own books");
        delivery_.declare(options);
        signer_.declare(options);
    }

    Result order(Context& context, const std::optional<Override>& force) {
        try {
            if (!force) require_sound(context);
            return make_and_send(context, force);
        } catch (Error& error) {
            tell_what_is_left(error);
            throw;
        }
    }

    std::string reason_, incident_;
    std::optional<std::string> duration_;

 private:
    /// What has to hold here first, unless the order is forced.
    virtual void require_sound(Context&) const {}

    Result make_and_send(Context& context, const std::optional<Override>& force) {
        if (reason_.size() > network::reason_bytes_max)
            throw Error(ErrorKind::usage,
                        base::format("--reason takes at most {} bytes", network::reason_bytes_max));
        const bool has_policy = config::load_emergency_policy(context.home()).has_value();
        if (duration_ && !has_policy)
            throw Error(ErrorKind::usage,
                        "--for needs a policy: without one a pause lasts until it is resumed")
                .state("nothing was changed")
                .hint("leave it out, or write config/emergency-policy.toml");
        if (!has_policy && !goes_to_agents(context, delivery_)) return order_here(context, force);
        const OrderHome home = read_order_home(context);
        OrderWish wish{.action = action_, .reason = reason_, .incident = incident_, .duration = duration_};
        if (action_ == Action::resume && goes_to_agents(context, delivery_) && !home.situation.paused) {
            const PausedElsewhere found = ask_who_is_paused(context, home.situation.network, delivery_);
            if (!found.sequence) return nothing_to_resume(home, found);
            wish.resumes = static_cast<std::uint64_t>(*found.sequence);
        }
        if (goes_to_agents(context, delivery_))
            wish.sequence = static_cast<std::uint64_t>(free_sequence(context, home));
        Order order = make_order(home, wish);
        if (home.policy) {
            require_enough(home, order);
            const network::SignerFile key = signer_.read(context);
            sign_order(order, signer_.open(context, key), base::now_unix_ms());
        }
        return deliver_order(context, home, order, delivery_, force);
    }

    static Result nothing_to_resume(const OrderHome& home, const PausedElsewhere& found) {
        if (!found.silent.empty() || found.nodes.empty()) {
            std::string names;
            for (const std::string& name : found.silent)
                names += (names.empty() ? "no answer from " : ", ") + base::printable(name);
            throw Error(ErrorKind::failed, "this node is not paused, and it is not known whether others are")
                .cause(names.empty() ? "no agent is registered at the control plane" : names)
                .state("nothing was changed")
                .hint(
                    "see that their agents run and try again, or name the order that paused them: bt2c-dr "
                    "network order create --resume --resumes NUMBER");
        }
        base::Json nodes = base::Json::array();
        std::optional<std::int64_t> highest;
        for (const auto& [name, height] : found.nodes) {
            highest = std::max(highest, height);
            nodes.push(base::Json::object({{"name", name}, {"acknowledged", true}, {"height", height}}));
        }
        return {.document = base::Json::object({{"network", home.situation.network},
                                                {"status", "ACTIVE"},
                                                {"sequence", home.situation.last_sequence},
                                                {"validators_changed", 0},
                                                {"height", highest},
                                                {"nodes", std::move(nodes)},
                                                {"complete", true}}),
                .print = [count = found.nodes.size(), network = home.situation.network](Output& out) {
                    out.line("Network {} is not paused on any of its {} nodes; nothing was changed.",
                             base::printable(network), count);
                }};
    }

    /// Without a policy whoever may write to the database is authority enough, and the record names them.
    Result order_here(Context& context, const std::optional<Override>& force) {
        std::string network;
        {
            auto database = network::open_database(context.home(), 10'000);
            network = chosen_network(context, database);
        }
        const chaindb::PauseOrder order{.network = network,
                                        .issued_at = static_cast<double>(base::now_unix_ms()) / 1000,
                                        .reason = reason_,
                                        .authority = local_authority()};
        return obeyed_here(
            network::obey_local(this_obedient(context, network, std::nullopt), order, action_, force),
            network, action_);
    }

    /// One person can sign once: an order that takes more goes round as a file.
    void require_enough(const OrderHome& home, const Order& order) const {
        const auto report =
            network::look_at_signatures(order, *home.policy, extends_pause(order, home.situation));
        if (report.needed <= 1) return;
        throw Error(ErrorKind::failed,
                    base::format("to {} takes the signatures of {} members",
                                 extends_pause(order, home.situation) ? "extend a pause"
                                                                      : config::action_name(action_),
                                 report.needed))
            .state("nothing was changed")
            .hint(base::format(
                "bt2c-dr network order create --{} -o FILE; then each signs it with 'network order sign "
                "FILE', and one sends it with 'network order send FILE'",
                config::action_name(action_)));
    }

    const Action action_;
    DeliveryOptions delivery_;
    SignerOptions signer_;
};

class NetworkPauseCommand final : public OrderCommand {
 public:
    NetworkPauseCommand() : OrderCommand(Action::pause) {}

 private:
    About about() const override {
        return {
            .name = "network pause",
            .summary = "stop block production: validators INACTIVE, new blocks refused",
            .description =
                "On each node, in one transaction of its database, beside a node that may run: saves the "
                "state of "
                "every validator of the network, sets them all INACTIVE, adds a record to network_status, "
                "and "
                "puts a guard in place that refuses new blocks of the network whatever software writes them. "
                "'network resume' gives every validator back exactly the state it had.\n\n"
                "Where dr.toml names a control plane, the order goes to the agents of all nodes. Each answer "
                "is "
                "shown as it comes; then the heights are watched, and a node that goes on is a finding. "
                "Without "
                "one, or with --here, this node obeys.\n\n"
                "Where HOME/config/emergency-policy.toml is, the order is signed by a member of the response "
                "team, and the pause ends by itself after the time it says. A network that is paused already "
                "stays "
                "so; what woke up meanwhile is stopped again.",
            .examples = {{"bt2c-dr network pause --reason 'fork at 120345'", "stop this network"},
                         {"bt2c-dr network pause --as alice --for 4h", "signed by alice, for four hours"},
                         {"bt2c-dr --network mainnet network pause",
                          "where the database has several networks"}},
            .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::busy, ErrorKind::wrong_secret,
                      ErrorKind::partial}};
    }

    void declare(Options& options) override {
        options.value(
            duration_, "--for", "DURATION",
            "under a policy: how long unless resumed before: 30m, 4h, 2d (default: the policy's longest)");
        declare_common(options);
    }

    Result run(Context& context) override { return order(context, std::nullopt); }
};

class NetworkResumeCommand final : public OrderCommand {
 public:
    NetworkResumeCommand() : OrderCommand(Action::resume) {}

 private:
    About about() const override {
        return {.name = "network resume",
                .summary = "start block production again, every validator as it was",
                .description =
                    "On each node, in one transaction of its database: takes the guard away, gives every "
                    "validator the "
                    "state that the pause saved, lets the clocks of the exit queue and of the last "
                    "validation go on where "
                    "they stood, and adds a record to network_status. A validator that was changed during "
                    "the pause is "
                    "left as it is, and told.\n\n"
                    "It refuses while the chain does not prove, while nodes disagree on a block, and while "
                    "too little of "
                    "the stake can be reached. --force overrules that, and its reason is kept.",
                .examples = {{"bt2c-dr network resume", "go on"},
                             {"bt2c-dr network resume --force --reason 'states set by hand'",
                              "although a check says no"}},
                .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::busy, ErrorKind::wrong_secret,
                          ErrorKind::partial}};
    }

    void declare(Options& options) override {
        declare_common(options);
        options.flag(force_, "--force", "resume although a check says no; needs a reason");
    }

    Result run(Context& context) override {
        if (force_ && reason_.empty())
            throw Error(ErrorKind::usage, "--force needs a --reason, which the record will keep");
        return order(context, force_ ? std::optional(Override{reason_}) : std::nullopt);
    }

    void require_sound(Context& context) const override {
        if (is_stopped_here(context)) require_integrity(context);
    }

    /// Where nothing is paused, nothing is started by a resume.
    static bool is_stopped_here(Context& context) {
        if (!std::filesystem::exists(context.home().database())) return false;
        auto database = network::open_database(context.home(), 10'000);
        for (const std::string& network : networks_of(database)) {
            if (context.network().value_or(network) != network) continue;
            const chaindb::PauseState state = chaindb::read_pause_state(database, network);
            if (state.paused || state.guarded) return true;
        }
        return false;
    }

    static void require_integrity(Context& context) {
        verify::Options options;
        options.network = context.network();
        options.threads = base::worker_count();
        options.examples_max = 1;
        const verify::Report report =
            verify::verify_live(context.home().database(), options, context.progress());
        if (report.ok) return;
        std::string problems;
        for (const verify::CheckResult& check : report.checks)
            if (check.count > 0)
                problems += base::format("{}{} ({})", problems.empty() ? "" : ", ",
                                         verify::check_name(check.check), check.count);
        throw Error(ErrorKind::findings, "the network should not be resumed: the chain here has problems")
            .cause(problems)
            .state("nothing was changed")
            .hint(
                "'bt2c-dr verify-integrity' names them; --force --reason TEXT overrules it, and the reason "
                "is kept");
    }

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
