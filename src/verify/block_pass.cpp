#include "verify/block_pass.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "verify/block_row.hpp"

namespace bt2c::verify {

using base::format;
using chaindb::sqlite::Connection;

namespace {

Finding block_finding(const Context& context, const Block& block, std::string key) {
    Finding finding;
    finding.table = "blocks";
    finding.key = std::move(key);
    finding.network = context.networks.name(block.network);
    if (!block.is(Block::bad_height)) finding.height = block.height;
    return finding;
}

bool is_before(const Block& block, const NetworkState::End& end) {
    return block.height != end.height ? block.height < end.height : block.rowid < end.rowid;
}

/// Reads all blocks on all threads, those that `wanted` names: judges each row into `found`, and
/// hands the blocks to on_batch(blocks, book, lookup), which runs on one thread at a time.
template <typename Wanted, typename OnBatch>
void read_blocks(Context& context, FindingBook& found, Wanted&& wanted, OnBatch&& on_batch) {
    static constexpr std::size_t batch_blocks = 256;
    RowRanges ranges(context.options.rowids_per_range);
    std::mutex mutex;
    run_workers(context.options.threads, [&](unsigned) {
        Connection connection = context.source.open();
        RowReader reader(connection, "blocks", block_columns());
        BlockLookup lookup(connection);
        NetworkNames names(context.networks);
        FindingBook book(context.options.examples_max);
        std::vector<Block> batch;
        const auto flush = [&] {
            const std::lock_guard lock(mutex);
            on_batch(batch, book, lookup);
            batch.clear();
        };
        const auto on_row = [&](const Row& row, std::int64_t rowid) {
            const Block block = read_block(row, rowid, names);
            if (!wanted(block)) return;
            judge_block_row(row, block, context.networks, book);
            batch.push_back(block);
            if (batch.size() == batch_blocks) flush();
        };
        read_shared(reader, ranges, on_row, [&](std::uint64_t rows) { context.progress.advance(rows); });
        flush();
        context.note_damage("blocks", reader);
        const std::lock_guard lock(mutex);
        found.merge(std::move(book));
    });
}

}  // namespace

void BlockPass::count(const Block& block, bool with_height, FindingBook& book, BlockLookup& lookup) {
    if (block.network == no_network) return;
    NetworkState& state = context_.networks[block.network];
    ++state.blocks;
    if (block.is(Block::bad_height) || !with_height) return;
    const NetworkState::End end{block.height, block.rowid, block.timestamp};
    if (!state.first || is_before(block, *state.first)) state.first = end;
    if (!state.tip || end.height > state.tip->height ||
        (end.height == state.tip->height && end.rowid < state.tip->rowid))
        state.tip = end;
    if (state.heights.insert(block.height)) return;
    book.add(Check::duplicate_blocks, place_of(block), [&] {
        Finding finding = block_finding(context_, block, lookup.hash_at(state.name, block.height, true));
        finding.expected = format("one block of {} at height {}", state.name, block.height);
        finding.found = format("another one: {}", lookup.hash_at(state.name, block.height));
        finding.text = "two blocks claim the same height";
        return finding;
    });
}

void BlockPass::absorb(BlockTable& table, const Block& block, FindingBook& rows, BlockLookup& lookup) {
    const std::uint32_t known = table.add(block);
    if (known == BlockTable::none) return;
    const Block other = table[known];
    const Block& later = block.rowid > other.rowid ? block : other;
    const Block& earlier = block.rowid > other.rowid ? other : block;
    if (block.rowid < other.rowid) table.replace(known, block);
    rows.add(Check::duplicate_blocks, place_of(later), [&] {
        Finding finding = block_finding(context_, later, lookup.key_of(later));
        finding.expected = "one row with this hash";
        finding.found = format("rows {} and {}", earlier.rowid, later.rowid);
        finding.text = "two rows of blocks have the same hash";
        return finding;
    });
}

bool BlockPass::lowers_first(const Block& block) const {
    if (block.network == no_network || block.is(Block::bad_height)) return false;
    const NetworkState& state = context_.networks[block.network];
    return state.first && is_before(block, *state.first);
}

void BlockPass::take(BlockTable& table, const Block& block, FindingBook& rows, FindingBook& heights,
                     BlockLookup& lookup) {
    const std::uint32_t known = table.find(block.hash);
    const bool repeated = known != BlockTable::none && table[known].height == block.height &&
                          table[known].network == block.network;
    absorb(table, block, rows, lookup);
    // Of a row that is there twice, the hash says all; its height would only repeat it.
    count(block, !repeated, heights, lookup);
}

std::uint32_t BlockPass::survey(BlockTable& table) {
    context_.progress.phase("checking blocks", 0);
    FindingBook rows(context_.options.examples_max);
    FindingBook heights(context_.options.examples_max);
    std::uint64_t rows_read = 0;
    bool overflowed = false;
    const auto on_batch = [&](const std::vector<Block>& batch, FindingBook& book, BlockLookup& lookup) {
        for (const Block& block : batch) {
            ++rows_read;
            overflowed = overflowed || table.size() >= context_.options.blocks_max;
            if (overflowed)
                count(block, true, heights, lookup);
            else
                take(table, block, book, heights, lookup);
        }
    };
    read_blocks(
        context_, rows, [](const Block&) { return true; }, on_batch);
    context_.merge(std::move(heights));
    if (!overflowed) {
        context_.merge(std::move(rows));
        return 1;
    }
    // What was found with a table that is not whole will be found again, part by part.
    const std::uint64_t part_blocks = std::max<std::uint64_t>(context_.options.blocks_max * 7 / 8, 1);
    return static_cast<std::uint32_t>(rows_read / part_blocks + 1);
}

void BlockPass::load(BlockTable& table, std::uint32_t part, std::uint32_t parts) {
    context_.progress.phase(format("checking blocks, part {} of {}", part + 1, parts), 0);
    table.clear();
    FindingBook rows(context_.options.examples_max);
    read_blocks(
        context_, rows, [&](const Block& block) { return table.part_of(block.hash, parts) == part; },
        [&](const std::vector<Block>& batch, FindingBook& book, BlockLookup& lookup) {
            for (const Block& block : batch) absorb(table, block, book, lookup);
        });
    context_.merge(std::move(rows));
}

}  // namespace bt2c::verify
