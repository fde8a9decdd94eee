#include "cli/commands.hpp"
#include "cli/new_order.hpp"
#include "cli/order_delivery.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using network::Action;
using network::Order;

class NetworkOrderCreateCommand final : public Command {
    About about() const override {
        return {
            .name = "network order create",
            .summary = "write an order to pause or resume a network, for members to sign",
            .description =
                "Writes an order that nobody has signed yet. Which network, its first block and the next "
                "number come from this home's policy, database and audit log; on a machine that is no "
                "node they are given with --network, --genesis and --sequence. The time that it is valid "
                "for, and the longest pause, come from HOME/config/emergency-policy.toml.\n\n"
                "Then each member signs the file with 'network order sign'. It travels by any means: it "
                "holds no secret, and a change of it is seen.",
            .examples = {{"bt2c-dr network order create --pause --reason 'fork at 120345' --for 4h",
                          "pause for four hours"},
                         {"bt2c-dr network order create --resume -o resume.json", "end the pause in force"},
                         {"bt2c-dr network order create --unlock bt2c_…",
                          "let a restored validator sign again"}},
            .exits = {ErrorKind::failed, ErrorKind::busy}};
    }

    void declare(Options& options) override {
        options.flag(pause_, "--pause", "stop block production");
        options.flag(resume_, "--resume", "end the pause in force");
        options.value(unlock_, "--unlock", "ADDRESS", "let this validator sign again after a restore");
        options.value(reason_, "--reason", "TEXT", "why, for those who sign and for the record");
        options.value(incident_, "--incident", "ID", "the incident's number in your own books");
        options.value(duration_, "--for", "DURATION",
                      "how long the pause lasts unless it is ended before: 30m, 4h, 2d (default: the "
                      "policy's longest)");
        options.value(sequence_, "--sequence", "N", "the order's number (default: the next one)");
        options.value(resumes_, "--resumes", "N",
                      "the number of the pause to end (default: that of the one in force)");
        options.value(genesis_, "--genesis", "HASH", "the hash of the chain's first block");
        options.value(output_, "--output,-o", "FILE", "write it there (default: order-NETWORK-N.json)");
    }

    Result run(Context& context) override {
        if (static_cast<int>(pause_) + static_cast<int>(resume_) + static_cast<int>(unlock_.has_value()) != 1)
            throw Error(ErrorKind::usage, "say what to order: --pause, --resume or --unlock ADDRESS");
        if (duration_ && !pause_) throw Error(ErrorKind::usage, "--for is for a pause only");
        if (resumes_ && !resume_) throw Error(ErrorKind::usage, "--resumes is for --resume only");
        OrderWish wish{.action = pause_    ? Action::pause
                                 : resume_ ? Action::resume
                                           : Action::unlock,
                       .reason = reason_,
                       .incident = incident_,
                       .duration = duration_,
                       .sequence = sequence_,
                       .resumes = resumes_,
                       .genesis = genesis_};
        if (unlock_) wish.scope = *unlock_;
        const OrderHome home = read_order_home(context);
        if (!wish.sequence) wish.sequence = static_cast<std::uint64_t>(free_sequence(context, home));
        const Order order = make_order(home, wish);
        const fs::path file =
            output_ ? *output_ : fs::path(base::format("order-{}-{}.json", order.network, order.sequence));
        network::write_order(file, order, false);
        base::Json document = order_document(order);
        document.set("file", base::printable(file.native()));
        return {.document = std::move(document), .print = [order, file](Output& out) {
                    show_order(out, order);
                    out.line();
                    out.line("It is written to {}. Nobody has signed it yet: bt2c-dr network order sign {}",
                             base::printable(file.native()), base::printable(file.native()));
                }};
    }

    bool pause_ = false, resume_ = false;
    std::optional<std::string> unlock_, duration_, genesis_;
    std::string reason_, incident_;
    std::optional<std::uint64_t> sequence_, resumes_;
    std::optional<fs::path> output_;
};

}  // namespace

std::unique_ptr<Command> network_order_create_command() {
    return std::make_unique<NetworkOrderCreateCommand>();
}

}  // namespace bt2c::cli
