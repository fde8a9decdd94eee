#include "node/pool.hpp"

#include <algorithm>
#include <utility>

#include "node/proof.hpp"
#include "node/rows.hpp"

namespace bt2c::node {

Pool::Pool(Database& database, std::string network) : database_(database), network_(std::move(network)) {}

void Pool::load(const chain::Hash& genesis) {
    transactions_.clear();
    senders_.clear();
    for (Transaction& transaction : read_pending(database_, network_))
        if (transactions_.size() < pending_max && transaction_fault(transaction, network_, genesis).empty())
            keep(std::move(transaction));
}

const std::map<std::int64_t, chain::Hash>* Pool::of_sender(const std::string& sender) const {
    const auto found = senders_.find(sender);
    return found == senders_.end() ? nullptr : &found->second;
}

std::int64_t Pool::cost_of_others(const std::string& sender, std::int64_t nonce) const {
    std::int64_t cost = 0;
    const auto* waiting = of_sender(sender);
    if (!waiting) return 0;
    for (const auto& [of, hash] : *waiting) {
        const Transaction& transaction = transactions_.at(hash);
        if (of == nonce || transaction.type == "validator") continue;
        cost += fee_units + (transaction.type == "unstake" ? 0 : transaction.units);
    }
    return cost;
}

std::vector<const Transaction*> Pool::in_order() const {
    std::vector<const Transaction*> ordered;
    ordered.reserve(transactions_.size());
    for (const auto& [hash, transaction] : transactions_) ordered.push_back(&transaction);
    std::ranges::sort(ordered, [](const auto* a, const auto* b) { return comes_before(*a, *b); });
    return ordered;
}

std::vector<Transaction> Pool::first(std::size_t count) const {
    std::vector<Transaction> taken;
    for (const Transaction* transaction : in_order()) {
        if (taken.size() == count) break;
        taken.push_back(*transaction);
    }
    return taken;
}

void Pool::insert_row(const Transaction& transaction) {
    insert_transaction(database_, transaction, network_, nullptr);
    remember_key(database_, transaction.sender, transaction.public_key);
}

void Pool::remove_row(const chain::Hash& hash) {
    database_.run("DELETE FROM transactions WHERE hash = ?1 AND block_hash IS NULL", chain::hash_text(hash));
}

std::vector<chain::Hash> Pool::stale(double timestamp,
                                     const std::map<std::string, std::int64_t>& last_nonces) const {
    std::vector<chain::Hash> stale;
    for (const auto& [hash, transaction] : transactions_) {
        const auto last = last_nonces.find(transaction.sender);
        if (transaction.timestamp < timestamp - expiry_s ||
            (last != last_nonces.end() && transaction.nonce <= last->second))
            stale.push_back(hash);
    }
    return stale;
}

void Pool::keep(Transaction transaction) {
    senders_[transaction.sender][transaction.nonce] = transaction.hash;
    const chain::Hash hash = transaction.hash;
    transactions_.insert_or_assign(hash, std::move(transaction));
}

void Pool::forget(const chain::Hash& hash) {
    const auto found = transactions_.find(hash);
    if (found == transactions_.end()) return;
    const auto sender = senders_.find(found->second.sender);
    const auto nonce = sender->second.find(found->second.nonce);
    if (nonce != sender->second.end() && nonce->second == hash) sender->second.erase(nonce);
    if (sender->second.empty()) senders_.erase(sender);
    transactions_.erase(found);
}

}  // namespace bt2c::node
