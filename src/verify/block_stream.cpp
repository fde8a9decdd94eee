#include "verify/block_stream.hpp"

#include <limits>

#include "verify/block_row.hpp"

namespace bt2c::verify {
namespace {

/// Read at a time.
constexpr std::size_t batch_rows = 128;

}  // namespace

BlockStream::BlockStream(Context& context, BlockTable& table)
    : context_(context),
      table_(table),
      pass_(context),
      connection_(context.source.open()),
      reader_(connection_, "blocks", block_columns()),
      lookup_(connection_),
      names_(context.networks),
      rows_(context.options.examples_max),
      heights_(context.options.examples_max) {
    table_.reserve(context.options.blocks_max);
}

std::uint32_t BlockStream::find(const chain::Hash& hash) {
    bool ended = false;
    const auto known = [&] {
        const std::shared_lock lock(table_mutex_);
        ended = ended_;
        return table_.find(hash);
    };
    std::uint32_t number = known();
    if (number != BlockTable::none || ended) return number;
    const std::lock_guard reading(reader_mutex_);
    while ((number = known()) == BlockTable::none && !ended) read_some();
    return number;
}

void BlockStream::read_some() {
    // Others go on searching while rows are read.
    batch_.clear();
    bool more = true;
    while (more && batch_.size() < batch_rows) {
        more = begun_ ? reader_.next() : reader_.seek(std::numeric_limits<std::int64_t>::min());
        begun_ = true;
        if (!more) break;
        batch_.push_back(read_block(reader_.row(), reader_.rowid(), names_));
        judge_block_row(reader_.row(), batch_.back(), context_.networks, rows_);
    }
    const std::lock_guard lock(table_mutex_);
    ended_ = !more;
    for (const Block& block : batch_) {
        if (table_.size() >= context_.options.blocks_max || pass_.lowers_first(block)) {
            gave_up_ = true;
            ended_ = true;
            return;
        }
        pass_.take(table_, block, rows_, heights_, lookup_);
    }
}

bool BlockStream::finish() {
    const std::lock_guard reading(reader_mutex_);
    while (!ended_) read_some();
    if (gave_up_) return false;
    context_.note_damage("blocks", reader_);
    context_.merge(std::move(rows_));
    context_.merge(std::move(heights_));
    return true;
}

}  // namespace bt2c::verify
