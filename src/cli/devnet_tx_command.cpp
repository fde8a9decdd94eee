#include <charconv>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "drill/traffic.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;

constexpr std::uint64_t count_max = 1'000'000;
constexpr double rate_max = 10'000, settle_patience_s = 60;

class DevnetTxCommand final : public Command {
    About about() const override {
        return {.name = "devnet tx",
                .summary = "send transfers between the validators of a network that 'devnet up' made",
                .description =
                    "Each validator whose node answers sends in turn, a hundredth of a coin to the next one, "
                    "through its own node's REST interface. Then it waits until all are in blocks.",
                .examples = {{"bt2c-dr devnet tx --count 100", "a hundred, as fast as the nodes take them"},
                             {"bt2c-dr devnet tx --count 600 --rate 10", "for a minute"}},
                .exits = {ErrorKind::failed, ErrorKind::busy}};
    }

    void declare(Options& options) override {
        options.value(folder_, "--dir", "DIR", "the network's folder (default: ./devnet)");
        options.value(count_, "--count", "N", "how many (default: 10)");
        options.value(rate_, "--rate", "R", "at most so many a second");
        options.flag(no_wait_, "--no-wait", "do not wait for blocks");
    }

    Result run(Context& context) override {
        if (count_ < 1 || count_ > count_max)
            throw Error(ErrorKind::usage, base::format("--count is 1 to {}", count_max));
        const drill::Devnet devnet = drill::read_devnet(folder_);
        const double patience = settle_patience_s + 10.0 * static_cast<double>(devnet.block_time_s);
        const drill::TrafficResult sent = drill::send_traffic(
            devnet, {.count = count_, .per_second = rate(), .wait = !no_wait_, .patience_s = patience},
            context.progress());
        return {.document = Json::object({{"sent", sent.sent},
                                          {"in_blocks", no_wait_ ? Json() : Json(sent.in_blocks)},
                                          {"seconds", sent.seconds}}),
                .print = [=, waited = !no_wait_](Output& out) {
                    out.line("{} transfers were sent in {}{}.", sent.sent, base::human_duration(sent.seconds),
                             waited ? base::format("; {} of them are in blocks", sent.in_blocks) : "");
                }};
    }

    double rate() const {
        if (rate_.empty()) return 0;
        double rate = 0;
        const char* end = rate_.data() + rate_.size();
        const auto [at, error] = std::from_chars(rate_.data(), end, rate);
        if (error != std::errc() || at != end || !(rate > 0 && rate <= rate_max))
            throw Error(ErrorKind::usage, base::format("--rate is a number up to {:.0f}", rate_max));
        return rate;
    }

    std::filesystem::path folder_ = "devnet";
    std::uint64_t count_ = 10;
    std::string rate_;
    bool no_wait_ = false;
};

}  // namespace

std::unique_ptr<Command> devnet_tx_command() {
    return std::make_unique<DevnetTxCommand>();
}

}  // namespace bt2c::cli
