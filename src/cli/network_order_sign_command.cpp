#include "cli/commands.hpp"
#include "cli/order_home.hpp"
#include "cli/secret_prompt.hpp"
#include "cli/signer_access.hpp"
#include "network/audit_log.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;
using network::Order;
using network::OrderSigner;
using network::SignerFile;

class NetworkOrderSignCommand final : public Command {
    About about() const override {
        return {
            .name = "network order sign",
            .summary = "add a member's signature to an order",
            .description =
                "Shows what the order does, asks whether to sign it, and writes the file back with one more "
                "signature. The key is that of HOME/keys/emergency-NAME.json: under its password "
                "(BT2C_SIGNER_PASSWORD, else the first line of the file BT2C_SIGNER_PASSWORD_FILE, else "
                "asked "
                "for), or on the token that the file names, with its PIN.\n\n"
                "Read what is shown before you sign: whoever sent the file may have written something else "
                "into it than was agreed on. The signature covers all of it, with your name and the time.",
            .examples = {{"bt2c-dr network order sign order.json", "with the only key of this home"},
                         {"bt2c-dr network order sign order.json --as alice", "with the key of alice"},
                         {"bt2c-dr network order sign order.json --key /media/usb/emergency-bob.json --yes",
                          "without being asked"}},
            .exits = {ErrorKind::failed, ErrorKind::busy, ErrorKind::wrong_secret}};
    }

    void declare(Options& options) override {
        options.argument(file_, "FILE", "the order").required = true;
        options.flag(yes_, "--yes", "sign without asking");
        signer_.declare(options);
    }

    Result run(Context& context) override {
        Order order = network::read_order(file_);
        const SignerFile key = signer_.read(context);
        require_unsigned(order, key);
        require_members(context, order, key);
        if (!yes_) confirm(context, order, key.name);
        const OrderSigner signer = signer_.open(context, key);
        take_latest(order);
        require_unsigned(order, key);
        const base::UnixMs now = base::now_unix_ms();
        network::sign_order(order, signer, now);
        network::append_audit(context.home(),
                              {.event = network::AuditEvent::order_signed,
                               .network = order.network,
                               .sequence = order.sequence,
                               .actor = key.name,
                               .detail = "order " + order.id(),
                               .order = order.text()},
                              now);
        network::write_order(file_, order, true);
        return told(context, order, key.name);
    }

    /// Before anybody is asked for a password.
    static void require_unsigned(const Order& order, const SignerFile& key) {
        for (const network::OrderSignature& there : order.signatures)
            if (there.signer == key.name || there.public_key == key.public_key)
                throw Error(ErrorKind::failed,
                            base::format("'{}' has signed this order already", there.signer))
                    .state("nothing was signed");
    }

    /// A signature of somebody who is no member spoils an order for good. Homes without a policy cannot tell.
    static void require_members(Context& context, const Order& order, const SignerFile& key) {
        const auto policy = config::load_emergency_policy(context.home());
        if (!policy || policy->network != order.network) return;
        std::string names;
        for (const config::EmergencyMember& member : policy->members)
            names += (names.empty() ? "" : ", ") + member.name;
        const config::EmergencyMember* member = policy->find(key.name);
        if (!member || member->public_key != key.public_key)
            throw Error(ErrorKind::wrong_secret,
                        base::format("'{}' is no member of this home's policy with that key", key.name))
                .cause("members are: " + names)
                .state("nothing was signed")
                .hint("sign with a member's key, or give this home the policy that has this one");
        for (const network::OrderSignature& there : order.signatures)
            if (!policy->find(there.signer))
                throw Error(ErrorKind::failed,
                            base::format("the order cannot count any more: '{}', who signed it, is no member "
                                         "of this home's policy",
                                         base::printable(there.signer)))
                    .state("nothing was signed")
                    .hint("make it anew with 'bt2c-dr network order create'");
    }

    /// While a person was reading, another one may have signed the same file.
    void take_latest(Order& order) const {
        Order latest = network::read_order(file_);
        if (!latest.is(order))
            throw Error(ErrorKind::failed, "the order is not signed: its file was replaced by another order")
                .state("nothing was signed");
        order = std::move(latest);
    }

    static void confirm(Context& context, const Order& order, const std::string& name) {
        Output shown(context.console().err);
        show_order(shown, order);
        context.console().err.write(shown.text());
        const auto typed = ask_secret(base::format("To sign this as {}, type 'sign'", name));
        if (!typed)
            throw Error(ErrorKind::usage,
                        "an order is not signed unasked, and there is no terminal to ask on")
                .state("nothing was signed")
                .hint("look at it with 'bt2c-dr network order show', then sign it with --yes");
        if (typed->text() != "sign")
            throw Error(ErrorKind::failed, "the order is not signed: that was not wanted")
                .state("nothing was signed");
    }

    /// How far the order is, as far as this home can say.
    Result told(Context& context, const Order& order, const std::string& name) const {
        const OrderHome home = read_order_home(context, order.network);
        std::optional<network::SignatureReport> report;
        if (home.policy)
            report = network::look_at_signatures(order, *home.policy,
                                                 network::extends_pause(order, home.situation));
        Json document = order_document(order);
        document.set("file", base::printable(file_.native()));
        document.set("signer", name);
        document.set("signatures", order.signatures.size());
        document.set("missing", report ? Json(report->missing()) : Json());
        return {.document = std::move(document), .print = [=, file = file_](Output& out) {
                    out.line("{} has signed order {} (id {}): {}", name, order.sequence, order.id(),
                             base::printable(file.native()));
                    if (!report) return;
                    if (report->missing() == 0)
                        out.line("It has the signatures that it needs.");
                    else
                        out.line("{} more to come.", report->missing());
                }};
    }

    fs::path file_;
    bool yes_ = false;
    SignerOptions signer_;
};

}  // namespace

std::unique_ptr<Command> network_order_sign_command() {
    return std::make_unique<NetworkOrderSignCommand>();
}

}  // namespace bt2c::cli
