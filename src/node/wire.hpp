#pragma once
// What nodes say to each other. A message is a line of JSON, its head, with the member `type`; blocks and
// transactions follow it, one JSON text on each line. docs/node.md.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "node/block.hpp"

namespace bt2c::node {

inline constexpr std::int64_t wire_version = 1;

/// The first message on a connection, either way.
struct Hello {
    std::string network;
    chain::Hash genesis{};
    std::string name;       ///< the CN of its certificate
    std::string instance;   ///< 16 random bytes in hexadecimal: a process, as against its name
    base::UnixMs time = 0;  ///< of the sender's clock
    std::int64_t height = -1;
    chain::Hash hash{};  ///< of its tip
    bool paused = false;
    std::int64_t pause_sequence = 0;
    /// Both empty for a node without a key.
    base::Bytes public_key, signature;
};
/// What a validator signs in its hello, so that it is good on this one connection only, and cannot be sent
/// back to whom it came from.
std::string hello_signed_text(const Hello& hello, base::ByteView channel_binding, bool from_the_dialler);

/// Which process signed such a text, and when; nullopt for any other text.
struct HelloOrigin {
    std::string instance;
    base::UnixMs time = 0;
};
std::optional<HelloOrigin> origin_of_hello(std::string_view signed_text);

struct Status {
    std::int64_t height = -1;
    chain::Hash hash{};
    bool paused = false;
    std::int64_t pause_sequence = 0;
};
struct GetBlocks {
    std::int64_t id = 0;  ///< of the answer
    std::int64_t from = 0, count = 0;
};
struct Blocks {
    std::int64_t id = 0;
    std::vector<Block> blocks;
};
struct NewBlock {
    Block block;
};
struct NewTransaction {
    Transaction transaction;
};
struct Ping {};
struct Pong {};
/// Tells a validator that another process proves its key: what that one signed in its hello.
struct Twin {
    std::string signed_text;
    base::Bytes signature;
};
struct Bye {
    std::string reason;
};

using Message =
    std::variant<Hello, Status, GetBlocks, Blocks, NewBlock, NewTransaction, Ping, Pong, Twin, Bye>;

/// The most bytes of any message, and of one before the hello.
inline constexpr std::size_t message_bytes_max = 4U << 20;
inline constexpr std::size_t hello_bytes_max = 8U << 10;
/// Of the blocks of one answer, so that it is no message too long.
inline constexpr std::size_t blocks_bytes_max = message_bytes_max - 4096;
inline constexpr std::int64_t blocks_count_max = 256;

std::string message_text(const Message& message);
/// nullopt for a type that this version does not know. Throws Error(failed) naming the fault.
std::optional<Message> parse_message(std::string_view text);

}  // namespace bt2c::node
