#include "verify/block_stream.hpp"

#include <limits>
#include <mutex>

#include "verify/block_row.hpp"

namespace bt2c::verify {
namespace {

/// Read at a time, so that not every search of a worker has to wait for the others.
constexpr int batch_rows = 64;

}  // namespace

BlockStream::BlockStream(Context& context, BlockTable& table)
    : context_(context),
      table_(table),
      pass_(context),
      connection_(context.source.open()),
      reader_(connection_, "blocks", block_columns),
      lookup_(connection_),
      names_(context.networks),
      rows_(context.options.examples_max),
      heights_(context.options.examples_max) {
    table_.reserve(context.options.blocks_max);
}

std::uint32_t BlockStream::find(const chain::Hash& hash) {
    {
        const std::shared_lock lock(mutex_);
        const std::uint32_t known = table_.find(hash);
        if (known != BlockTable::none || ended_) return known;
    }
    const std::lock_guard lock(mutex_);
    std::uint32_t known = table_.find(hash);
    while (known == BlockTable::none && !ended_) {
        read_some();
        known = table_.find(hash);
    }
    return known;
}

void BlockStream::read_some() {
    for (int i = 0; i < batch_rows; ++i) {
        ended_ = !(begun_ ? reader_.next() : reader_.seek(std::numeric_limits<std::int64_t>::min()));
        begun_ = true;
        if (ended_) return;
        const Block block = read_block(reader_.row(), reader_.rowid(), names_);
        judge_block_row(reader_.row(), block, context_.networks, rows_);
        if (table_.size() >= context_.options.blocks_max || pass_.lowers_first(block)) {
            gave_up_ = true;
            ended_ = true;
            return;
        }
        pass_.take(table_, block, rows_, heights_, lookup_);
    }
}

bool BlockStream::finish() {
    const std::lock_guard lock(mutex_);
    while (!ended_) read_some();
    if (gave_up_) return false;
    context_.note_damage("blocks", reader_);
    context_.merge(std::move(rows_));
    context_.merge(std::move(heights_));
    return true;
}

}  // namespace bt2c::verify
