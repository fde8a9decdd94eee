#pragma once
// How each location took what it was given.

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "cli/output.hpp"

namespace bt2c::cli {

/// What one location has of a backup that was made just now.
struct LocationOutcome {
    std::string name;
    std::string status;  ///< "ok", "behind", "failed", or "double": it is the folder of another one
    std::string error;   ///< empty when ok
};
/// "warning: …" for each location that was not reached, where a change must reach all of them. A double has
/// what the other one has.
void print_unreached(Output& out, const std::vector<LocationOutcome>& outcomes, std::string_view what);
base::Json outcomes_document(const std::vector<LocationOutcome>& outcomes);
/// Whether one of them has not everything, which is exit status 6.
bool is_partial(const std::vector<LocationOutcome>& outcomes);

}  // namespace bt2c::cli
