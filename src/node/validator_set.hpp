#pragma once
// One network's rows of `validators`, kept in memory, and what blocks change in them.

#include <optional>
#include <string>
#include <vector>

#include "chain/validator_status.hpp"
#include "node/chain.hpp"
#include "node/database.hpp"

namespace bt2c::node {

class ValidatorSet {
 public:
    struct Row {
        std::string address;
        std::string stored_status;
        std::optional<chain::ValidatorStatus> status;  ///< nothing: one that is not known
        std::int64_t stake_units = 0;
        std::int64_t reputation = 0;  ///< in thousandths
        std::int64_t total_blocks = 0;
        std::int64_t rewards_units = 0;
        std::string joined_at, last_block;
        bool eligible() const;
    };

    ValidatorSet(Database& database, std::string network);

    /// Sorted by address.
    const std::vector<Row>& rows();
    const Row* find(std::string_view address);
    /// What is in memory is read anew: after a rollback, an undo, or somebody else's commit.
    void forget() { loaded_ = false; }
    /// Of the block after `previous`.
    std::vector<std::string> proposers(const chain::Hash& previous, std::int64_t height, std::size_t count);
    std::size_t eligible_count();

    // Within the caller's transaction; the validator must be there.
    void made_block(const std::string& address, double timestamp, std::int64_t reward_units);
    void skipped(const std::string& address);
    void add(const std::string& address, std::int64_t stake_units, double timestamp);
    void set_stake(const std::string& address, std::int64_t stake_units, chain::ValidatorStatus status);
    void begin_unstaking(const std::string& address, double timestamp);
    void end_unstaking(const std::string& address);
    void tombstone(const std::string& address);

 private:
    Row& at(const std::string& address);
    void set_reputation(Row& row, std::int64_t reputation);

    Database& database_;
    std::string network_;
    char block_time_separator_ = 'T';
    std::vector<Row> rows_;
    bool loaded_ = false;
};

}  // namespace bt2c::node
