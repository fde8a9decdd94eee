#pragma once
// Lays the rows of one database over another, as the older tool's incremental backups need it.

#include "base/progress.hpp"
#include "chaindb/sqlite/connection.hpp"

namespace bt2c::restore {

/// Puts all rows of the tables that both have into `target`, in their order, in one transaction: common
/// columns; a row with the primary key of one that is there replaces it; of tables without a primary key,
/// rows that are there already are passed over. Triggers do not run. Virtual tables and SQLite's own
/// are left alone. Throws Error when either is damaged or a row does not fit; nothing is changed then.
void lay_rows(chaindb::sqlite::Connection& target, chaindb::sqlite::Connection& layer);

}  // namespace bt2c::restore
