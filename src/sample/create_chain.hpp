#pragma once
// Makes whole chain databases like those of real nodes, sound in every check, the same for a seed.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "chaindb/chain_schema.hpp"

namespace bt2c::sample {

using chaindb::Layout;

struct ChainOptions {
    Layout layout = Layout::fresh;
    /// Each gets `blocks` blocks. In *orm*, where a height exists once in the whole table, the
    /// second network's heights go on where the first one's end, and so on.
    std::vector<std::string> networks{"mainnet"};
    std::int64_t blocks = 40;        ///< of each network; 0 leaves the tables empty
    int transactions_per_block = 4;  ///< the reward counts
    int validators = 8;              ///< of each network
    std::int64_t first_height = 0;
    std::uint64_t seed = 1;
    bool wal = false;                ///< journal mode: WAL, else rollback (delete)
    std::int64_t legacy_blocks = 0;  ///< leading blocks: one unproved genesis, then the direct scheme
    int pending = 0;                 ///< transactions of each network that wait for a block
    int page_size = 4096;            ///< bytes
    bool varied = false;             ///< see BlockMaker
};

/// Throws Error when `path` exists already, cannot be written, or an option makes no sense.
/// Not durable: made for tests, and much faster without.
void create_chain(const std::filesystem::path& path, const ChainOptions& options);

}  // namespace bt2c::sample
