#pragma once
// One row of `transactions`: where it belongs, and what can be said of it alone.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "verify/block_table.hpp"
#include "verify/finding_book.hpp"
#include "verify/leaf.hpp"

namespace bt2c::verify {

/// The columns of RowReader, after the rowid. `is_pending` may be missing in a table.
enum TransactionColumn {
    tx_hash = 1,
    tx_block_hash,
    tx_timestamp,
    tx_type,
    tx_amount,
    tx_recipient,
    tx_network,
    tx_is_pending,
};
std::vector<std::string> transaction_columns(bool has_is_pending);

/// Whether an amount can be: neither negative nor infinite.
inline bool is_amount(double amount) {
    return amount >= 0 && amount <= std::numeric_limits<double>::max();
}

enum class PaymentKind : std::uint8_t { none, reward, developer };
PaymentKind payment_kind(const Row& row);
/// Of a row that is a payment. Its amount is not a number where the column's is none.
Payment read_payment(const Row& row, std::int64_t rowid, const chain::Hash& hash, PaymentKind kind);

/// Judges rows of one thread by themselves, and reports what is wrong with where they belong.
class TransactionJudge {
 public:
    TransactionJudge(Networks& networks, FindingBook& book) : networks_(networks), book_(book) {}

    /// The amount: a number, not negative.
    void check_amount(const Row& row, std::int64_t rowid, NetworkId network, const Block* block);
    void report_hash(const Row& row, std::int64_t rowid, NetworkId network, const Block* block);
    /// It names a block that is not there.
    void report_no_block(const Row& row, std::int64_t rowid, NetworkId network);
    /// It names no block, and is not pending.
    void report_not_pending(const Row& row, std::int64_t rowid, NetworkId network);
    /// Reports a transaction whose network is not that of its block.
    void check_network(const Row& row, std::int64_t rowid, const Block& block);

 private:
    template <typename Fill>
    void report(Check check, const Row& row, std::int64_t rowid, NetworkId network, const Block* block,
                Fill&& fill);

    Networks& networks_;
    FindingBook& book_;
};

}  // namespace bt2c::verify
