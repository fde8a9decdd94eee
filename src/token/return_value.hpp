#pragma once
// What a module's return values (CKR_…) mean to an operator.

#include <string>

#include "base/error.hpp"

namespace bt2c::token {

/// `what` is a clause, "cannot sign with the token".
base::Error error_of(unsigned long value, const std::string& what);
/// Throws error_of() unless the value is CKR_OK.
void check(unsigned long value, const std::string& what);

}  // namespace bt2c::token
