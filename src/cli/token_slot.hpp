#pragma once
// Repositories that a key on a hardware token opens.

#include <optional>
#include <string>

#include "cli/context.hpp"
#include "cli/token_access.hpp"
#include "repository/repository.hpp"

namespace bt2c::cli {

/// Makes a key on the token and a slot that it opens. The round trip is proved before the slot is stored;
/// when anything fails the key is removed from the token again.
repository::SlotInfo add_token_slot(Context& context, const TokenOptions& options,
                                    const repository::Repository& repository, const std::string& label);

/// The secret of the first slot whose token is there, through the module that dr.toml names; the PIN is asked
/// for where it is not given. Nothing when dr.toml names no module, the repository has no such slot, or (with
/// a note) none of the tokens is there. Throws Error when the token or its module fails, or the PIN is wrong.
std::optional<repository::Secret> secret_from_token(Context& context, storage::Location& location);

}  // namespace bt2c::cli
