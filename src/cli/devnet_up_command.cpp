#include "base/text.hpp"
#include "base/time.hpp"
#include "cli/commands.hpp"
#include "drill/devnet_run.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;
using drill::Devnet;

/// Beyond two block times: the keys of wallets are slow to open on purpose, and many nodes share a machine.
constexpr double start_patience_s = 90;

class DevnetUpCommand final : public Command {
    About about() const override {
        return {
            .name = "devnet up",
            .summary = "make a network of validators on this machine and start it, or start what is stopped",
            .description =
                "Makes a folder with a home for each validator: a key of its own, a certificate, the same "
                "first block, free ports of loopback. Then starts a bt2c-node on each, and a "
                "bt2c-dr agent too. They go on when this command has ended, and write to node.log and "
                "agent.log in their homes. It waits until all are connected and have made a block, and fails "
                "as soon as one of them has ended.\n\n"
                "Where the folder holds a network already, it starts what does not run; the chains are kept. "
                "The homes are whole: all commands work on them, with --home FOLDER/node-1.\n\n"
                "Orders from a folder need no signature. Those from an etcd do: the key of their only "
                "signer is in the home of node-1, its password in FOLDER/operator-password.\n\n"
                "For trying things only: passwords lie beside the wallets that they open.",
            .examples = {{"bt2c-dr devnet up", "four validators, a block every 2 s, in ./devnet"},
                         {"bt2c-dr devnet up --validators 10 --block-time 1 --dir /tmp/ten",
                          "ten, which obey orders from a folder"},
                         {"bt2c-dr devnet up --control-plane http://127.0.0.1:2379",
                          "which obey orders from an etcd"}},
            .exits = {ErrorKind::failed, ErrorKind::busy}};
    }

    void declare(Options& options) override {
        options.value(validators_, "--validators", "N", "how many, 1 to 32 (default: 4)");
        options.value(block_time_, "--block-time", "SECONDS", "1 to 3600 (default: 2)");
        options.value(folder_, "--dir", "DIR", "the network's folder (default: ./devnet)");
        options.flag(no_agents_, "--no-agents", "without the agents that obey orders to pause and resume");
        options.texts(plane_, "--control-plane", "WHERE",
                      "where orders come from: 'local', a folder, or the URLs of an etcd (default: local)");
        options.flag(no_start_, "--no-start", "only make the homes");
    }

    Result run(Context& context) override {
        if (context.network().value_or("devnet") != "devnet")
            throw Error(ErrorKind::usage, "a network of this kind is always called devnet");
        const drill::DevnetPlan wanted = plan();
        platform::durable_mkdir(folder_, 0700);
        const drill::DevnetLock lock(folder_);
        std::optional<Devnet> devnet = drill::find_devnet(folder_);
        const bool made = !devnet;
        if (devnet)
            require_same(*devnet);
        else
            devnet = drill::make_devnet(folder_, wanted, context.progress());
        std::vector<std::string> started;
        if (!no_start_) {
            started = drill::start(*devnet, drill::programs_beside_this());
            drill::wait_until_up(*devnet, start_patience_s + 2.0 * static_cast<double>(devnet->block_time_s),
                                 context.progress());
        }
        return {.document = document(*devnet, made, started),
                .print = [=, network = *devnet](Output& out) { print(out, network, made, started); }};
    }

    drill::DevnetPlan plan() const {
        drill::DevnetPlan plan;
        plan.validators = validators_.value_or(plan.validators);
        if (block_time_.value_or(1) > static_cast<std::uint64_t>(drill::block_time_max_s))
            throw Error(ErrorKind::usage, base::format("--block-time is 1 to {}", drill::block_time_max_s));
        if (block_time_) plan.block_time_s = static_cast<std::int64_t>(*block_time_);
        plan.agents = !no_agents_;
        if (plane_ == std::vector<std::string>{"local"} || (plane_.empty() && plan.agents)) {
            plan.control_plane = "local";
        } else if (!plane_.empty()) {
            for (const std::string& url : plane_)
                if (!url.starts_with("http://") && !url.starts_with("https://"))
                    throw Error(ErrorKind::usage, "--control-plane is 'local' or URLs of an etcd");
            plan.control_plane = "etcd";
            plan.etcd_endpoints = plane_;
        }
        return plan;
    }

    /// What a network is does not change.
    void require_same(const Devnet& devnet) const {
        const bool same = validators_.value_or(devnet.nodes.size()) == devnet.nodes.size() &&
                          block_time_.value_or(static_cast<std::uint64_t>(devnet.block_time_s)) ==
                              static_cast<std::uint64_t>(devnet.block_time_s) &&
                          !(no_agents_ && devnet.agents) && plane_.empty();
        if (same) return;
        throw Error(ErrorKind::usage, "the network in this folder is another one")
            .cause(base::format("it has {} validators, a block every {} s and {} agents", devnet.nodes.size(),
                                devnet.block_time_s, devnet.agents ? "its" : "no"))
            .hint("leave the options out to start it, or name another folder with --dir");
    }

    static Json document(const Devnet& devnet, bool made, const std::vector<std::string>& started) {
        Json nodes = Json::array();
        for (const drill::DevnetNode& node : devnet.nodes)
            nodes.push(Json::object({{"name", node.name},
                                     {"home", devnet.home_of(node).root.native()},
                                     {"validator", node.validator},
                                     {"rest_url", node.rest_url()}}));
        Json list = Json::array();
        for (const std::string& name : started) list.push(name);
        return Json::object({{"folder", devnet.folder.native()},
                             {"network", devnet.network},
                             {"made", made},
                             {"started", std::move(list)},
                             {"nodes", std::move(nodes)}});
    }

    static void print(Output& out, const Devnet& devnet, bool made, const std::vector<std::string>& started) {
        const std::string folder = base::printable(devnet.folder.native());
        if (started.empty())
            out.line("{}",
                     made ? "Made in " + folder + "; nothing was started." : "Everything runs already.");
        else
            out.line("The network in {} is up: {} validators, a block every {} s.", folder,
                     devnet.nodes.size(), devnet.block_time_s);
        Table table({{"node"}, {"REST interface"}, {"home"}});
        for (const drill::DevnetNode& node : devnet.nodes)
            table.row({node.name, node.rest_url(), base::printable(devnet.home_of(node).root.native())});
        out.table(table, "  ");
    }

    std::optional<std::uint64_t> validators_, block_time_;
    std::filesystem::path folder_ = "devnet";
    bool no_agents_ = false, no_start_ = false;
    std::vector<std::string> plane_;
};

}  // namespace

std::unique_ptr<Command> devnet_up_command() {
    return std::make_unique<DevnetUpCommand>();
}

}  // namespace bt2c::cli
