#pragma once
// What each location holds and lacks, and what is wrong with that.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "cli/locations.hpp"

namespace bt2c::cli {

/// What one location is found to be.
struct LocationStatus {
    std::string name, where;
    std::string state;  ///< "healthy", "behind" or "away"
    std::string error;  ///< why it is not healthy
    LocationFacts facts;
    std::size_t backups = 0;
    std::vector<std::string> missing = {};
    std::size_t lacking_packs = 0, cut_packs = 0;  ///< of backups that it lists: not there; not whole
    std::size_t damaged = 0;                       ///< key slots, and manifests of the newest backups
    std::vector<std::string> odd_keys = {};        ///< slots that the first location has not
    std::vector<std::string> lone_phrases =
        {};  ///< those of phrases, where the first location has none at all
    std::optional<base::UnixMs> newest = {};
    std::uint64_t objects = 0, bytes = 0;          ///< as far as they were counted
    std::optional<base::UnixMs> clock_ahead = {};  ///< as storage::Location has it, ms
};

struct LocationWarning {
    std::string subject;  ///< a location's name; empty: all of them together
    std::string check;    ///< "location", "locations", "offsite", "location_keys"
    std::string text;
    std::string mend;  ///< a command; empty where there is none

    /// As one line for people.
    std::string line() const { return mend.empty() ? text : text + ": " + mend; }
};

struct LocationReport {
    std::vector<LocationStatus> all;
    std::vector<LocationWarning> warnings;  ///< those that are away have none
    std::size_t healthy = 0;
    bool away = false;
};

struct LocationQuestions {
    const std::vector<repository::Manifest>* backups = nullptr;  ///< null: they cannot be read here
    const repository::Repository* reader = nullptr;              ///< the same
    bool measured = false;  ///< count objects and bytes, which takes long
};

/// Asks all of them; one that fails is away.
LocationReport look_at_locations(const Locations& locations, const LocationQuestions& questions);

}  // namespace bt2c::cli
