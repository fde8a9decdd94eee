#pragma once
// What --backup and --backup-file of the restore command name.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/context.hpp"
#include "repository/repository.hpp"
#include "restore/source.hpp"

namespace bt2c::cli {

struct OpenedSource {
    std::shared_ptr<const repository::Repository> repository;  ///< that the source reads from
    /// Where the safety backup goes; null where there is no repository that opens.
    std::shared_ptr<const repository::Repository> safety;
    std::optional<repository::Manifest> manifest;  ///< of a backup
    restore::RestoreSource source;
};

/// As find_backup(); a path is told apart.
OpenedSource open_backup_source(Context& context, const std::string& backup);
/// Tells by its contents what the file is. An exported file of which a manifest cannot be read throws
/// Error(findings): what is left in it may be the older backup that the exported one builds on.
OpenedSource open_file_source(Context& context, const std::filesystem::path& path);

}  // namespace bt2c::cli
