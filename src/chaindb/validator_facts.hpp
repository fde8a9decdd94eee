#pragma once
// What database_facts.cpp keeps of validators, and of what moves them without a block: pauses and rotated
// keys.

#include <vector>

#include "chaindb/database_facts.hpp"

namespace bt2c::chaindb {

/// Of each network. Nothing of a network is known to be paused where one of the tables is missing.
std::vector<PauseFacts> read_pauses(sqlite::Connection& database, const std::vector<NetworkTip>& networks);

/// read_rotations(), but of a table only.
std::vector<KeyRotation> read_known_rotations(sqlite::Connection& database);

/// Those of `all` that are not known, by network and addresses.
std::vector<KeyRotation> rotations_beyond(const std::vector<KeyRotation>& known,
                                          const std::vector<KeyRotation>& all);

/// Fills in the validators and their digest; facts.pauses are there.
void read_validators(sqlite::Connection& database, DatabaseFacts& facts);

}  // namespace bt2c::chaindb
