#pragma once
// Rows of the table `validators`, by address.

#include <optional>
#include <string>
#include <vector>

#include "chaindb/sqlite/connection.hpp"

namespace bt2c::chaindb {

struct ValidatorRow {
    std::string address;
    std::string network;
    std::string status;  ///< in upper case; empty when the row has none
    std::optional<double> stake;
};

/// The rows of an address, one for each network, by network. Empty where there is no such table, or it lacks
/// the columns `address`, `network_type`, `status` or `stake`. Throws Error when the database cannot be read.
std::vector<ValidatorRow> find_validators(sqlite::Connection& database, std::string_view address);

/// The earliest time at which the address joined a network, as the table has it (`joined_at`); nothing where
/// it has none.
std::optional<std::string> joined_at(sqlite::Connection& database, std::string_view address);

}  // namespace bt2c::chaindb
