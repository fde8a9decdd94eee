#pragma once
// Keys of validators that are banned: they are not brought back without a reason.

#include <string>
#include <vector>

#include "chaindb/validators.hpp"
#include "cli/context.hpp"

namespace bt2c::cli {

/// The rows of an address in the node's validators table; none where there is no database. One that cannot be
/// read adds a warning.
std::vector<chaindb::ValidatorRow> validators_of(Context& context, const std::string& address,
                                                 std::vector<std::string>& warnings);

/// What somebody should know who is about to use the key of such validators.
std::vector<std::string> warnings_of(const std::vector<chaindb::ValidatorRow>& validators);

/// Throws Error(failed) when one of them is TOMBSTONED, unless `forced` with a reason.
void refuse_tombstoned(const std::vector<chaindb::ValidatorRow>& validators, const std::string& address,
                       bool forced, const std::string& reason);

}  // namespace bt2c::cli
