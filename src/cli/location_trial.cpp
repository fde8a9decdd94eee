#include "cli/location_trial.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/progress.hpp"
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

/// A folder that was made by another path a moment ago may be unknown to this one's mount: FUSE file systems
/// such as bindfs may remember for a second that nothing was there.
bool put_behind_mount(storage::Location& location, const std::string& name) {
    constexpr std::chrono::milliseconds remembered{1200};
    try {
        return location.put(name, base::as_bytes(contents));
    } catch (const Error& error) {
        if (error.system_code() != ENOENT) throw;
    }
    std::this_thread::sleep_for(remembered);
    base::throw_if_interrupted();
    try {
        return location.put(name, base::as_bytes(contents));
    } catch (Error& error) {
        if (error.system_code() == ENOENT && error.hint().empty())
            error.hint("it may be the folder of another location by another mount: run the command again");
        throw;
    }
}

/// A small object that lies there while this lives.
class TrialObject {
 public:
    explicit TrialObject(storage::Location& location) : location_(location) {
        if (!put_behind_mount(location, name)) throw useless(location, "a new name is taken already");
    }
    ~TrialObject() {
        if (!removed_) try {
                location_.remove(name);
            } catch (const std::exception&) {  // what it says of itself tells that it may be removed
            }
    }
    TrialObject(const TrialObject&) = delete;
    TrialObject& operator=(const TrialObject&) = delete;

    /// False where nothing can be removed.
    bool remove() {
        removed_ = true;
        try {
            location_.remove(name);
            return true;
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            return false;
        }
    }
    std::optional<std::string> found_in(const NamedLocations& others) const {
        for (const auto& [other, location] : others)
            if (has(*location, name)) return other;
        return std::nullopt;
    }

    // In no folder, to leave none.
    const std::string name = "trial-" + base::to_hex(crypto::random_array<16>());

 private:
    storage::Location& location_;
    bool removed_ = false;
};

Error same_place(const storage::Location& location, const std::string& other) {
    return useless(location, base::format("it is the place of location '{}'", other))
        .cause("what was written to the one was found in the other")
        .hint("a copy beside itself is none: name another place");
}

}  // namespace

LocationTrial try_location(storage::Location& location, const NamedLocations& others) {
    LocationTrial trial;
    if (repository::Repository::exists(location))
        trial.repository = repository::Repository::read_id(location).hex();
    TrialObject object(location);
    const auto back = location.get_range(object.name, 0, contents.size() + 1);
    const auto listed = location.list("");
    const auto same = object.found_in(others);
    trial.removable = object.remove();
    if (!back || base::as_text(*back) != contents)
        throw useless(location, "what was written does not come back as it was");
    if (std::ranges::none_of(listed, [&](const auto& one) { return one.name == object.name; }))
        throw useless(location, "what was written is not in its list");
    if (same) throw same_place(location, *same);
    return trial;
}

void require_own_place(storage::Location& location, const NamedLocations& others) {
    if (others.empty()) return;
    TrialObject object(location);
    const auto same = object.found_in(others);
    object.remove();
    if (same) throw same_place(location, *same);
}

}  // namespace bt2c::cli
