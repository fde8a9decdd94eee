#pragma once
// Which of the tables and columns that the checks need are there.

#include <array>
#include <string>

#include "verify/context.hpp"

namespace bt2c::verify {

struct Schema {
    /// Why the table cannot be checked; empty when it can.
    std::string blocks_missing;
    std::string transactions_missing;
    std::string validators_missing;
    /// The database's list of tables cannot be read at all.
    bool unreadable = false;
};

/// Reports required tables and columns that are missing, and tables that are not of the kind that nodes make.
Schema check_schema(Context& context, chaindb::sqlite::Connection& connection);

}  // namespace bt2c::verify
