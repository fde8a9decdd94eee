#pragma once
// What a backup tells about the chain in a database: which networks, and how far each has come.

#include <cstdint>
#include <string>
#include <vector>

#include "chaindb/sqlite/connection.hpp"

namespace bt2c::chaindb {

/// Hashes are as crypto::bounded_text() gives them.
struct NetworkTip {
    std::string network;
    std::int64_t height = 0;        ///< of the highest block
    std::string tip_hash;           ///< of the highest block
    std::int64_t blocks = 0;        ///< rows of the network; of the whole table where it is the only one
    std::int64_t first_height = 0;  ///< of the lowest block: 0 or 1 on a sound chain
    std::string genesis_hash;       ///< of the lowest block
};

/// Of each network that has blocks, by name. Empty where there is no `blocks` table with the columns
/// `hash`, `height` and `network_type`. Rows whose height is no integer or whose network is no text
/// are passed over, and so are networks whose tip stands on a damaged page.
/// Throws Error when the database cannot be read at all (I/O, busy). Takes milliseconds where an
/// index holds the network, and one look at each block where none does.
std::vector<NetworkTip> network_tips(sqlite::Connection& database);

}  // namespace bt2c::chaindb
