#pragma once
// Where this home last used each location, of which repository it was then, and whether on a disk apart from
// the system's: HOME/backups/locations/NAME. So an empty mount point is not taken for a new place.

#include <filesystem>
#include <optional>
#include <string>

#include "config/home.hpp"
#include "storage/location.hpp"

namespace bt2c::cli {

/// What is the same for the same place, however it is written: of a folder its path without symbolic links.
/// Looks at the disk, which may hang: of one that does not answer only describe() may be asked.
std::string place_text(const storage::Location& location);

struct PlaceNote {
    std::string described;            ///< as describe() has it; a link may lead there
    std::string place;                ///< as place_text() has it
    std::string repository_id;        ///< empty where earlier builds noted none
    bool is_disk_apart = false;       ///< a folder on another disk than those of the home and of "/"
    std::filesystem::path file = {};  ///< where it was noted
};

/// What was noted of that place, by whatever name it was used.
std::optional<PlaceNote> noted_at(const config::Home& home, const std::string& name, const std::string& place,
                                  const std::string& described);

/// Throws Error.
void note_place(const config::Home& home, const std::string& name, const PlaceNote& note);

}  // namespace bt2c::cli
