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

class ChainState;

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
    /// Goes past blocks that are known already, and past those that are worse, since the ones after them may
    /// make their branch the better one. Stops at the first other one, of which it tells; `accepted` counts
    /// the blocks before it. When it came to the end, it tells accepted, or worse when the last block was.
    Taken accept_all(const std::vector<Block>& blocks, double now_s, std::size_t& accepted);
    /// Proves a transaction and keeps it until a block takes it.
    Taken add_transaction(const Transaction& transaction, double now_s);

    /// A block upon the tip, complete but for public key and signature.
    /// Throws Error(failed) when that validator may not make it now.
    Block build(const std::string& validator, std::int64_t round, double now_s);

    /// Keeps the contents of a block that is about to be signed, durably, so that the very same can be signed
    /// again after a kill.
    void keep_made(const Block& block);
    /// What was kept for that validator's block at that height.
    std::optional<Block> made_at(const std::string& validator, std::int64_t height) const;

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
    /// For its next transaction: one more than the last, those that wait for a block included.
    std::int64_t next_nonce(const std::string& address) const;
    /// The highest block by that validator; nothing where it has none.
    std::optional<std::int64_t> highest_block_by(const std::string& address) const;
    std::size_t pending_count() const;
    std::vector<Transaction> pending(std::size_t count) const;
    std::int64_t evidence_count() const;  ///< cases of two blocks at one height
    /// Transactions that this chain itself wants to be known: evidence that it found. Of each only type and
    /// payload are filled in. A node with a key adds timestamp and nonce, signs (node/signing.hpp), and gives
    /// it to add_transaction() and to its peers. Each is given once in twelve blocks until somebody's is in a
    /// block.
    std::vector<Transaction> take_own_transactions();

 private:
    explicit Chain(std::unique_ptr<ChainState> state);
    std::unique_ptr<ChainState> state_;
};

/// Blocks this deep under the tip are never undone.
inline constexpr std::int64_t final_depth = 6;

/// What a new network begins with. The first validator gets the reward of block 0 on top.
struct Genesis {
    std::string network;
    double timestamp = 0;  ///< whole Unix seconds
    struct Member {
        std::string address;
        double stake = 0;    ///< coins, at least 1
        double balance = 0;  ///< coins; paid by transactions of type developer, of less than 1000 each
    };
    std::vector<Member> validators;
};
/// Of all balances together.
inline constexpr double genesis_balance_max = 2'000'000;
/// Makes a chain database (layout fresh, WAL mode) with block 0 in it. The same arguments make the same
/// block on every node. Throws Error(failed) when the file exists, Error(usage) when a value makes no sense.
void create_chain(const std::filesystem::path& database, const Genesis& genesis);

}  // namespace bt2c::node
