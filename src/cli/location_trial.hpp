#pragma once
// Whether a location can be used, tried for real.

#include <optional>
#include <string>

#include "storage/location.hpp"

namespace bt2c::cli {

struct LocationTrial {
    bool removable = true;                  ///< false: what was written stays, as in append-only locations
    std::optional<std::string> repository;  ///< the id of the one that lies there already
};

/// Writes a small object, reads it back, looks for it in the list and removes it. Throws Error with the step
/// that failed.
LocationTrial try_location(storage::Location& location);

}  // namespace bt2c::cli
