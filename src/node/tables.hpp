#pragma once
// The tables of a node: those of the data model as far as blocks change them, and this software's own.

#include <array>
#include <string>

#include "node/database.hpp"

namespace bt2c::node {

/// Makes what is missing of this software's own tables. Throws Error(failed) when the data model's are not
/// there.
void make_tables(Database& database);

/// Everything that a block changes, and that undoing it puts back.
inline constexpr std::array<std::string_view, 10> changed_tables{
    "blocks",        "transactions", "validators",  "slashing_evidence", "unstake_requests",
    "key_rotations", "nonces",       "node_blocks", "node_accounts",     "node_unstaking"};

/// "2025-04-05 00:05:00.711127" in UTC, with `separator` between date and time.
std::string time_text(double unix_s, char separator);
/// Times are compared and added in whole microseconds, so that every machine agrees.
std::int64_t micros(double unix_s);

}  // namespace bt2c::node
