#pragma once
// What rows contain, as one digest; for database_facts.cpp.

#include <string>
#include <vector>

#include "chaindb/database_facts.hpp"

namespace bt2c::chaindb {

/// Digests of the blocks of each network up to a height, and of their transactions, of the columns that `of`
/// names for these tables; the digests in `until` are not looked at. Read in pieces, between which a writer
/// gets its turn: what lies below the tip does not change. Empty digests where one of the two is no table.
std::vector<HistoryFacts> digest_history(sqlite::Connection& database, const std::vector<HistoryFacts>& until,
                                         const std::vector<TableFacts>& of);

/// Of all rows in any order, and of these columns, which exist. A whole number counts as the same whether it
/// is stored as an integer or a real.
std::string digest_table(sqlite::Connection& database, const std::string& table,
                         const std::vector<std::string>& columns);

/// Of the rows of `slashing_evidence` up to a rowid, of these columns. A key rotation, which moves open
/// evidence to the new address, changes nothing. Empty where the table has no such columns or no rowids.
std::string digest_evidence(sqlite::Connection& database, const std::vector<std::string>& columns,
                            std::int64_t last_rowid);

/// A name as SQL takes it.
std::string quoted_name(std::string_view name);

}  // namespace bt2c::chaindb
