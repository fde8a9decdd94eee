#pragma once
// The chain of one network in one database, and the rules by which it grows. docs/node.md.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "node/block.hpp"

namespace bt2c::node {

struct ChainTip {
    std::int64_t height = -1;  ///< -1: no block at all
    chain::Hash hash{};
    double timestamp = 0;
};

struct ValidatorInfo {
    std::string address, status;
    std::int64_t stake_units = 0;
    double reputation = 0;
    std::int64_t total_blocks = 0;
    std::string joined_at, last_block;  ///< as stored
};

/// How the chain took what it was given.
enum class Verdict {
    accepted,
    known,        ///< it was here already
    unconnected,  ///< its predecessor is not here: ask for what is between
    worse,        ///< sound as far as was looked, but the chain here is preferred to it
    refused,      ///< against the rules
    final,        ///< it would undo a block that is final here: a fork that a person has to look at
    paused,       ///< the network is paused here
};
struct Taken {
    Verdict verdict = Verdict::refused;
    std::string reason;  ///< of anything but accepted and known
};

/// Belongs to one thread. Other processes may write to the database (a pause, a rotation of another network):
/// every call sees what they committed.
class Chain {
 public:
    struct Options {
        std::string network;
        double block_time_s = 300;
    };
    /// Makes the tables that the data model has no place for where they are missing, and brings derived
    /// state up to the tip that other software may have moved. Throws Error when it is no chain database, or
    /// has no block of the network.
    static Chain open(const std::filesystem::path& database, Options options);
    Chain(Chain&&) noexcept;
    ~Chain();

    const Options& options() const;
    ChainTip tip() const;
    const chain::Hash& genesis() const;
    /// Blocks at or below were there before this software; they carry no signature, and are not served.
    std::int64_t base_height() const;
    bool paused() const;
    std::int64_t pause_sequence() const;  ///< of the newest order that the database knows; 0: none

    /// Who may make the next block, the first proposer first; its index is the block's round. At most 16.
    std::vector<std::string> proposers() const;
    /// The earliest time at which a round's block may have been made: the tip's plus (1 + round) block times.
    double earliest_s(std::int64_t round) const;

    /// Proves a block and adds it; may undo up to `final_depth` blocks for a better chain. All or nothing,
    /// durable when it returns. `now` is this node's clock: blocks from the future are refused.
    Taken accept(const Block& block, double now_s);
    /// The same for blocks that follow each other, in few transactions: signatures are proved side by side.
    /// Stops at the first that is not accepted; `accepted` counts those before it.
    Taken accept_all(const std::vector<Block>& blocks, double now_s, std::size_t& accepted);
    /// Proves a transaction and keeps it until a block takes it.
    Taken add_transaction(const Transaction& transaction, double now_s);

    /// A block upon the tip, complete but for public key and signature.
    Block build(const std::string& validator, std::int64_t round, double now_s);

    std::optional<Block> block_at(std::int64_t height) const;
    std::optional<Block> block_of(const chain::Hash& hash) const;
    std::optional<chain::Hash> hash_at(std::int64_t height) const;
    /// From that height upwards; fewer when the next would go beyond the size of their JSON texts.
    std::vector<Block> blocks_from(std::int64_t height, std::size_t count, std::size_t bytes_max) const;

    std::vector<ValidatorInfo> validators() const;
    std::optional<ValidatorInfo> validator(const std::string& address) const;
    std::int64_t active_stake_units() const;
    std::int64_t balance_units(const std::string& address) const;
    std::int64_t last_nonce(const std::string& address) const;
    /// The highest block by that validator; nothing where it has none.
    std::optional<std::int64_t> highest_block_by(const std::string& address) const;
    std::size_t pending_count() const;
    std::vector<Transaction> pending(std::size_t count) const;
    std::int64_t evidence_count() const;  ///< cases of two blocks at one height
    /// Transactions that this chain itself wants to be known (evidence that it found); emptied by the call.
    std::vector<Transaction> take_own_transactions();

 private:
    struct State;
    explicit Chain(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Blocks this deep under the tip are never undone.
inline constexpr std::int64_t final_depth = 6;

/// What a new network begins with.
struct Genesis {
    std::string network;
    double timestamp = 0;  ///< whole Unix seconds
    struct Member {
        std::string address;
        double stake = 0, balance = 0;  ///< coins
    };
    std::vector<Member> validators;
};
/// Makes a chain database (layout fresh, WAL mode) with block 0 in it. The same arguments make the same
/// block on every node. Throws Error(failed) when the file exists.
void create_chain(const std::filesystem::path& database, const Genesis& genesis);

}  // namespace bt2c::node
