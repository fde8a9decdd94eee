#pragma once
// What each location holds and lacks, and what is wrong with that.

#include <filesystem>
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
    std::string state;  ///< "healthy", "behind", "away" or "double" (the folder of one before it)
    std::string error;  ///< why it is not healthy
    LocationFacts facts;
    bool empty = false;                    ///< nothing is stored there yet
    bool is_format_damaged = false;        ///< or missing, where all others' are too
    bool has_no_slot = false;              ///< no secret opens it without the others
    bool lacks_own_key = false;            ///< the slot that the repository was opened with
    bool is_untried = false;               ///< as Locations::is_untried() has it
    std::filesystem::path read_only = {};  ///< its folder, where that is mounted so; else empty
    std::size_t backups = 0;
    std::vector<std::string> missing = {};
    std::size_t lacking_packs = 0, cut_packs = 0;  ///< of backups that it lists: not there; not whole
    std::size_t lacking_keys = 0;                  ///< slots that the first location has
    std::size_t damaged = 0;  ///< key slots, and manifests: the newest, and those unread anywhere
    std::vector<std::string> odd_keys = {};  ///< slots that the first location has not
    std::vector<std::string> lone_phrases =
        {};  ///< those of phrases, where the first location has none at all
    std::optional<base::UnixMs> newest = {};
    std::uint64_t objects = 0, bytes = 0;  ///< as far as they were counted
    /// What storing those bytes costs, in the operator's currency; nullopt where the price is not known.
    std::optional<double> cost_per_month() const;
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
    bool away = false;  ///< or a double: one at least is not looked into
};

struct LocationQuestions {
    const std::vector<repository::Manifest>* backups = nullptr;  ///< null: they cannot be read here
    const repository::Repository* reader = nullptr;              ///< the same
    bool measured = false;  ///< count objects and bytes, which takes long
};

/// Asks all of them; one that fails is away.
LocationReport look_at_locations(const Locations& locations, const LocationQuestions& questions);

/// The command that mends one that is behind: a sync, which replaces nothing, or what does more. `several`:
/// there are others; `synced`: it was brought up to date just now, as far as that goes.
std::string mend_of(const LocationStatus& status, bool several, bool synced = false);

}  // namespace bt2c::cli
