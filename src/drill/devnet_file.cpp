// What a network's folder says of it.

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "drill/devnet.hpp"
#include "keys/rsa_key.hpp"

namespace bt2c::drill {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;
using base::printable;

namespace {

constexpr std::string_view kind = "bt2c devnet";
constexpr std::uint64_t file_bytes_max = 1 << 16;

Json mark_document(const std::optional<ProcessMark>& mark) {
    if (!mark) return {};
    return Json::object({{"pid", static_cast<std::int64_t>(mark->pid)}, {"started", mark->started}});
}

std::optional<ProcessMark> read_mark(const Json& node, std::string_view key) {
    const Json* mark = node.find(key);
    if (!mark) return std::nullopt;
    const std::int64_t pid = mark->integer_at("pid");
    // Signals go to the group -pid: 0 and 1 would be everybody.
    if (pid <= 1 || pid > 1 << 30) throw Error(ErrorKind::failed, "a process has no such number");
    return ProcessMark{static_cast<pid_t>(pid), mark->string_at("started")};
}

std::uint16_t read_port(const Json& node, std::string_view key) {
    const std::int64_t port = node.integer_at(key);
    if (port < 1 || port > 65'535) throw Error(ErrorKind::failed, "a port is none");
    return static_cast<std::uint16_t>(port);
}

}  // namespace

std::string DevnetNode::rest_url() const {
    return base::format("http://127.0.0.1:{}", rest_port);
}

std::string Devnet::text() const {
    Json list = Json::array();
    for (const DevnetNode& node : nodes)
        list.push(Json::object({{"name", node.name},
                                {"validator", node.validator},
                                {"peer_port", node.peer_port},
                                {"rest_port", node.rest_port},
                                {"node", mark_document(node.node)},
                                {"agent", mark_document(node.agent)}}));
    return Json::object({{"kind", kind},
                         {"version", 1},
                         {"network", network},
                         {"block_time_s", block_time_s},
                         {"agents", agents},
                         {"nodes", std::move(list)}})
               .dump(true) +
           "\n";
}

void Devnet::write() const {
    platform::write_durably(file(), base::as_bytes(text()), 0600);
}

Devnet parse_devnet(std::string_view text, const fs::path& folder) {
    Devnet devnet;
    devnet.folder = folder;
    try {
        const Json json = Json::parse(text);
        if (json.string_at("kind") != kind || json.integer_at("version") != 1)
            throw Error(ErrorKind::failed, "it is of another kind or version");
        devnet.network = json.string_at("network");
        devnet.block_time_s = json.integer_at("block_time_s");
        devnet.agents = json.bool_at("agents");
        if (devnet.block_time_s < 1 || devnet.block_time_s > block_time_max_s)
            throw Error(ErrorKind::failed, "its block time is none");
        for (const Json& one : json.array_at("nodes")) {
            DevnetNode node{.name = one.string_at("name"),
                            .validator = one.string_at("validator"),
                            .peer_port = read_port(one, "peer_port"),
                            .rest_port = read_port(one, "rest_port"),
                            .node = read_mark(one, "node"),
                            .agent = read_mark(one, "agent")};
            // Names become paths.
            if (node.name != base::format("node-{}", devnet.nodes.size() + 1) ||
                !keys::is_address(node.validator))
                throw Error(ErrorKind::failed, "its nodes are not named as they should");
            devnet.nodes.push_back(std::move(node));
        }
        if (devnet.nodes.empty() || devnet.nodes.size() > validators_max)
            throw Error(ErrorKind::failed, "it has too few or too many nodes");
    } catch (const Error& error) {
        throw Error(ErrorKind::failed,
                    base::format("cannot use {}: {}", printable(devnet.file().native()), error.message()))
            .cause(error.cause());
    }
    return devnet;
}

std::optional<Devnet> find_devnet(const fs::path& folder) {
    const fs::path absolute = fs::absolute(folder).lexically_normal();
    const fs::path file = absolute / "devnet.json";
    if (!fs::exists(fs::symlink_status(file))) {
        if (fs::exists(fs::symlink_status(absolute)) &&
            !(fs::is_directory(absolute) && fs::is_empty(absolute)))
            throw Error(ErrorKind::failed,
                        base::format("cannot use {}: it is not empty, and no network that 'devnet up' made",
                                     printable(absolute.native())))
                .state("nothing was changed")
                .hint("name another folder with --dir");
        return std::nullopt;
    }
    return parse_devnet(base::as_text(platform::read_file(file, file_bytes_max)), absolute);
}

Devnet read_devnet(const fs::path& folder) {
    if (auto devnet = find_devnet(folder)) return std::move(*devnet);
    throw Error(ErrorKind::failed,
                base::format("there is no network in {}", printable(fs::absolute(folder).native())))
        .hint("'bt2c-dr devnet up' makes one; --dir names its folder");
}

DevnetLock::DevnetLock(const fs::path& folder)
    : lock_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (!lock_) throw base::system_error(base::format("cannot open {}", printable(folder.native())), errno);
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
        throw Error(ErrorKind::busy, base::format("cannot change the network in {}: another command does",
                                                  printable(folder.native())));
}

}  // namespace bt2c::drill
