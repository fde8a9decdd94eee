#include <charconv>

#include "cli/commands.hpp"
#include "cli/order_home.hpp"
#include "network/order.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::UnixMs;
using network::Action;
using network::Order;

constexpr UnixMs second_ms = 1000, minute_ms = 60 * second_ms, hour_ms = 60 * minute_ms,
                 day_ms = 24 * hour_ms;
/// Of a home without a policy.
constexpr int usual_valid_minutes = 15, usual_pause_hours = 24;

/// "90s", "30m", "4h", "2d".
UnixMs read_duration(const std::string& text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    constexpr std::int64_t number_max = 1'000'000;
    const UnixMs factor = unit == "s"   ? second_ms
                          : unit == "m" ? minute_ms
                          : unit == "h" ? hour_ms
                          : unit == "d" ? day_ms
                                        : 0;
    if (error != std::errc() || factor == 0 || number < 1 || number > number_max)
        throw Error(ErrorKind::usage,
                    base::format("--for takes a duration, such as 30m, 4h or 2d; '{}' is not",
                                 base::printable(text)));
    return number * factor;
}

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
        const Order order = make(read_order_home(context));
        const std::string fault = order.fault();
        if (!fault.empty()) throw Error(ErrorKind::usage, "there can be no such order: " + fault);
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

    Order make(const OrderHome& home) const {
        const network::OrderSituation& situation = home.situation;
        Order order;
        order.network = situation.network;
        order.genesis_hash = genesis_ ? base::ascii_lower(*genesis_) : situation.genesis_hash;
        if (order.genesis_hash.empty())
            throw Error(ErrorKind::usage, "the first block of the chain is not known")
                .cause("this home has no database with a block of the network")
                .hint("give its hash with --genesis");
        if (genesis_ && !situation.genesis_hash.empty() && order.genesis_hash != situation.genesis_hash)
            throw Error(ErrorKind::usage, "--genesis is not the first block of this home's chain")
                .cause("that is " + base::printable(situation.genesis_hash));
        order.action = pause_ ? Action::pause : resume_ ? Action::resume : Action::unlock;
        if (unlock_) order.scope = *unlock_;
        order.sequence = sequence_ ? to_sequence(*sequence_) : situation.last_sequence + 1;
        // Whole seconds read better, and nothing here is finer.
        order.issued_at = situation.now / second_ms * second_ms;
        order.expires_at = order.issued_at +
                           minute_ms * (home.policy ? home.policy->order_valid_minutes : usual_valid_minutes);
        const UnixMs longest = hour_ms * (home.policy ? home.policy->longest_pause_hours : usual_pause_hours);
        if (pause_) order.pause_until = order.issued_at + (duration_ ? read_duration(*duration_) : longest);
        if (pause_ && home.policy && order.pause_until - order.issued_at > longest)
            throw Error(ErrorKind::usage, base::format("the policy allows a pause of {} h at most",
                                                       home.policy->longest_pause_hours));
        if (resume_) order.resumes = pause_to_end(situation);
        order.reason = reason_;
        order.incident = incident_;
        return order;
    }

    std::int64_t pause_to_end(const network::OrderSituation& situation) const {
        if (resumes_) return to_sequence(*resumes_);
        if (situation.paused && situation.pause_sequence > 0) return situation.pause_sequence;
        throw Error(ErrorKind::failed, "this home knows of no pause in force that an order could end")
            .hint("if the network is paused elsewhere, name that order's number with --resumes");
    }

    static std::int64_t to_sequence(std::uint64_t number) {
        if (number < 1 || number > static_cast<std::uint64_t>(network::sequence_max))
            throw Error(ErrorKind::usage, "numbers of orders are 1 to 2^53");
        return static_cast<std::int64_t>(number);
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
