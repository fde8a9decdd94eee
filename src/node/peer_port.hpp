#pragma once
// What the talk with peers needs of the chain.

#include <optional>
#include <string>
#include <vector>

#include "node/chain.hpp"

namespace bt2c::node {

/// Functions may throw base::Error for what is nobody's fault at the other end of a connection (a database
/// that is locked, a full disk).
class PeerPort {
 public:
    virtual ~PeerPort() = default;

    virtual ChainTip tip() = 0;
    virtual std::int64_t base_height() = 0;
    virtual bool paused() = 0;
    virtual std::int64_t pause_sequence() = 0;
    virtual std::optional<chain::Hash> hash_at(std::int64_t height) = 0;
    virtual std::vector<Block> blocks_from(std::int64_t height, std::size_t count, std::size_t bytes_max) = 0;
    // As the functions of Chain.
    virtual Taken accept(const Block& block) = 0;
    virtual Taken accept_all(const std::vector<Block>& blocks, std::size_t& accepted) = 0;
    virtual Taken add_transaction(const Transaction& transaction) = 0;
    virtual std::vector<Transaction> pending(std::size_t count) = 0;
    /// Whether our key is shown to peers. Not while signing is locked: so it can be asked whether another
    /// node has it, though this one runs to sync.
    virtual bool claims_key() { return true; }
    /// 0 for who is no active validator.
    virtual std::int64_t active_stake_units(const std::string& address) = 0;
};

}  // namespace bt2c::node
