#include "cli/commands.hpp"
#include "cli/order_home.hpp"
#include "network/order.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;
using network::Order;
using network::SignatureWorth;

struct Shown {
    Order order;
    std::vector<std::string> worth;  ///< of each signature, as worth_name()
    bool has_policy = false, forged = false;
    int needed = 0, missing = 0;
    std::vector<std::string> others;
    std::optional<Error> problem;  ///< why it does not count; nothing: it does
};

Style style_of(const std::string& worth) {
    return worth == "counts" || worth == "verifies" ? Style::green : Style::red;
}

class NetworkOrderShowCommand final : public Command {
    About about() const override {
        return {.name = "network order show",
                .summary = "show what an order does, who signed it, and what is missing",
                .description =
                    "Verifies every signature and checks the order against this home's policy and what its "
                    "network was ordered before, as a node would that got it now. Ends with 0 when the order "
                    "counts, 3 when it does not (yet), 5 when a signature does not verify.\n\n"
                    "Without a policy in this home only the signatures are looked at, with the keys that the "
                    "order itself names: who they belong to is not known then.",
                .examples = {{"bt2c-dr network order show order.json", "who has to sign yet?"},
                             {"bt2c-dr --json network order show order.json", "the same for programs"}},
                .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::wrong_secret},
                .if_it_fails = "nothing was changed"};
    }

    void declare(Options& options) override { options.argument(file_, "FILE", "the order").required = true; }

    Result run(Context& context) override {
        const auto shown = std::make_shared<Shown>();
        shown->order = network::read_order(file_);
        look_at(context, *shown);
        return {.document = document(*shown),
                .print = [shown](Output& out) { print(out, *shown); },
                .outcome = shown->forged    ? std::optional(ErrorKind::wrong_secret)
                           : shown->problem ? std::optional(ErrorKind::findings)
                                            : std::nullopt};
    }

    static void look_at(Context& context, Shown& shown) {
        const Order& order = shown.order;
        OrderHome home = read_order_home(context, order.network);
        if (!home.policy) {
            for (const network::OrderSignature& one : order.signatures) {
                const bool verifies = network::verifies(order, one, one.public_key);
                shown.worth.emplace_back(verifies ? "verifies" : "forged");
                shown.forged = shown.forged || !verifies;
            }
            shown.problem = Error(ErrorKind::findings, "this home has no policy, which says who may sign");
            return;
        }
        shown.has_policy = true;
        const network::SignatureReport report =
            network::look_at_signatures(order, *home.policy, network::extends_pause(order, home.situation));
        for (const SignatureWorth worth : report.worth) {
            shown.worth.emplace_back(network::worth_name(worth));
            shown.forged = shown.forged || worth == SignatureWorth::forged;
        }
        shown.needed = report.needed;
        shown.missing = report.missing();
        shown.others = report.others;
        // A member's machine need not have the chain.
        if (home.situation.genesis_hash.empty()) home.situation.genesis_hash = order.genesis_hash;
        try {
            network::check(order, *home.policy, home.situation, network::CheckMode::fresh);
        } catch (const Error& error) {
            shown.problem = error;
        }
    }

    static Json document(const Shown& shown) {
        Json document = order_document(shown.order);
        Json list = Json::array();
        for (std::size_t i = 0; i < shown.worth.size(); ++i)
            list.push(Json::object({{"signer", shown.order.signatures[i].signer},
                                    {"signed_at", base::format_utc(shown.order.signatures[i].signed_at)},
                                    {"worth", shown.worth[i]}}));
        Json others = Json::array();
        for (const std::string& name : shown.others) others.push(name);
        document.set("signatures", std::move(list));
        document.set("needed", shown.has_policy ? Json(shown.needed) : Json());
        document.set("missing", shown.has_policy ? Json(shown.missing) : Json());
        document.set("may_sign", std::move(others));
        document.set("valid", !shown.problem && !shown.forged);
        document.set("problem", shown.problem ? Json(shown.problem->message()) : Json());
        return document;
    }

    static void print(Output& out, const Shown& shown) {
        show_order(out, shown.order);
        out.line();
        if (!shown.worth.empty()) {
            Table table({{"SIGNER"}, {"SIGNED (UTC)"}, {"SIGNATURE"}});
            for (std::size_t i = 0; i < shown.worth.size(); ++i)
                table.row({shown.order.signatures[i].signer,
                           base::format_utc(shown.order.signatures[i].signed_at),
                           Cell(shown.worth[i], style_of(shown.worth[i]))});
            out.table(table, "  ");
            out.line();
        }
        if (!shown.problem) {
            out.line("{}", out.styled(Style::green, "It counts."));
            return;
        }
        out.line("It does not count: {}.", shown.problem->message());
        if (!shown.problem->cause().empty()) out.line("  {}", shown.problem->cause());
        if (!shown.problem->hint().empty()) out.line("  {}", shown.problem->hint());
    }

    std::filesystem::path file_;
};

}  // namespace

std::unique_ptr<Command> network_order_show_command() {
    return std::make_unique<NetworkOrderShowCommand>();
}

}  // namespace bt2c::cli
