#pragma once
// What a Chain consists of, and how its blocks are added and undone.

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chaindb/sqlite/transaction.hpp"
#include "node/chain.hpp"
#include "node/database.hpp"
#include "node/header_watch.hpp"
#include "node/ledger.hpp"
#include "node/pool.hpp"
#include "node/side_blocks.hpp"
#include "node/validator_set.hpp"

namespace bt2c::node {

/// Of so many newest blocks it is known how to undo them: deeper ones are final.
inline constexpr std::int64_t undo_kept = final_depth + 2;
/// How far a block's or a transaction's time may be ahead of this node's clock.
inline constexpr double clock_tolerance_s = 2;

class ChainState {
 public:
    ChainState(const std::filesystem::path& file, Chain::Options options);
    ChainState(const ChainState&) = delete;
    ChainState& operator=(const ChainState&) = delete;

    /// Sees what other processes committed.
    void refresh();
    double earliest_s(std::int64_t round) const;
    std::vector<std::string> proposers();

    Taken accept(const Block& block, double now_s);
    Taken accept_all(const std::vector<Block>& blocks, double now_s, std::size_t& accepted);
    Taken add_transaction(const Transaction& transaction, double now_s);
    Block build(const std::string& validator, std::int64_t round, double now_s);

    Chain::Options options;
    Database database;
    ValidatorSet validators;
    Ledger ledger;
    Pool pool;
    HeaderWatch watch;
    SideBlocks side;
    ChainTip tip;
    chain::Hash genesis{};
    std::int64_t base_height = -1;

 private:
    class Attempt;

    void load();
    void load_tip();
    void store_state();

    // Rules and effects of one block; chain_rules.cpp. The first two give a fault, or nothing.
    std::string rule_fault(const Block& block, double now_s, const std::vector<std::string>& proposers);
    /// What is not recorded cannot be undone.
    std::string apply_block(const Block& block, double now_s, bool record);
    std::int64_t reward_units(double timestamp) const;
    /// False when it cannot be undone.
    bool undo_tip();
    /// After blocks were added or undone: what waits, and what this software keeps of the chain.
    void finish(Attempt& attempt, const std::vector<const Block*>& added, const std::vector<Block>& undone);

    Taken unless_paused(const std::function<Taken()>& work);
    Taken take(const Block& block, double now_s);
    Taken take_all(const std::vector<Block>& blocks, double now_s, std::size_t& accepted);
    Taken extend(const Block& block, double now_s);
    Taken take_aside(const Block& block, double now_s);
    /// Switches to the branch of a block that was kept aside, if it is better.
    Taken prefer(const BlockHeader& header, double now_s, Verdict otherwise);
    Taken switch_to(const std::vector<Block>& branch, std::int64_t fork_height, double now_s);
    bool is_final(std::int64_t height) const;
    bool is_better(const std::vector<Block>& branch, std::int64_t fork_height);
    /// `count` blocks, which follow the tip: all of them, or none and how many of them could have been added,
    /// with the fault of the next.
    std::pair<std::size_t, Taken> extend_all(const std::vector<Block>& blocks, std::size_t begin,
                                             std::size_t count, double now_s, bool proven);
    void note_header(const BlockHeader& header);
    Taken refused(const BlockHeader& header, std::string reason);

    double genesis_timestamp_ = 0;
    std::int64_t paid_units_ = 0;
    std::int64_t data_version_ = -1;
    bool has_nonces_ = false;
};

/// A write transaction; what is in memory goes back with the rows unless it is committed.
class ChainState::Attempt {
 public:
    explicit Attempt(ChainState& state);
    ~Attempt();
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
    void commit();

    // Of the pool: its rows change at once, its memory with the commit.
    void keep(const Transaction& transaction);
    void forget(const chain::Hash& hash);

 private:
    ChainState& state_;
    std::optional<chaindb::sqlite::Transaction> rows_;
    ChainTip tip_;
    std::int64_t paid_units_ = 0;
    bool committed_ = false;
    std::vector<Transaction> kept_;
    std::vector<chain::Hash> forgotten_;
};

}  // namespace bt2c::node
