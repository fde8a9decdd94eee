#pragma once
// What is different of validators and of their keys' rotations; for compare_facts.cpp.

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "chaindb/database_facts.hpp"

namespace bt2c::chaindb {

/// A validator goes on under the address that a rotation gave it, if both keys signed that.
/// @param grown networks with new blocks, which change validators; they lift no ban
/// @param is_signed as of compare_facts()
std::vector<FactDifference> compare_validators(const DatabaseFacts& before, const DatabaseFacts& after,
                                               const std::set<std::string>& grown,
                                               const std::function<bool(const KeyRotation&)>& is_signed);

}  // namespace bt2c::chaindb
