#pragma once
// The manifests of the older Python tool.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace bt2c::restore {

/// One `backup_manifest_*.json`. The paths in it are of the machine that wrote it, so only their last
/// parts are kept.
struct OlderManifest {
    std::filesystem::path file;  ///< where it was read
    bool incremental = false;
    std::string database;
    std::string config, keys;  ///< of a full one; empty where it has none
    std::string base;          ///< of an incremental one: the database it was made against
    std::int64_t start_height = 0, end_height = 0;  ///< of an incremental one: of its blocks
};

bool is_manifest_name(const std::string& name);
/// Throws Error(failed) when it is damaged.
OlderManifest read_older_manifest(const std::filesystem::path& file);

struct OlderFolder {
    std::vector<OlderManifest> manifests;
    std::vector<std::filesystem::path> damaged;  ///< manifests that cannot be read

    /// The manifest of a database, by its base name; nullptr when there is none.
    const OlderManifest* find(const std::string& database) const;
};
OlderFolder read_older_folder(const std::filesystem::path& folder);

}  // namespace bt2c::restore
