#include "cli/location_trial.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/random.hpp"
#include "repository/repository.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;

namespace {

constexpr std::string_view contents = "bt2c-dr looks whether it can write here; this may be removed\n";

Error useless(const storage::Location& location, std::string_view what) {
    return Error(ErrorKind::failed,
                 base::format("cannot use {}: {}", base::printable(location.describe()), what));
}

}  // namespace

LocationTrial try_location(storage::Location& location) {
    LocationTrial trial;
    if (repository::Repository::exists(location))
        trial.repository = repository::Repository::read_id(location).hex();
    const std::string name =
        "trial-" + base::to_hex(crypto::random_array<16>());  // in no folder, to leave none
    if (!location.put(name, base::as_bytes(contents))) throw useless(location, "a new name is taken already");
    const auto back = location.get(name);
    const auto listed = location.list("");
    try {
        location.remove(name);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        trial.removable = false;
    }
    if (!back || base::as_text(*back) != contents)
        throw useless(location, "what was written does not come back as it was");
    if (std::ranges::none_of(listed, [&](const auto& object) { return object.name == name; }))
        throw useless(location, "what was written is not in its list");
    return trial;
}

}  // namespace bt2c::cli
