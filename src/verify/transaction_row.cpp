#include "verify/transaction_row.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "chain/timestamp.hpp"

namespace bt2c::verify {

using base::format;

namespace {

bool same_but_for_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::vector<std::string> transaction_columns(bool has_is_pending) {
    return {"hash",   "block_hash", "timestamp",    "type",
            "amount", "recipient",  "network_type", has_is_pending ? "is_pending" : "NULL"};
}

PaymentKind payment_kind(const Row& row) {
    const std::string_view type = row.text(tx_type);
    if (type == "reward") return PaymentKind::reward;
    if (type == "developer") return PaymentKind::developer;
    return PaymentKind::none;
}

Payment read_payment(const Row& row, std::int64_t rowid, const chain::Hash& hash, PaymentKind kind) {
    Payment payment;
    payment.developer = kind == PaymentKind::developer;
    payment.rowid = rowid;
    payment.hash = hash;
    payment.amount = read_number(row, tx_amount).value_or(std::numeric_limits<double>::quiet_NaN());
    if (row.type(tx_recipient) == ValueType::text) payment.recipient = row.string(tx_recipient);
    payment.timestamp_is_text = row.type(tx_timestamp) == ValueType::text;
    payment.timestamp = payment.timestamp_is_text ? chain::parse_timestamp(row.text(tx_timestamp))
                                                  : read_number(row, tx_timestamp);
    return payment;
}

template <typename Fill>
void TransactionJudge::report(Check check, const Row& row, std::int64_t rowid, NetworkId network,
                              const Block* block, Fill&& fill) {
    const bool has_height = block && !block->is(Block::bad_height);
    book_.add(check, {has_height ? block->height : 0, rowid}, [&] {
        Finding finding;
        finding.table = "transactions";
        finding.key = row.is_null(tx_hash) ? format("rowid {}", rowid) : describe_cell(row, tx_hash);
        finding.network = networks_.name(network);
        if (has_height) finding.height = block->height;
        fill(finding);
        return finding;
    });
}

void TransactionJudge::check_amount(const Row& row, std::int64_t rowid, NetworkId network,
                                    const Block* block) {
    const auto amount = read_number(row, tx_amount);
    if (amount && is_amount(*amount)) return;
    if (row.is_null(tx_amount)) {
        // Registrations and exits may state no amount; what moves or makes coins must.
        const std::string_view type = row.text(tx_type);
        if (type != "transfer" && type != "stake" && type != "reward" && type != "developer") return;
    }
    report(Check::supply, row, rowid, network, block, [&](Finding& finding) {
        finding.expected = "an amount from 0 on";
        finding.found = describe_cell(row, tx_amount);
        finding.text = amount ? "the amount is negative" : "the amount is no number";
    });
}

void TransactionJudge::report_hash(const Row& row, std::int64_t rowid, NetworkId network,
                                   const Block* block) {
    report(Check::merkle_roots, row, rowid, network, block, [&](Finding& finding) {
        finding.expected = "hash: 64 lower-case hexadecimal digits";
        finding.found = describe_cell(row, tx_hash);
        finding.text = "the transaction's hash is not of the form that it must have";
    });
}

void TransactionJudge::report_no_block(const Row& row, std::int64_t rowid, NetworkId network) {
    report(Check::orphaned_transactions, row, rowid, network, nullptr, [&](Finding& finding) {
        finding.expected = format("a block with the hash {}", describe_cell(row, tx_block_hash));
        finding.found = "no such block";
        finding.text = "the transaction names a block that is not there";
    });
}

void TransactionJudge::report_not_pending(const Row& row, std::int64_t rowid, NetworkId network) {
    report(Check::orphaned_transactions, row, rowid, network, nullptr, [&](Finding& finding) {
        finding.expected = "block_hash: a block, or is_pending: 1";
        finding.found = format("block_hash: {}, is_pending: {}", describe_cell(row, tx_block_hash),
                               describe_cell(row, tx_is_pending));
        finding.text = "the transaction names no block and is not pending";
    });
}

void TransactionJudge::check_network(const Row& row, std::int64_t rowid, const Block& block) {
    const std::string expected = networks_.name(block.network);
    if (row.type(tx_network) == ValueType::text && same_but_for_case(row.text(tx_network), expected)) return;
    report(Check::orphaned_transactions, row, rowid, block.network, &block, [&](Finding& finding) {
        finding.expected =
            expected.empty() ? format("a block of {}, as the transaction is", describe_cell(row, tx_network))
                             : format("network_type: {}, as its block has", expected);
        finding.found =
            expected.empty() ? "a block of another network, or of none" : describe_cell(row, tx_network);
        finding.text = "the transaction names a block of another network";
    });
}

}  // namespace bt2c::verify
