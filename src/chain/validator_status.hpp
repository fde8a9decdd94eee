#pragma once
// States of a validator and of a request to leave, as the database stores them.

#include <optional>
#include <string_view>

namespace bt2c::chain {

enum class ValidatorStatus {
    active,      ///< takes part
    inactive,    ///< registered, does not take part
    jailed,      ///< suspended for a time
    tombstoned,  ///< banned for ever
    unstaking,   ///< waits in the exit queue
};

/// Upper case, as nodes write it, or lower case, as old rows have it; nullopt for anything else.
std::optional<ValidatorStatus> parse_validator_status(std::string_view text);
/// The upper-case name, the only form to write.
std::string_view status_name(ValidatorStatus status);

/// Whether an unstake request with this status still holds its place in the exit queue.
bool is_open_unstake_request(std::string_view status);

}  // namespace bt2c::chain
