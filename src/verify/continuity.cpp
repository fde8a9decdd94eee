#include "verify/continuity.hpp"

#include <functional>

#include "base/text.hpp"
#include "verify/block_row.hpp"

namespace bt2c::verify {

using base::format;

namespace {

class OrderCheck {
 public:
    OrderCheck(Context& context, const BlockTable& table, chaindb::sqlite::Connection& connection)
        : context_(context), table_(table), lookup_(connection), book_(context.options.examples_max) {}
    void finish() { context_.merge(std::move(book_)); }

    void check(const Block& block) {
        if (block.network == no_network || block.is(Block::bad_height) || block.is(Block::bad_previous))
            return;
        const NetworkState& state = context_.networks[block.network];
        const bool is_first = state.first && block.height == state.first->height;
        const bool starts_chain = block.previous == chain::zero_hash;
        if (is_first && starts_chain) return;
        if (is_first) {
            report(
                block, [] { return std::string("64 zeros, since no block is below it"); },
                "the first block that is there is not the first of the chain");
        } else if (starts_chain) {
            report(block, expected_hash(state, block), "a block above the first one names no predecessor");
        } else {
            check_predecessor(state, block);
        }
    }

 private:
    void check_predecessor(const NetworkState& state, const Block& block) {
        const std::uint32_t number = table_.find(block.previous);
        if (number == BlockTable::none) {
            // Where the height below is empty, the gap is reported instead.
            if (state.heights.contains(block.height - 1))
                report(block, expected_hash(state, block), "the block's predecessor is not there");
            return;
        }
        const Block& before = table_[number];
        if (before.network != block.network) {
            report(block, expected_hash(state, block), "the block's predecessor belongs to another network");
        } else if (before.is(Block::bad_height) || before.height != block.height - 1) {
            const std::string where =
                before.is(Block::bad_height) ? "without a height" : format("at height {}", before.height);
            report(
                block, [&] { return format("a block at height {}", block.height - 1); },
                "the block's predecessor is at the wrong height", " " + where);
        }
    }

    /// Asks the database only when the finding is kept.
    std::function<std::string()> expected_hash(const NetworkState& state, const Block& block) {
        return [this, &state, &block] { return lookup_.hash_at(state.name, block.height - 1); };
    }

    void report(const Block& block, const std::function<std::string()>& expected, const char* text,
                const std::string& note = {}) {
        book_.add(Check::discontinuities, {block.height, block.rowid}, [&] {
            Finding finding;
            finding.table = "blocks";
            finding.key = lookup_.key_of(block);
            finding.network = context_.networks.name(block.network);
            finding.height = block.height;
            finding.expected = "previous_hash: " + expected();
            finding.found = chain::hash_text(block.previous) + note;
            finding.text = text;
            return finding;
        });
    }

    Context& context_;
    const BlockTable& table_;
    BlockLookup lookup_;
    FindingBook book_;
};

}  // namespace

void check_order(Context& context, const BlockTable& table, std::uint32_t part, std::uint32_t parts) {
    chaindb::sqlite::Connection connection = context.source.open();
    OrderCheck order(context, table, connection);
    if (parts == 1) {
        for (std::uint32_t number = 0; number < table.size(); ++number) order.check(table[number]);
        order.finish();
        return;
    }
    NetworkNames names(context.networks);
    chaindb::sqlite::Connection reading = context.source.open();
    RowReader reader(reading, "blocks", block_columns());
    for (bool more = reader.seek(std::numeric_limits<std::int64_t>::min()); more; more = reader.next()) {
        const Block block = read_block(reader.row(), reader.rowid(), names);
        if (table.part_of(block.previous, parts) == part) order.check(block);
    }
    order.finish();
}

void check_gaps(Context& context) {
    chaindb::sqlite::Connection connection = context.source.open();
    BlockLookup lookup(connection);
    FindingBook book(context.options.examples_max);
    for (std::size_t id = 0; id < context.networks.size(); ++id) {
        const NetworkState& state = context.networks[static_cast<NetworkId>(id)];
        state.heights.for_each_gap([&](HeightSet::Gap gap) {
            book.add(Check::discontinuities, {gap.first, 0}, [&] {
                Finding finding;
                finding.table = "blocks";
                finding.key = lookup.hash_at(state.name, gap.last + 1);
                finding.network = state.name;
                finding.height = gap.first;
                finding.expected = gap.first == gap.last
                                       ? format("a block at height {}", gap.first)
                                       : format("blocks at heights {} to {}", gap.first, gap.last);
                finding.found = format("none; the next block is at height {}", gap.last + 1);
                finding.text = gap.first == gap.last ? "a height has no block" : "heights have no blocks";
                return finding;
            });
        });
        if (!state.heights.overflowed()) continue;
        book.add(Check::discontinuities, {0, 0}, [&] {
            return Finding{"blocks",
                           "",
                           state.name,
                           std::nullopt,
                           "heights that follow one another",
                           "heights scattered too widely to look for gaps",
                           "the heights are not those of a chain"};
        });
    }
    context.merge(std::move(book));
}

}  // namespace bt2c::verify
