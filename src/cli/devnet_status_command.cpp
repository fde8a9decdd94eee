#include "base/text.hpp"
#include "cli/commands.hpp"
#include "drill/devnet_run.hpp"

namespace bt2c::cli {
namespace {

using base::ErrorKind;
using base::Json;
using drill::NodeState;

constexpr std::size_t short_hash = 12;

class DevnetStatusCommand final : public Command {
    About about() const override {
        return {
            .name = "devnet status",
            .summary = "show the nodes of a network that 'devnet up' made",
            .description =
                "Looks at the processes and asks each node that runs: its height and tip, how many others "
                "it is connected with, whether it is paused, whether its signing is locked, and why it "
                "makes no block at the moment.",
            .examples = {{"bt2c-dr devnet status", "the network in ./devnet"}},
            .exits = {ErrorKind::failed}};
    }

    void declare(Options& options) override {
        options.value(folder_, "--dir", "DIR", "the network's folder (default: ./devnet)");
    }

    Result run(Context&) override {
        const drill::Devnet devnet = drill::read_devnet(folder_);
        platform::HttpClient http;
        std::vector<NodeState> states;
        Json nodes = Json::array();
        for (const drill::DevnetNode& node : devnet.nodes) {
            base::throw_if_interrupted();
            const NodeState& state = states.emplace_back(drill::look_at(http, devnet, node));
            nodes.push(document(devnet, node, state));
        }
        return {.document = Json::object({{"folder", devnet.folder.native()},
                                          {"network", devnet.network},
                                          {"block_time_s", devnet.block_time_s},
                                          {"nodes", std::move(nodes)}}),
                .print = [=](Output& out) { print(out, devnet, states); }};
    }

    static Json document(const drill::Devnet& devnet, const drill::DevnetNode& node, const NodeState& state) {
        Json json = Json::object({{"name", node.name},
                                  {"home", devnet.home_of(node).root.native()},
                                  {"validator", node.validator},
                                  {"rest_url", node.rest_url()},
                                  {"running", state.running},
                                  {"agent_running", state.agent_running},
                                  {"answers", state.answers}});
        if (!state.answers) return json;
        json.set("height", state.height);
        json.set("tip_hash", state.hash);
        json.set("peers", state.peers);
        json.set("synced", state.synced);
        json.set("paused", state.paused);
        json.set("signing_locked", state.signing_locked);
        json.set("abstained", state.abstained.empty() ? Json() : Json(state.abstained));
        return json;
    }

    static void print(Output& out, const drill::Devnet& devnet, const std::vector<NodeState>& states) {
        Table table({{"node"},
                     {"process"},
                     {"height", Column::Align::right},
                     {"tip"},
                     {"peers", Column::Align::right},
                     {"network"},
                     {"signing"},
                     {"agent"}});
        for (std::size_t i = 0; i < states.size(); ++i) {
            const NodeState& state = states[i];
            const auto told = [&](std::string text) { return state.answers ? text : std::string("-"); };
            const Cell process = !state.running  ? Cell("stopped", Style::red)
                                 : state.answers ? Cell("running")
                                                 : Cell("no answer", Style::yellow);
            const Cell agent = !state.agent_running   ? Cell("-")
                               : *state.agent_running ? Cell("running")
                                                      : Cell("stopped", Style::red);
            table.row({devnet.nodes[i].name, process, told(std::to_string(state.height)),
                       told(base::printable(state.hash.substr(0, short_hash))),
                       told(std::to_string(state.peers)),
                       state.paused ? Cell("PAUSED", Style::yellow) : Cell(told("ACTIVE")),
                       state.signing_locked ? Cell("locked", Style::yellow) : Cell(told("allowed")), agent});
        }
        out.table(table);
    }

    std::filesystem::path folder_ = "devnet";
};

}  // namespace

std::unique_ptr<Command> devnet_status_command() {
    return std::make_unique<DevnetStatusCommand>();
}

}  // namespace bt2c::cli
