#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/order_delivery.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using network::Order;

class NetworkOrderSendCommand final : public Command {
    About about() const override {
        return {
            .name = "network order send",
            .summary = "send an order that enough members have signed",
            .description =
                "Checks the order under this home's policy, gives it to the agents of all nodes through the "
                "control plane, shows each answer as it comes, and watches the effect; as 'network pause' "
                "and "
                "'network resume' do. With --here, or where there is no control plane, this node alone "
                "obeys: so "
                "an order reaches a node that nothing else reaches.",
            .examples = {{"bt2c-dr network order send order-mainnet-5.json", "to all nodes"},
                         {"bt2c-dr network order send /media/usb/order.json --here", "to this node"}},
            .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::busy, ErrorKind::wrong_secret,
                      ErrorKind::partial}};
    }

    void declare(Options& options) override {
        options.argument(file_, "FILE", "the order").required = true;
        delivery_.declare(options);
        options.value(reason_, "--reason", "TEXT", "of --force");
        options.flag(force_, "--force", "send a resume although a check says no; needs a reason");
    }

    Result run(Context& context) override {
        if (force_ && reason_.empty())
            throw Error(ErrorKind::usage, "--force needs a --reason, which the record will keep");
        try {
            return send(context);
        } catch (Error& error) {
            tell_what_is_left(error);
            throw;
        }
    }

    Result send(Context& context) const {
        const Order order = network::read_order(file_);
        if (order.action == network::Action::unlock)
            throw Error(ErrorKind::usage, "this order unlocks the signing of one validator")
                .hint("give it to 'bt2c-dr network unlock-signing --order FILE' on that node");
        return deliver_order(context, read_order_home(context, order.network), order, delivery_,
                             force_ ? std::optional(network::Override{reason_}) : std::nullopt);
    }

    std::filesystem::path file_;
    std::string reason_;
    bool force_ = false;
    DeliveryOptions delivery_;
};

}  // namespace

std::unique_ptr<Command> network_order_send_command() {
    return std::make_unique<NetworkOrderSendCommand>();
}

}  // namespace bt2c::cli
