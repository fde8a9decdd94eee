#include "node/wire.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "crypto/base64.hpp"

namespace bt2c::node {
namespace {

using base::Error;
using base::ErrorKind;
using base::format;
using base::Json;

constexpr std::int64_t height_max = std::int64_t{1} << 52;
constexpr std::size_t small = 1024;
constexpr std::string_view hello_purpose = "bt2c node hello";

Error bad(const std::string& what) {
    return Error(ErrorKind::failed, "cannot take a message: " + what);
}

std::int64_t integer(const Json& head, std::string_view key, std::int64_t least, std::int64_t most) {
    const std::int64_t value = head.integer_at(key);
    if (value < least || value > most) throw bad(format("'{}' is out of range", key));
    return value;
}

std::string text(const Json& head, std::string_view key, std::size_t most) {
    const std::string& value = head.string_at(key);
    if (value.size() > most) throw bad(format("'{}' is too long", key));
    return value;
}

chain::Hash hash(const Json& head, std::string_view key) {
    chain::Hash value{};
    if (!chain::parse_hash(head.string_at(key), value)) throw bad(format("'{}' is no hash", key));
    return value;
}

base::Bytes bytes(const Json& head, std::string_view key) {
    auto value = crypto::from_base64(text(head, key, 2048));
    if (!value) throw bad(format("'{}' is not base64", key));
    return *std::move(value);
}

void add_tip(Json& head, std::int64_t height, const chain::Hash& hash, bool paused, std::int64_t sequence) {
    head.set("height", height)
        .set("hash", chain::hash_text(hash))
        .set("paused", paused)
        .set("pause_sequence", sequence);
}
template <typename Told>
void read_tip(const Json& head, Told& told) {
    told.height = integer(head, "height", -1, height_max);
    told.hash = hash(head, "hash");
    told.paused = head.bool_at("paused");
    told.pause_sequence = integer(head, "pause_sequence", 0, height_max);
}

Json head_of(const char* type) {
    return Json::object({{"type", type}});
}

/// The lines after the head.
std::vector<std::string_view> lines_of(std::string_view rest, std::size_t most) {
    std::vector<std::string_view> lines;
    while (!rest.empty()) {
        if (lines.size() == most) throw bad("it holds too many lines");
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        lines.push_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return lines;
}
std::string_view only_line(std::string_view rest) {
    const auto lines = lines_of(rest, 1);
    if (lines.size() != 1) throw bad("its contents are missing");
    return lines[0];
}

struct Writer {
    std::string operator()(const Hello& hello) const {
        Json head = head_of("hello");
        head.set("version", wire_version)
            .set("network", hello.network)
            .set("genesis", chain::hash_text(hello.genesis))
            .set("name", hello.name)
            .set("instance", hello.instance)
            .set("time", hello.time);
        add_tip(head, hello.height, hello.hash, hello.paused, hello.pause_sequence);
        head.set("public_key", crypto::to_base64(hello.public_key))
            .set("signature", crypto::to_base64(hello.signature));
        return head.dump();
    }
    std::string operator()(const Status& status) const {
        Json head = head_of("status");
        add_tip(head, status.height, status.hash, status.paused, status.pause_sequence);
        return head.dump();
    }
    std::string operator()(const GetBlocks& wanted) const {
        return head_of("get_blocks")
            .set("id", wanted.id)
            .set("from", wanted.from)
            .set("count", wanted.count)
            .dump();
    }
    std::string operator()(const Blocks& answer) const {
        std::string out = head_of("blocks").set("id", answer.id).dump();
        for (const Block& block : answer.blocks) out += "\n" + to_json(block);
        return out;
    }
    std::string operator()(const NewBlock& made) const {
        return head_of("new_block").dump() + "\n" + to_json(made.block);
    }
    std::string operator()(const NewTransaction& made) const {
        return head_of("transaction").dump() + "\n" + to_json(made.transaction);
    }
    std::string operator()(const Ping&) const { return head_of("ping").dump(); }
    std::string operator()(const Pong&) const { return head_of("pong").dump(); }
    std::string operator()(const Twin& twin) const {
        return head_of("twin")
            .set("signed_text", twin.signed_text)
            .set("signature", crypto::to_base64(twin.signature))
            .dump();
    }
    std::string operator()(const Bye& bye) const {
        return head_of("bye").set("reason", bye.reason.substr(0, 200)).dump();
    }
};

Message read_hello(const Json& head, std::string_view) {
    if (const std::int64_t version = integer(head, "version", 0, height_max); version != wire_version)
        throw bad(format("it is of version {}, and {} is spoken here", version, wire_version));
    Hello hello;
    hello.network = text(head, "network", 64);
    hello.genesis = hash(head, "genesis");
    hello.name = text(head, "name", 64);
    hello.instance = text(head, "instance", 64);
    hello.time = integer(head, "time", 0, height_max);
    read_tip(head, hello);
    hello.public_key = bytes(head, "public_key");
    hello.signature = bytes(head, "signature");
    return hello;
}
Message read_status(const Json& head, std::string_view) {
    Status status;
    read_tip(head, status);
    return status;
}
Message read_get_blocks(const Json& head, std::string_view) {
    return GetBlocks{integer(head, "id", 0, height_max), integer(head, "from", 0, height_max),
                     integer(head, "count", 1, blocks_count_max)};
}
Message read_blocks(const Json& head, std::string_view rest) {
    Blocks answer{integer(head, "id", 0, height_max), {}};
    for (const std::string_view line : lines_of(rest, static_cast<std::size_t>(blocks_count_max))) {
        if (line.size() > block_bytes_max) throw bad("a block is too long");
        answer.blocks.push_back(parse_block(line));
    }
    return answer;
}
Message read_new_block(const Json&, std::string_view rest) {
    return NewBlock{parse_block(only_line(rest))};
}
Message read_transaction(const Json&, std::string_view rest) {
    return NewTransaction{parse_transaction(only_line(rest))};
}
Message read_ping(const Json&, std::string_view) {
    return Ping{};
}
Message read_pong(const Json&, std::string_view) {
    return Pong{};
}
Message read_twin(const Json& head, std::string_view) {
    return Twin{text(head, "signed_text", 2048), bytes(head, "signature")};
}
Message read_bye(const Json& head, std::string_view) {
    return Bye{text(head, "reason", 800)};
}

struct Type {
    std::string_view name;
    std::size_t bytes_max;
    Message (*read)(const Json& head, std::string_view rest);
};
constexpr std::array types{
    Type{"hello", hello_bytes_max, read_hello},
    Type{"status", small, read_status},
    Type{"get_blocks", small, read_get_blocks},
    Type{"blocks", message_bytes_max, read_blocks},
    Type{"new_block", block_bytes_max + small, read_new_block},
    Type{"transaction", 8 * payload_bytes_max, read_transaction},
    Type{"ping", small, read_ping},
    Type{"pong", small, read_pong},
    Type{"twin", hello_bytes_max, read_twin},
    Type{"bye", small, read_bye},
};

}  // namespace

std::string hello_signed_text(const Hello& hello, base::ByteView channel_binding, bool from_the_dialler) {
    return Json::object({{"purpose", hello_purpose},
                         {"version", wire_version},
                         {"network", hello.network},
                         {"genesis", chain::hash_text(hello.genesis)},
                         {"name", hello.name},
                         {"instance", hello.instance},
                         {"time", hello.time},
                         {"role", from_the_dialler ? "dialler" : "listener"},
                         {"channel", base::to_hex(channel_binding)}})
        .dump();
}

std::optional<HelloOrigin> origin_of_hello(std::string_view signed_text) {
    try {
        const Json json = Json::parse(signed_text);
        if (json.string_at("purpose") != hello_purpose) return std::nullopt;
        return HelloOrigin{json.string_at("instance"), json.integer_at("time")};
    } catch (const Error&) {
        return std::nullopt;
    }
}

std::string message_text(const Message& message) {
    return std::visit(Writer{}, message);
}

std::optional<Message> parse_message(std::string_view message) {
    if (message.size() > message_bytes_max) throw bad("it is too long");
    const std::size_t end = std::min(message.find('\n'), message.size());
    if (end > hello_bytes_max) throw bad("its head is too long");
    const Json head = Json::parse(message.substr(0, end));
    const std::string& name = head.string_at("type");
    for (const Type& type : types)
        if (type.name == name) {
            if (message.size() > type.bytes_max) throw bad(format("it is too long for a '{}'", type.name));
            return type.read(head, message.substr(std::min(end + 1, message.size())));
        }
    return std::nullopt;
}

}  // namespace bt2c::node
