#pragma once
// From the settings to the locations.

#include <vector>

#include "config/settings.hpp"
#include "storage/fan_out/part.hpp"

namespace bt2c::cli {

/// What the names of locations mean to people and programs.
struct LocationFacts {
    std::string kind;  ///< "folder", "s3", "sftp"
    bool offsite = false;
    double price_per_gib_month = 0;  ///< as in config::LocationSettings
    bool own_disk = false;           ///< a folder on the disk of the node's home, which dies with it
    bool system_disk = false;  ///< a folder on that disk, or on the one of "/": where nothing is mounted
    bool unencrypted = false;  ///< what goes there, sealed as it is, goes by http over a network
};

struct OpenedLocation {
    storage::fan_out::Place place;
    LocationFacts facts;
};

/// The repository's own folder, named "local", unless there is none; then the others in the order of dr.toml.
/// Nothing is connected to yet. Throws Error(usage) for what the settings alone show to be wrong.
std::vector<OpenedLocation> open_locations(const config::Settings& settings);

/// As far as both are there.
bool on_one_disk(const std::filesystem::path& a, const std::filesystem::path& b);
/// By whatever names they go: through links and mounts too.
bool same_folder(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace bt2c::cli
