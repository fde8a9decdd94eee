#include "verify/block_lookup.hpp"

#include "base/text.hpp"
#include "verify/cells.hpp"

namespace bt2c::verify {

using chaindb::sqlite::Step;

std::string BlockLookup::key_of(const Block& block) {
    return block.is(Block::bad_hash) ? key_at(block.rowid) : chain::hash_text(block.hash);
}

std::string BlockLookup::key_at(std::int64_t rowid) {
    auto query = connection_.try_prepare("SELECT hash FROM blocks WHERE _rowid_ = ?1");
    if (query && query->bind(1, rowid).step() == Step::row && !query->is_null(0))
        return describe_cell(*query, 0);
    return base::format("rowid {}", rowid);
}

std::string BlockLookup::hash_at(const std::string& network, std::int64_t height, bool second) {
    if (spent_seconds_ < seconds_max) {
        const base::Stopwatch watch;
        auto query = connection_.try_prepare(
            "SELECT hash FROM blocks WHERE height = ?1 AND network_type = ?2 ORDER BY _rowid_ LIMIT 1 OFFSET "
            "?3");
        const bool found =
            query &&
            query->bind(1, height).bind(2, std::string_view(network)).bind(3, std::int64_t{second}).step() ==
                Step::row;
        spent_seconds_ += watch.seconds();
        if (found) return describe_cell(*query, 0);
    }
    return base::format("the hash of the block at height {}", height);
}

}  // namespace bt2c::verify
