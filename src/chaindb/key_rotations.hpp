#pragma once
// Rotated keys in the chain database: the table `key_rotations`, and the validators that go on under a new
// address.

#include <span>
#include <string>
#include <vector>

#include "chaindb/sqlite/connection.hpp"

namespace bt2c::chaindb {

/// One row of `key_rotations`; the table is made by the first rotation.
struct KeyRotation {
    std::string network, old_address, new_address;
    bool compromised = false;  ///< the old key was stolen: its address is banned
    std::string reason;
    double rotated_at = 0;  ///< Unix time, s
    std::string record;     ///< signed by both keys, see keys/rotation_record.hpp
};

/// Rows that a rotation carried over to the new address.
struct RotationChanges {
    std::int64_t unstake_requests = 0;
    std::int64_t open_evidence = 0;  ///< slashing evidence that nobody has acted upon
};

/// In one transaction, for each rotation: the validator's row, its places in the exit queue and open evidence
/// against it get the new address and keep all else; a compromised key leaves a row of its own behind,
/// TOMBSTONED and without stake. Blocks, transactions and closed evidence stay, they are history.
/// Throws Error(failed) when the old address is no validator of the network, is TOMBSTONED, or the new one is
/// there already; Error(busy) when the database is locked. Nothing is changed then.
RotationChanges apply_rotations(sqlite::Connection& database, std::span<const KeyRotation> rotations);

/// The same within the caller's transaction, which must be rolled back when this throws.
RotationChanges apply_rotations_within(sqlite::Connection& database, std::span<const KeyRotation> rotations);

/// All rotations, the oldest first. Empty where there is no such table.
std::vector<KeyRotation> read_rotations(sqlite::Connection& database);

}  // namespace bt2c::chaindb
