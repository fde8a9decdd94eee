#pragma once
// A backup into all locations.

#include <chrono>
#include <vector>

#include "backup/backup.hpp"
#include "cli/context.hpp"
#include "cli/locations.hpp"

namespace bt2c::cli {

struct StoredBackup {
    backup::BackupResult made;
    std::vector<LocationOutcome> locations;
};

/// Makes a backup as this node. It is done when one location has it; the others are waited for `patience`,
/// and what they lack then is caught up later. Throws Error when none has it.
StoredBackup make_backup_everywhere(Context& context, const config::Home& home,
                                    const repository::Repository& repository, backup::BackupRequest request,
                                    std::chrono::seconds patience);

}  // namespace bt2c::cli
