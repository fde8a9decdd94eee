#pragma once
// Looks single block rows up again, for the texts of findings.

#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "chaindb/sqlite/connection.hpp"
#include "verify/block_table.hpp"

namespace bt2c::verify {

/// Tables may have lost their indexes, so that one look can cost a whole scan: after a few seconds
/// in all, answers are only words.
class BlockLookup {
 public:
    explicit BlockLookup(chaindb::sqlite::Connection& connection) : connection_(connection) {}

    /// The block's hash as stored; "rowid N" when it has none.
    std::string key_of(const Block& block);
    /// The hash stored in a row of `blocks`.
    std::string key_at(std::int64_t rowid);
    /// The hash of the network's block at `height`, or of the second of several there.
    std::string hash_at(const std::string& network, std::int64_t height, bool second = false);

 private:
    static constexpr double seconds_max = 5;
    chaindb::sqlite::Connection& connection_;
    double spent_seconds_ = 0;
};

}  // namespace bt2c::verify
