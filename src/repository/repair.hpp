#pragma once
// Mends what a check found in one location out of the others.

#include <string>
#include <vector>

#include "repository/check.hpp"
#include "repository/sync.hpp"

namespace bt2c::repository {

struct RepairReport {
    std::vector<storage::ObjectInfo> mended;
    std::vector<NotCopied> left;
};

/// Puts a sound copy in the place of each object of `target` that the check found damaged or missing, or
/// that a disk cannot give, packs first, `format` and key slots last. A copy is checked, seal by seal, before
/// the damaged object is removed. An index that no location has whole is made anew from its packs. Backups
/// that only other locations have are copied as sync_location() does it. `repository` is the one over all
/// locations; `options` tell where key slots come from. Throws Error when interrupted; what cannot be mended
/// is in the report.
RepairReport repair_location(const Repository& repository, const std::shared_ptr<storage::Location>& target,
                             const CheckReport& check, base::Progress& progress,
                             const SyncOptions& options = {});

}  // namespace bt2c::repository
