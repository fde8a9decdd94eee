#pragma once
// What rows contain, as one digest; for database_facts.cpp.

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "chaindb/database_facts.hpp"

namespace bt2c::chaindb {

/// Fills in the digests of the blocks of each network up to its height, and of their transactions, of the
/// columns that `of` names for these tables. Read in pieces, between which a writer gets its turn: what lies
/// below the tip does not change. Empty digests where one of the two is no table.
std::vector<HistoryFacts> digest_history(sqlite::Connection& database, std::vector<HistoryFacts> history,
                                         const std::vector<TableFacts>& of);

/// Of all rows in any order, and of these columns, which exist. A whole number counts as the same whether it
/// is stored as an integer or a real.
std::string digest_table(sqlite::Connection& database, const std::string& table,
                         const std::vector<std::string>& columns);

/// Of the rows of `slashing_evidence` up to a rowid, of these columns. A key rotation, which moves open
/// evidence to the new address, changes nothing. Empty where the table has no such columns or no rowids.
std::string digest_evidence(sqlite::Connection& database, const std::vector<std::string>& columns,
                            std::int64_t last_rowid);

/// Of `unstake_requests`, of these columns, which exist; by network. A request of an address in `rotations`,
/// which are the ones to see through, counts as one of the validator's address before.
std::vector<QueueFacts> digest_queue(sqlite::Connection& database, const std::vector<std::string>& columns,
                                     const std::vector<KeyRotation>& rotations);

/// A view of such a name may be made to never end.
bool has_tables(sqlite::Connection& database, std::initializer_list<std::string_view> names);

/// A name as SQL takes it.
std::string quoted_name(std::string_view name);

}  // namespace bt2c::chaindb
