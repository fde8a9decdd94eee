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

bool has(storage::Location& location, const std::string& name) {
    try {
        return location.size_of(name).has_value();
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return false;
    }
}

}  // namespace

LocationTrial try_location(
    storage::Location& location,
    const std::vector<std::pair<std::string, std::shared_ptr<storage::Location>>>& others) {
    LocationTrial trial;
    if (repository::Repository::exists(location))
        trial.repository = repository::Repository::read_id(location).hex();
    const std::string name =
        "trial-" + base::to_hex(crypto::random_array<16>());  // in no folder, to leave none
    if (!location.put(name, base::as_bytes(contents))) throw useless(location, "a new name is taken already");
    const auto back = location.get(name);
    const auto listed = location.list("");
    const auto same =
        std::ranges::find_if(others, [&](const auto& other) { return has(*other.second, name); });
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
    if (same != others.end())
        throw useless(location, base::format("it is the place of location '{}'", same->first))
            .cause("what was written to the one was found in the other")
            .hint("a copy beside itself is none: name another place");
    return trial;
}

}  // namespace bt2c::cli
