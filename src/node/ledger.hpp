#pragma once
// Balances and nonces, and what transactions do to them and to validators. Everything within the caller's
// transaction, which is to be rolled back after a fault.

#include <string>

#include "node/block.hpp"
#include "node/database.hpp"
#include "node/evidence.hpp"
#include "node/validator_set.hpp"

namespace bt2c::node {

/// After so many further blocks an unstaked stake is free.
inline constexpr std::int64_t unstaking_blocks = 10;

class Ledger {
 public:
    Ledger(Database& database, ValidatorSet& validators, std::string network);
    /// Part of what rotations and evidence are proved against.
    void set_genesis(const chain::Hash& genesis) { genesis_ = genesis; }

    std::int64_t balance(const std::string& address);
    std::int64_t last_nonce(const std::string& address);

    /// Of a proved transaction in a block of that height and time. Gives why it is refused, or nothing.
    std::string apply(const Transaction& transaction, std::int64_t height, double block_timestamp);
    void credit(const std::string& address, std::int64_t units);
    /// Frees the stakes whose time has come at this height.
    void release_unstaked(std::int64_t height);

    /// All of it anew from the blocks up to the tip. Gives the units that were paid out in all.
    std::int64_t rebuild(std::int64_t tip_height);

 private:
    std::string apply_stake(const Transaction& transaction, double block_timestamp);
    std::string apply_unstake(const Transaction& transaction, std::int64_t height, double block_timestamp);
    std::string apply_payload(const Transaction& transaction, double block_timestamp);
    std::string apply_rotation(const keys::RotationRecord& record, const std::string& text);
    std::string apply_evidence(const Evidence& evidence, double block_timestamp);
    /// Where a validator is now, after rotations of keys that were not stolen.
    std::string current_address(std::string address);

    Database& database_;
    ValidatorSet& validators_;
    std::string network_;
    chain::Hash genesis_{};
};

}  // namespace bt2c::node
