#pragma once
// Whether a location can be used, tried for real.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/location.hpp"

namespace bt2c::cli {

struct LocationTrial {
    bool removable = true;                  ///< false: what was written stays, as in append-only locations
    std::optional<std::string> repository;  ///< the id of the one that lies there already
};

using NamedLocations = std::vector<std::pair<std::string, std::shared_ptr<storage::Location>>>;

/// Writes a small object, reads it back, looks for it in the list and removes it. Throws Error with the step
/// that failed, or when it is found in one of the `others`, by their names: that is the same place, and a
/// copy beside itself is none. Others that cannot be asked are passed over.
LocationTrial try_location(storage::Location& location, const NamedLocations& others = {});

/// Writes a small object and looks for it in the others. Throws Error where one of them has it: it is the
/// same place by another name.
void require_own_place(storage::Location& location, const NamedLocations& others);

}  // namespace bt2c::cli
