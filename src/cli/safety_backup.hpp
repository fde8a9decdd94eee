#pragma once
// The state before a command that changes the node's home.

#include <string>

#include "cli/context.hpp"
#include "repository/repository.hpp"

namespace bt2c::cli {

/// Makes a safety backup of the home in the repository, or, where there is none (null) or it cannot be
/// written, copies the home's state beside it; see restore/keep_beside.hpp. Returns the backup's id, or the
/// path of the copy, which begins with a slash.
std::string keep_present_state(Context& context, const repository::Repository* repository,
                               const config::Home& home);

/// How to go back to what keep_present_state() returned, one sentence. `other`: the home it was of, where
/// that is not this program's; else null.
std::string way_back(const std::string& kept, const config::Home* other = nullptr);

}  // namespace bt2c::cli
