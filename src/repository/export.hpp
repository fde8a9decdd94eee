#pragma once
// A backup as one file, to be carried away; see docs/repository-format.md, "Exported backups".

#include <filesystem>

#include "base/progress.hpp"
#include "repository/repository.hpp"

namespace bt2c::repository {

struct ExportResult {
    std::uint64_t bytes = 0;    ///< of the file
    std::uint64_t objects = 0;  ///< in it
};

/// Writes `format`, all key slots, and what `manifest` and its parent need: manifests, indexes and packs.
/// The file opens with the repository's own passwords, key files and phrases. It appears whole and durable,
/// or not at all. Throws Error when it exists and `replace` is false, the disk is full, or an object is
/// missing, has another size than its manifest says, or a wrong header; the blobs' seals are not
/// checked ('repository check --read-data' does).
ExportResult export_backup(const Repository& repository, const Manifest& manifest,
                           const std::filesystem::path& file, bool replace, base::Progress& progress);

}  // namespace bt2c::repository
