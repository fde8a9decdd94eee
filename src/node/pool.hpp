#pragma once
// Transactions that wait for a block: rows of `transactions` without one, and the same in memory.

#include <map>
#include <string>
#include <vector>

#include "node/block.hpp"
#include "node/database.hpp"

namespace bt2c::node {

inline constexpr std::size_t pending_max = 10'000;
inline constexpr std::size_t pending_of_sender_max = 100;

class Pool {
 public:
    Pool(Database& database, std::string network);

    /// Reads the rows anew. Those that cannot be proved, such as another software's, are passed over.
    void load(const chain::Hash& genesis);

    std::size_t size() const { return transactions_.size(); }
    const Transaction& at(const chain::Hash& hash) const { return transactions_.at(hash); }
    bool contains(const chain::Hash& hash) const { return transactions_.contains(hash); }
    /// The sender's waiting transactions, by nonce; nullptr where there are none.
    const std::map<std::int64_t, chain::Hash>* of_sender(const std::string& sender) const;
    /// What the sender's waiting transactions will cost it, but for the one of this nonce.
    std::int64_t cost_of_others(const std::string& sender, std::int64_t nonce) const;
    /// The first `count` in the order of blocks.
    std::vector<Transaction> first(std::size_t count) const;
    std::vector<const Transaction*> in_order() const;

    // Rows change within the caller's transaction; memory only when it has been committed.
    void insert_row(const Transaction& transaction);
    void remove_row(const chain::Hash& hash);
    /// Those that can no longer get into a block upon one of that time, after which these senders have these
    /// last nonces.
    std::vector<chain::Hash> stale(double timestamp,
                                   const std::map<std::string, std::int64_t>& last_nonces) const;
    void keep(Transaction transaction);
    void forget(const chain::Hash& hash);

 private:
    Database& database_;
    std::string network_;
    std::map<chain::Hash, Transaction> transactions_;
    std::map<std::string, std::map<std::int64_t, chain::Hash>> senders_;
};

}  // namespace bt2c::node
