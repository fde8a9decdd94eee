#include "drill/devnet_run.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace bt2c::drill {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;
using base::Json;
using base::printable;

namespace {

constexpr int answer_timeout_ms = 2'000;
constexpr std::size_t answer_bytes_max = 4 << 20;
constexpr std::size_t log_end_bytes = 2'000, log_end_lines = 8;

fs::path node_log(const Devnet& devnet, const DevnetNode& node) {
    return devnet.folder / node.name / "node.log";
}
fs::path agent_log(const Devnet& devnet, const DevnetNode& node) {
    return devnet.folder / node.name / "agent.log";
}

bool runs(const std::optional<ProcessMark>& process) {
    return process && drill::runs(*process);
}

std::string text_of(const Json& json, std::string_view key) {
    const Json* value = json.find(key);
    return value && value->is_string() ? value->string() : "";
}

/// What a node still lacks; empty: nothing.
std::string lacks(const NodeState& state, std::size_t nodes) {
    if (!state.answers) return "does not answer yet";
    if (state.peers + 1 < static_cast<std::int64_t>(nodes))
        return format("is connected with {} of {} others", state.peers, nodes - 1);
    if (state.abstained == "no_agent") return "waits for its agent";
    if (state.paused) return "";  // it takes no blocks, also those that others took before
    if (!state.synced) return "lacks blocks that others have";
    if (state.height < 1) return "has no block beyond the first one";
    return "";
}

Error ended(const std::string& name, const fs::path& log) {
    return Error(ErrorKind::failed, format("{} has ended", name))
        .cause(log_end(log))
        .state("what else was started still runs")
        .hint(format("look at {}; 'bt2c-dr devnet down' ends the others", printable(log.native())));
}

}  // namespace

Programs programs_beside_this() {
    const fs::path own = own_program();
    const fs::path node = own.parent_path() / "bt2c-node";
    return {fs::exists(node) ? node.native() : "bt2c-node", own.native()};
}

Json ask(platform::HttpClient& http, const DevnetNode& node, const std::string& path,
         const std::string& body) {
    platform::HttpRequest request{.method = body.empty() ? "GET" : "POST",
                                  .url = node.rest_url() + path,
                                  .body = body,
                                  .timeout_ms = answer_timeout_ms,
                                  .response_max = answer_bytes_max};
    return Json::parse(http.send(request).body);
}

NodeState look_at(platform::HttpClient& http, const Devnet& devnet, const DevnetNode& node) {
    NodeState state;
    state.running = runs(node.node);
    if (devnet.agents) state.agent_running = runs(node.agent);
    if (!state.running) return state;
    try {
        const Json answer = ask(http, node, "/network/status");
        // Ports may be somebody else's by now.
        if (answer.string_at("name") != node.name) return state;
        state.height = answer.integer_at("height");
        state.hash = answer.string_at("hash");
        state.peers = answer.integer_at("peers");
        state.synced = answer.bool_at("synced");
        state.paused = answer.bool_at("paused");
        state.signing_locked = answer.bool_at("signing_locked");
        state.abstained = text_of(answer, "abstained");
        state.answers = true;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
    }
    return state;
}

std::vector<std::string> start(Devnet& devnet, const Programs& programs) {
    std::vector<std::string> started;
    for (DevnetNode& node : devnet.nodes) {
        const std::string home = devnet.home_of(node).root.native();
        if (devnet.agents && !runs(node.agent)) {
            // A node that settles takes two block times, so much later the agent looks again.
            node.agent = start_detached({programs.agent, "--home", home, "agent", "--settle-seconds",
                                         std::to_string(2 * devnet.block_time_s)},
                                        agent_log(devnet, node));
            devnet.write();
            started.push_back(node.name + "'s agent");
        }
        if (!runs(node.node)) {
            node.node = start_detached({programs.node, "--home", home, "run"}, node_log(devnet, node));
            devnet.write();
            started.push_back(node.name);
        }
    }
    return started;
}

void wait_until_up(const Devnet& devnet, double patience_s, base::Progress& progress) {
    platform::HttpClient http;
    const base::Stopwatch watch;
    std::size_t up = 0;
    progress.items_phase("waiting for nodes", devnet.nodes.size());
    for (;;) {
        std::string first_lack;
        std::size_t ready = 0;
        for (const DevnetNode& node : devnet.nodes) {
            const NodeState state = look_at(http, devnet, node);
            if (!state.running) throw ended(node.name, node_log(devnet, node));
            if (state.agent_running == false) throw ended(node.name + "'s agent", agent_log(devnet, node));
            const std::string lack = lacks(state, devnet.nodes.size());
            if (lack.empty()) ++ready;
            if (!lack.empty() && first_lack.empty()) first_lack = node.name + " " + lack;
        }
        if (ready > up) progress.advance(ready - up);
        up = std::max(up, ready);
        if (first_lack.empty()) return;
        if (watch.seconds() > patience_s)
            throw Error(ErrorKind::failed, format("the network is not up after {}: {}",
                                                  base::human_duration(patience_s), first_lack))
                .state("its processes still run")
                .hint("look at 'bt2c-dr devnet status' and at node.log in the nodes' folders");
        base::throw_if_interrupted();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

std::vector<std::string> stop(Devnet& devnet, double patience_s) {
    std::vector<ProcessMark> all;
    for (const DevnetNode& node : devnet.nodes)
        for (const auto& mark : {node.node, node.agent})
            if (mark) all.push_back(*mark);
    const std::vector<ProcessMark> killed = end_all(all, patience_s);
    const auto was_killed = [&](const std::optional<ProcessMark>& mark) {
        return mark && std::ranges::find(killed, mark->pid, &ProcessMark::pid) != killed.end();
    };
    std::vector<std::string> names;
    for (DevnetNode& node : devnet.nodes) {
        if (was_killed(node.node)) names.push_back(node.name);
        if (was_killed(node.agent)) names.push_back(node.name + "'s agent");
        node.node.reset();
        node.agent.reset();
    }
    devnet.write();
    return names;
}

std::string log_end(const fs::path& log) {
    std::string text(log_end_bytes, '\0');
    try {
        const platform::Descriptor descriptor = platform::open_for_reading(log);
        const std::uint64_t size = platform::file_size(descriptor.get(), log);
        const std::uint64_t begin = size > log_end_bytes ? size - log_end_bytes : 0;
        const base::MutableBytes bytes(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
        text.resize(platform::read_at(descriptor.get(), bytes, begin, log));
    } catch (const Error&) {
        return "";
    }
    while (text.ends_with('\n')) text.pop_back();
    std::size_t begin = text.size();
    for (std::size_t lines = 0; lines < log_end_lines && begin != std::string::npos; ++lines)
        begin = begin == 0 ? std::string::npos : text.rfind('\n', begin - 1);
    if (begin != std::string::npos) text.erase(0, begin + 1);
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at))
        text.replace(at, 1, " | ");
    return text;
}

}  // namespace bt2c::drill
