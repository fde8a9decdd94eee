#pragma once
// A rotation record takes effect on this node.

#include <optional>
#include <string>
#include <vector>

#include "chaindb/key_rotations.hpp"
#include "chaindb/validators.hpp"
#include "cli/context.hpp"
#include "keys/config_address.hpp"
#include "keys/rotation_record.hpp"
#include "repository/repository.hpp"

namespace bt2c::cli {

struct AppliedRotation {
    bool already = false;  ///< the database knew it; only the configuration was looked at
    std::string safety_backup;
    chaindb::ValidatorRow validator;  ///< under the new address
    chaindb::RotationChanges changes;
    keys::ConfigChanges config;
};

/// What of a chain a record has to fit to.
struct ChainState {
    std::vector<chaindb::ValidatorRow> validators;  ///< of the address, on all networks
    std::vector<chaindb::KeyRotation> rotations;
    std::string genesis_hash;  ///< of the network; empty where it has no block
};
/// Throws Error(failed) when there is no database, or it cannot be read.
ChainState read_chain_state(const config::Home& home, const std::string& address, const std::string& network);

/// Records in HOME/keys that the database does not know, the oldest first: rotations that were cut off, and
/// those of before a restore of an older state.
std::vector<keys::StoredRotation> unapplied_rotations(const config::Home& home,
                                                      const std::vector<chaindb::KeyRotation>& known);

/// The repository that takes the safety backup; nothing where there is none. To be opened before anything is
/// made: its password may be wrong.
std::optional<repository::Repository> safety_repository_of(Context& context);

/// Makes a safety backup, changes the database in one transaction, then the configuration. What was done
/// before is not done again, so that a job that was cut off is ended by the same call. Throws Error(busy)
/// while a node runs, Error(failed) when the record does not fit the chain.
AppliedRotation apply_rotation(Context& context, const keys::RotationRecord& record,
                               const std::optional<repository::Repository>& safety);

}  // namespace bt2c::cli
