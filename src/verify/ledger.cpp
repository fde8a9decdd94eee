#include "verify/ledger.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "chain/canonical_json.hpp"
#include "chain/economics.hpp"
#include "verify/block_lookup.hpp"

namespace bt2c::verify {

using base::format;
using chaindb::sqlite::Connection;
using chaindb::sqlite::Step;

namespace {

void lower(std::optional<std::int64_t>& lowest, std::int64_t height) {
    if (!lowest || height < *lowest) lowest = height;
}

/// More than any sound chain can have paid; sums stop here instead of overflowing.
constexpr std::int64_t units_max = 10 * static_cast<std::int64_t>(chain::max_supply) * chain::units_per_coin;

Finding finding_of(const Context& context, const Unexplained& block, std::string table, std::string key) {
    Finding finding;
    finding.table = std::move(table);
    finding.key = std::move(key);
    finding.network = context.networks.name(block.network);
    if (block.has_height) finding.height = block.height;
    return finding;
}

std::string cell_at(Connection& connection, const char* table, const char* column, std::int64_t rowid) {
    auto query = connection.try_prepare(format("SELECT {} FROM {} WHERE _rowid_ = ?1", column, table));
    if (!query || query->bind(1, rowid).step() != Step::row) return format("rowid {}", rowid);
    return describe_cell(*query, 0);
}

}  // namespace

Ledger::Totals& Ledger::at(NetworkId network) {
    if (network >= totals_.size()) totals_.resize(network + std::size_t{1});
    return totals_[network];
}

void Ledger::proved(const Block& block) {
    Totals& totals = at(block.network);
    ++totals.proved;
    lower(totals.lowest_proved, block.height);
}

void Ledger::matched(const Block& block) {
    if (!block.is(Block::bad_height)) lower(at(block.network).lowest_matched, block.height);
}

void Ledger::unexplained(const Unexplained& block) {
    if (block.hash_unproved) ++at(block.network).unproved;
    if (unexplained_.size() < unexplained_max) unexplained_.push_back(block);
}

void Ledger::paid(NetworkId network, double amount) {
    Totals& totals = at(network);
    totals.paid_units = std::min(totals.paid_units + chain::to_units(amount), units_max);
}

void Ledger::paid_once(NetworkId network, const OncePayment& payment) {
    Totals& totals = at(network);
    if (totals.once.size() < once_max) totals.once.push_back(payment);
}

void Ledger::merge(Ledger&& other) {
    for (std::size_t id = 0; id < other.totals_.size(); ++id) {
        Totals& mine = at(static_cast<NetworkId>(id));
        Totals& theirs = other.totals_[id];
        mine.proved += theirs.proved;
        mine.unproved += theirs.unproved;
        if (theirs.lowest_proved) lower(mine.lowest_proved, *theirs.lowest_proved);
        if (theirs.lowest_matched) lower(mine.lowest_matched, *theirs.lowest_matched);
        mine.paid_units = std::min(mine.paid_units + theirs.paid_units, units_max);
        mine.once.insert(mine.once.end(), theirs.once.begin(), theirs.once.end());
    }
    unexplained_.insert(unexplained_.end(), other.unexplained_.begin(), other.unexplained_.end());
    other = {};
}

void Ledger::judge(Context& context) {
    FindingBook book(context.options.examples_max);
    judge_unexplained(context, book);
    judge_payments(context, book);
    context.merge(std::move(book));
    for (std::size_t id = 0; id < totals_.size(); ++id) {
        NetworkState& state = context.networks[static_cast<NetworkId>(id)];
        state.proved = totals_[id].proved;
        state.unproved = totals_[id].unproved;
    }
}

// Old blocks were made by schemes of which nothing is kept. So a hash that cannot be proved counts
// against a block only above the first block that was proved, and a Merkle root only above the
// first block whose root held.
void Ledger::judge_unexplained(Context& context, FindingBook& book) {
    Connection connection = context.source.open();
    BlockLookup lookup(connection);
    const auto above = [](const Unexplained& block, const std::optional<std::int64_t>& lowest) {
        return lowest && (!block.has_height || block.height > *lowest);
    };
    for (const Unexplained& block : unexplained_) {
        const Totals& totals = at(block.network);
        const Place place{block.has_height ? block.height : 0, block.rowid};
        const bool altered = block.hash_unproved && above(block, totals.lowest_proved);
        if (altered) {
            book.add(Check::block_hashes, place, [&] {
                Finding finding = finding_of(context, block, "blocks", lookup.key_at(block.rowid));
                finding.expected = "a hash that follows from the block's content and its reward's recipient";
                finding.found = "a hash that no known scheme explains, above blocks that are proved";
                finding.text = "the block or its reward was altered";
                return finding;
            });
        }
        if (block.root_differs && (altered || above(block, totals.lowest_matched))) {
            book.add(Check::merkle_roots, place, [&] {
                Finding finding = finding_of(context, block, "blocks", lookup.key_at(block.rowid));
                finding.expected =
                    "merkle_root: " + cell_at(connection, "blocks", "merkle_root", block.rowid);
                finding.found = chain::hash_text(block.root) + " from the transactions that are there";
                finding.text = "the block's transactions are not those of its Merkle root";
                return finding;
            });
        }
        if (altered && block.reward_rowid >= 0) {
            book.add(Check::supply, place, [&] {
                Finding finding = finding_of(context, block, "transactions",
                                             cell_at(connection, "transactions", "hash", block.reward_rowid));
                finding.expected = "a hash that follows from the reward's amount, height, recipient and time";
                finding.found = finding.key;
                finding.text = "the reward's hash is not that of its content";
                return finding;
            });
        }
    }
}

void Ledger::judge_payments(Context& context, FindingBook& book) {
    Connection connection = context.source.open();
    for (std::size_t id = 0; id < totals_.size(); ++id) {
        Totals& totals = totals_[id];
        const std::string network = context.networks.name(static_cast<NetworkId>(id));
        std::sort(totals.once.begin(), totals.once.end());
        for (std::size_t i = 1; i < totals.once.size(); ++i) {
            const OncePayment& payment = totals.once[i];
            book.add(Check::supply, {payment.height, payment.rowid}, [&] {
                return Finding{"transactions",
                               cell_at(connection, "transactions", "hash", payment.rowid),
                               network,
                               payment.height,
                               "one payment to the first validator",
                               format("a further one, of {}", chain::float_text(payment.amount)),
                               "the first validator's payment is made once"};
            });
        }
        if (totals.paid_units <= chain::to_units(chain::max_supply)) continue;
        book.add(Check::supply, {}, [&] {
            const double paid = static_cast<double>(totals.paid_units) / chain::units_per_coin;
            return Finding{"transactions",
                           "",
                           network,
                           std::nullopt,
                           format("at most {} paid in all", chain::float_text(chain::max_supply)),
                           chain::float_text(paid),
                           "more coins were made than there may ever be"};
        });
    }
}

}  // namespace bt2c::verify
