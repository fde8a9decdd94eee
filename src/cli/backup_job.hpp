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

/// How backups of that home name their maker.
repository::NodeIdentity node_identity(const Context& context, const config::Home& home);

/// A note where another node or home than `home` made the backup.
void tell_other_maker(Context& context, const config::Home& home, const repository::Manifest& manifest);

}  // namespace bt2c::cli
