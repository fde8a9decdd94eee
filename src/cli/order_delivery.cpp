#include "cli/order_delivery.hpp"

#include <algorithm>
#include <map>
#include <thread>

#include "base/text.hpp"
#include "cli/network_target.hpp"
#include "cli/obeyed_here.hpp"
#include "network/audit_log.hpp"
#include "network/open_control_plane.hpp"
#include "network/order_situation.hpp"
#include "network/resume_check.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;
using network::Acknowledgement;
using network::Action;
using network::ControlPlane;
using network::Order;

namespace {

constexpr std::uint64_t seconds_max = 3600;

/// One node's part in the answer.
struct NodeAnswer {
    std::optional<Acknowledgement> acknowledgement;
    std::optional<std::int64_t> later_height;  ///< when the effect was looked at

    bool obeyed() const {
        return acknowledgement &&
               (acknowledgement->status == "applied" || acknowledgement->status == "already");
    }
    bool final() const { return obeyed() || (acknowledgement && acknowledgement->status == "refused"); }
};

/// For the nodes' answers, s.
int patience_s(const Context& context, const DeliveryOptions& options) {
    return static_cast<int>(options.timeout_s().value_or(
        static_cast<std::uint64_t>(context.settings().network.ack_timeout_seconds)));
}

class Delivery {
 public:
    Delivery(Context& context, ControlPlane& plane, const Order& order, const DeliveryOptions& options)
        : context_(context), plane_(plane), order_(order), options_(options) {}

    void publish() {
        network::append_audit(context_.home(),
                              {.event = network::AuditEvent::order_sent,
                               .network = order_.network,
                               .sequence = order_.sequence,
                               .actor = local_authority(),
                               .order = order_.text()},
                              base::now_unix_ms());
        try {
            for (const network::NodeRecord& node : plane_.nodes(order_.network)) answers_[node.name];
            if (!plane_.publish(order_.network, order_.sequence, order_.text()))
                throw Error(ErrorKind::failed,
                            base::format("order {} is not sent: another one has its number", order_.sequence))
                    .state("nothing was changed")
                    .hint(
                        "somebody else has sent an order: look at 'bt2c-dr network status', then make a new "
                        "one");
        } catch (Error& error) {
            if (error.kind() != ErrorKind::busy) throw;
            keep(error);
            throw;
        }
    }

    void wait_for_answers() {
        const auto deadline = Clock::now() + std::chrono::seconds(patience_s(context_, options_));
        while (true) {
            take_answers();
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
            if (all_answered() || left <= 0) return;
            plane_.wait_for_change(order_.network, network::Side::operators,
                                   static_cast<int>(std::min<std::int64_t>(left, 1000)));
            base::throw_if_interrupted();
        }
    }

    /// Waits long enough for a block that must not come, then asks every node how far it is.
    void look_at_effect(double block_time_s) {
        constexpr double least_s = 2, most_s = 60;
        const double watch_s = options_.watch_s() ? static_cast<double>(*options_.watch_s())
                                                  : std::clamp(2 * block_time_s, least_s, most_s);
        context_.progress().note(
            base::format("watching for {} that no block is made", base::human_duration(watch_s)));
        for (const auto until = Clock::now() + std::chrono::duration<double>(watch_s);
             Clock::now() < until;) {
            base::throw_if_interrupted();
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        watched_s_ = watch_s;
        for (const network::NodeReport& report : gather(10, false).reports)
            if (const auto found = answers_.find(report.node); found != answers_.end())
                found->second.later_height = report.height;
    }

    /// Asks all nodes how they are, or those that have obeyed.
    network::ResumeFacts gather(int timeout_s, bool all) {
        network::ResumeFacts facts;
        const std::string id = base::format("{}-{}", base::now_unix_ms(), order_.id());
        auto nodes = plane_.nodes(order_.network);
        if (!all) std::erase_if(nodes, [&](const auto& node) { return !answers_[node.name].obeyed(); });
        plane_.request_report(order_.network, id);
        const auto deadline = Clock::now() + std::chrono::seconds(timeout_s);
        std::vector<network::Report> reports;
        while (true) {
            reports = plane_.reports(order_.network, id);
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
            if (reports.size() >= nodes.size() || left <= 0) break;
            plane_.wait_for_change(order_.network, network::Side::operators,
                                   static_cast<int>(std::min<std::int64_t>(left, 1000)));
            base::throw_if_interrupted();
        }
        for (const network::Report& report : reports)
            facts.reports.push_back(network::NodeReport::parse(report.node, report.text));
        for (const network::NodeRecord& node : nodes)
            if (std::ranges::none_of(reports, [&](const auto& report) { return report.node == node.name; }))
                facts.silent.push_back(node.name);
        return facts;
    }

    Result result() const {
        const auto grown = [](const NodeAnswer& answer) {
            return answer.obeyed() && answer.later_height && answer.acknowledgement->height &&
                   *answer.later_height > *answer.acknowledgement->height;
        };
        // One that has obeyed and cannot be asked any more may go on all the same.
        const auto unseen = [this](const NodeAnswer& answer) {
            return order_.action == Action::pause && answer.obeyed() && !answer.later_height &&
                   answer.acknowledgement->height;
        };
        const bool missing = answers_.empty() || !std::ranges::all_of(answers_, [&](const auto& entry) {
                                 return entry.second.obeyed() && !unseen(entry.second);
                             });
        const bool findings =
            order_.action == Action::pause &&
            std::ranges::any_of(answers_, [&](const auto& entry) { return grown(entry.second); });
        Json nodes = Json::array();
        std::optional<std::int64_t> height;
        std::int64_t changed = 0;
        for (const auto& [name, answer] : answers_) {
            const Acknowledgement* ack = answer.acknowledgement ? &*answer.acknowledgement : nullptr;
            nodes.push(Json::object({{"name", name},
                                     {"acknowledged", answer.obeyed()},
                                     {"height", ack ? Json(ack->height) : Json()},
                                     {"status", ack ? Json(ack->status) : Json("missing")},
                                     {"detail", ack ? Json(ack->detail) : Json()},
                                     {"later_height", Json(answer.later_height)}}));
            if (!ack) continue;
            if (ack->height) height = std::max(height.value_or(*ack->height), *ack->height);
            changed = std::max(changed, ack->validators_changed);  // each node has all validators
        }
        const bool pauses = order_.action == Action::pause;
        Json document = Json::object({{"network", order_.network},
                                      {"status", pauses ? "PAUSED" : "ACTIVE"},
                                      {"sequence", order_.sequence},
                                      {"validators_changed", changed},
                                      {"height", height},
                                      {"nodes", std::move(nodes)},
                                      {"complete", !missing},
                                      {"watched_seconds", watched_s_}});
        return {.document = std::move(document),
                .print = [*this, missing, findings, grown,
                          unseen](Output& out) { print(out, missing, findings, grown, unseen); },
                .outcome = findings  ? std::optional(ErrorKind::findings)
                           : missing ? std::optional(ErrorKind::partial)
                                     : std::nullopt};
    }

    bool any_obeyed() const {
        return std::ranges::any_of(answers_, [](const auto& entry) { return entry.second.obeyed(); });
    }

 private:
    using Clock = std::chrono::steady_clock;

    void take_answers() {
        for (const Acknowledgement& come : plane_.acknowledgements(order_.network, order_.sequence)) {
            NodeAnswer& answer = answers_[come.node];
            const bool news = !answer.acknowledgement || answer.acknowledgement->status != come.status;
            answer.acknowledgement = come;
            if (!news) continue;
            context_.progress().note(
                base::format("{} {}{}{}", base::printable(come.node),
                             come.status == "applied"   ? "has obeyed"
                             : come.status == "already" ? "was so already"
                             : come.status == "refused" ? "refuses"
                                                        : "cannot obey yet",
                             come.height ? base::format(" at height {}", *come.height) : "",
                             come.detail.empty() ? "" : ": " + base::printable(come.detail)));
        }
    }

    bool all_answered() const {
        return std::ranges::all_of(answers_, [](const auto& entry) { return entry.second.final(); });
    }

    void keep(Error& error) const {
        const fs::path file =
            context_.home().network() / base::format("order-{}-{}.json", order_.network, order_.sequence);
        platform::durable_mkdir(file.parent_path(), 0700);
        network::write_order(file, order_, true);
        error.state(base::format("no node was told; the order is kept in {}", base::printable(file.native())))
            .hint(base::format(
                "send it when the control plane is back: bt2c-dr network order send {0}; or take it to "
                "each node and run there: bt2c-dr network order send {0} --here",
                base::printable(file.native())));
    }

    template <typename Grown, typename Unseen>
    void print(Output& out, bool missing, bool findings, const Grown& grown, const Unseen& unseen) const {
        const bool pauses = order_.action == Action::pause;
        Table table(
            {{"NODE"}, {"ANSWER"}, {"HEIGHT", Column::Align::right}, {"DETAIL", Column::Align::left, true}});
        for (const auto& [name, answer] : answers_) {
            const Acknowledgement* ack = answer.acknowledgement ? &*answer.acknowledgement : nullptr;
            table.row({base::printable(name),
                       Cell(ack ? base::printable(ack->status) : "missing",
                            answer.obeyed() ? Style::green : Style::red),
                       ack && ack->height ? base::format("{}", *ack->height) : "",
                       grown(answer) && pauses
                           ? base::format("MAKES BLOCKS: height {} now", *answer.later_height)
                       : unseen(answer)
                           ? std::string("it did not answer any more: whether it makes blocks is not known")
                       : ack ? base::printable(ack->detail)
                             : ""});
        }
        out.line("Order {} to {} network {}:", order_.sequence, config::action_name(order_.action),
                 order_.network);
        if (answers_.empty())
            out.line("No agent has ever registered on the control plane: nobody was told.");
        else
            out.table(table, "  ");
        if (findings)
            out.line("A node goes on making blocks. Stop it by hand.");
        else if (missing)
            out.line(
                "Not all have obeyed and shown it. Those that are away will when they are back; where one "
                "refuses, its reason says what to do; 'bt2c-dr network order send FILE --here' works on each "
                "by hand.");
        else if (pauses)
            out.line("All nodes have obeyed, and no block was made in {}.", base::human_duration(watched_s_));
        else
            out.line("All nodes have obeyed.");
    }

    Context& context_;
    ControlPlane& plane_;
    const Order order_;
    const DeliveryOptions& options_;
    std::map<std::string, NodeAnswer> answers_;
    double watched_s_ = 0;
};

/// The time between the chain's newest blocks, as far as this home knows.
double block_time_of(Context& context, const std::string& network) {
    if (!fs::exists(context.home().database())) return 0;
    auto database = network::open_database(context.home(), 5000);
    return chaindb::usual_block_time_s(database, network);
}

/// Whether it counted here already, signatures and all: others may not have it yet.
bool was_obeyed(const OrderHome& home, const Order& order) {
    const std::optional<Order>& last = home.situation.last_order;
    return last && last->text() == order.text();
}

void refuse_resume(const std::vector<std::string>& reasons) {
    if (reasons.empty()) return;
    std::string list;
    for (const std::string& reason : reasons) list += (list.empty() ? "" : "; ") + reason;
    throw Error(ErrorKind::findings, "the network should not be resumed as it is")
        .cause(list)
        .state("nothing was changed")
        .hint("mend that first; --force --reason TEXT overrules it, and the reason is kept");
}

}  // namespace

void DeliveryOptions::declare(Options& options) {
    options.flag(here_, "--here", "this node alone obeys, at once, whatever the control plane does");
    options.value(timeout_s_, "--timeout", "SECONDS",
                  "wait so long for the nodes (default: network.ack_timeout_seconds)");
    options.value(
        watch_s_, "--watch", "SECONDS",
        "after a pause, watch so long that no block is made (default: two block times, 60 at most)");
}

void tell_what_is_left(Error& error) {
    if (error.state().empty())
        error.state("the network is as it was: nothing was changed, and no node was told");
    if (!error.hint().empty()) return;
    if (error.kind() == ErrorKind::busy)
        error.hint("if the control plane is away, --here acts on this node alone, at once");
    else if (error.kind() == ErrorKind::failed)
        error.hint("when the cause is mended, run the same command again");
}

bool goes_to_agents(Context& context, const DeliveryOptions& options) {
    for (const auto& [value, name] :
         {std::pair(options.timeout_s(), "--timeout"), {options.watch_s(), "--watch"}})
        if (value && *value > seconds_max)
            throw Error(ErrorKind::usage, base::format("{} takes at most {} seconds", name, seconds_max));
    return !options.here() && context.settings().network.control_plane != "none";
}

PausedElsewhere ask_who_is_paused(Context& context, const std::string& network,
                                  const DeliveryOptions& options) {
    const auto plane = network::open_control_plane(context.settings().network);
    Order question;
    question.network = network;
    const network::ResumeFacts facts =
        Delivery(context, *plane, question, options).gather(patience_s(context, options), true);
    PausedElsewhere found;
    found.silent = facts.silent;
    for (const network::NodeReport& report : facts.reports) {
        if (!report.error.empty()) {
            found.silent.push_back(report.node);
            continue;
        }
        found.nodes.emplace_back(report.node, report.height);
        if (report.paused) found.sequence = std::max(found.sequence.value_or(0), report.sequence);
    }
    return found;
}

namespace {

/// What is refused here goes to nobody; that it was tried is kept, once.
void check_and_log(Context& context, const OrderHome& home, const Order& order) {
    try {
        network::check(order, *home.policy, home.situation,
                       was_obeyed(home, order) ? network::CheckMode::again : network::CheckMode::fresh);
    } catch (const Error& refusal) {
        try {
            using network::AuditEvent;
            if (!network::was_logged(context.home(), AuditEvent::order_refused, order))
                network::append_audit(context.home(),
                                      {.event = AuditEvent::order_refused,
                                       .network = order.network,
                                       .sequence = order.sequence,
                                       .actor = local_authority(),
                                       .detail = refusal.message(),
                                       .order = order.text()},
                                      base::now_unix_ms());
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            context.progress().note("the refusal could not be logged: " + error.in_full());
        }
        throw;
    }
}

}  // namespace

Result deliver_order(Context& context, const OrderHome& home, const Order& order,
                     const DeliveryOptions& options, const std::optional<network::Override>& force) {
    if (!goes_to_agents(context, options)) {
        const auto mode = network::CheckMode::fresh;
        return obeyed_here(
            network::obey(this_obedient(context, order.network, home.policy), order, mode, force),
            order.network, order.action);
    }
    if (!home.policy && context.settings().network.control_plane != "local")
        throw Error(ErrorKind::usage, "orders to other machines need a policy that says who may sign them")
            .state("nothing was changed")
            .hint("write config/emergency-policy.toml on every node; --here works on this node without one");
    if (home.policy) check_and_log(context, home, order);
    const auto plane = network::open_control_plane(context.settings().network);
    Delivery delivery(context, *plane, order, options);
    if (order.action == Action::resume && !force) {
        network::ResumeFacts facts = delivery.gather(patience_s(context, options), true);
        facts.stake_percent =
            home.policy ? home.policy->resume_stake_percent : config::EmergencyPolicy().resume_stake_percent;
        refuse_resume(network::reasons_against_resume(facts));
    }
    delivery.publish();
    try {
        if (force)
            network::append_audit(context.home(),
                                  {.event = network::AuditEvent::forced,
                                   .network = order.network,
                                   .sequence = order.sequence,
                                   .actor = local_authority(),
                                   .detail = force->reason},
                                  base::now_unix_ms());
        delivery.wait_for_answers();
        if (order.action == Action::pause && delivery.any_obeyed())
            delivery.look_at_effect(block_time_of(context, order.network));
    } catch (Error& error) {
        // It is out, whatever became of the waiting.
        error.state(base::format("order {} was sent; which nodes have obeyed is not known", order.sequence))
            .hint("'bt2c-dr network status' on each node tells");
        throw;
    }
    return delivery.result();
}

}  // namespace bt2c::cli
