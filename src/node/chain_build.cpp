// Transactions that come in, and blocks that are made of them.

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"
#include "node/chain_state.hpp"
#include "node/proof.hpp"

namespace bt2c::node {

using base::Error;
using base::ErrorKind;

namespace {

/// What a block's JSON text takes besides its transactions, the reward's included.
constexpr std::size_t frame_bytes = 4096;

Taken refuse(std::string reason) {
    return {Verdict::refused, std::move(reason)};
}

/// Tries a change of rows and takes it back.
class Savepoint {
 public:
    explicit Savepoint(Database& database) : database_(database) {
        database_.connection().execute("SAVEPOINT trial");
    }
    ~Savepoint() {
        if (kept_) return;
        try {
            database_.connection().execute("ROLLBACK TO trial; RELEASE trial");
        } catch (const Error&) {
            // The whole transaction is gone then.
        }
    }
    Savepoint(const Savepoint&) = delete;
    Savepoint& operator=(const Savepoint&) = delete;
    void keep() {
        database_.connection().execute("RELEASE trial");
        kept_ = true;
    }

 private:
    Database& database_;
    bool kept_ = false;
};

}  // namespace

Taken ChainState::add_transaction(const Transaction& transaction, double now_s) {
    refresh();
    if (pool.contains(transaction.hash) ||
        database.integer("SELECT 1 FROM transactions WHERE hash = ?1 AND block_hash IS NOT NULL",
                         chain::hash_text(transaction.hash)))
        return {Verdict::known, {}};
    if (std::string fault = transaction_fault(transaction, options.network, genesis); !fault.empty())
        return refuse(std::move(fault));
    if (transaction.timestamp > now_s + clock_tolerance_s)
        return refuse("the transaction is from the future");
    if (transaction.timestamp < now_s - expiry_s) return refuse("a transaction has expired");
    const std::int64_t last = ledger.last_nonce(transaction.sender);
    const auto most = static_cast<std::int64_t>(pending_of_sender_max);
    if (transaction.nonce <= last || transaction.nonce > last + most)
        return refuse(base::format("the nonce is not one of the next {} after {}", most, last));
    std::optional<chain::Hash> replaced;
    if (const auto* waiting = pool.of_sender(transaction.sender)) {
        if (const auto same = waiting->find(transaction.nonce); same != waiting->end())
            replaced = same->second;
    }
    if (replaced && pool.at(*replaced).timestamp >= transaction.timestamp)
        return refuse("a transaction with this nonce waits already");
    if (!replaced && pool.size() >= pending_max) return refuse("too many transactions wait already");
    const bool pays = transaction.type == "transfer" || transaction.type == "stake";
    const std::int64_t cost =
        (pays ? transaction.units : 0) + (transaction.type == "validator" ? 0 : fee_units);
    if (cost > 0 &&
        ledger.balance(transaction.sender) - pool.cost_of_others(transaction.sender, transaction.nonce) <
            cost)
        return refuse("the sender's balance is too small");

    Attempt attempt(*this);
    if (transaction.nonce == last + 1) {
        const Savepoint trial(database);
        std::string fault =
            ledger.apply(transaction, tip.height + 1, std::max(transaction.timestamp, tip.timestamp));
        validators.forget();
        if (!fault.empty()) return refuse(std::move(fault));
    }
    validators.forget();
    if (replaced) attempt.forget(*replaced);
    attempt.forget(transaction.hash);  // a row of another software
    attempt.keep(transaction);
    attempt.commit();
    return {Verdict::accepted, {}};
}

Block ChainState::build(const std::string& validator, std::int64_t round, double now_s) {
    Attempt attempt(*this);
    const std::vector<std::string> drawn = proposers();
    if (round < 0 || static_cast<std::size_t>(round) >= drawn.size() ||
        drawn[static_cast<std::size_t>(round)] != validator)
        throw Error(ErrorKind::failed, "cannot make a block: it is not this validator's turn");
    Block block;
    BlockHeader& header = block.header;
    header.height = tip.height + 1;
    header.previous_hash = tip.hash;
    header.timestamp = std::ceil(std::max(now_s, earliest_s(round)) * 1000) / 1000;
    header.nonce = round;
    header.network = options.network;
    header.validator = validator;

    std::size_t bytes = frame_bytes;
    for (const Transaction* transaction : pool.in_order()) {
        if (block.transactions.size() + 1 >= transactions_max) break;
        if (transaction->nonce != ledger.last_nonce(transaction->sender) + 1) continue;
        const std::size_t more = to_json(*transaction).size() + 1;
        if (bytes + more > block_bytes_max) continue;
        Savepoint trial(database);
        if (!ledger.apply(*transaction, header.height, header.timestamp).empty()) {
            validators.forget();
            continue;
        }
        trial.keep();
        bytes += more;
        block.transactions.push_back(*transaction);
    }

    Transaction reward;
    reward.type = "reward";
    reward.sender = system_sender;
    reward.recipient = validator;
    reward.units = reward_units(header.timestamp);
    reward.timestamp = header.timestamp;
    reward.nonce = header.height;
    reward.hash = transaction_hash(reward, options.network);
    block.transactions.push_back(std::move(reward));
    header.merkle_root = merkle_root_of(block.transactions);
    header.hash = header.own_hash();
    return block;
}

}  // namespace bt2c::node
