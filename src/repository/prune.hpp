#pragma once
// Removes what the rules do not keep: marks it first, and removes its bytes days later.
// docs/repository-format.md, "Removal", says why that is safe beside backups, other prunes and kills.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/progress.hpp"
#include "repository/backup_graph.hpp"
#include "repository/retention.hpp"

namespace bt2c::repository {

/// One location that can be used now.
struct PrunePlace {
    std::string name;
    std::shared_ptr<storage::Location> location;
    unsigned at_once = 1;  ///< requests side by side
};

struct PlannedBackup {
    BackupFacts facts;
    std::vector<NetworkState> networks;
    std::uint64_t stored_bytes = 0;
    Verdict verdict;
};

struct PrunePlan {
    std::vector<PlannedBackup> backups;  ///< newest first; without those that were retired earlier
    std::vector<DamagedBackup> damaged;  ///< that cannot be restored; not among them
    bool damaged_leave = false;          ///< all of `damaged` go
    std::vector<DamagedBackup> unread;   ///< that could not be read, with what needs them; they stay
    /// Places that may have a sound copy of what `damaged` or `unread` lack, and could not be asked for it.
    std::vector<std::string> unasked;
    std::size_t leaving = 0;          ///< of `backups`, and of `damaged` where these are to go
    std::uint64_t leaving_bytes = 0;  ///< that only those need
    std::size_t retired = 0;          ///< earlier, and still there
    std::size_t all() const { return backups.size() + damaged.size() + unread.size(); }
    bool most() const { return leaving * 2 > all(); }
};

struct PruneRequest {
    RetentionRules rules;
    bool dry_run =
        false;  ///< looks and plans, as always, and changes nothing; only places that failed are told
    std::map<std::string, std::string> keep = {};  ///< ids that stay for an upgrade, and why
    /// Backups whose manifest, or whose full backup's, is damaged or missing in all places go too; none of
    /// them does while a place could not be asked.
    bool damaged = false;
    std::vector<PrunePlace>
        away;  ///< places of the repository that cannot be used now; their clocks count too
    std::function<void(const PrunePlan&)> agree = nullptr;  ///< may throw Error before anything is changed
};

/// What became of one place.
struct PlacePruned {
    std::string name;
    enum class Status { ok, failed, refused } status = Status::ok;  ///< refused: it lets nothing be removed
    std::string error;
    std::uint64_t removed_objects = 0, removed_bytes = 0;
    std::uint64_t waiting_objects = 0, waiting_bytes = 0;  ///< needed by nobody, and not removed yet
    std::uint64_t locked_objects = 0;                      ///< of those: the place refuses until
    base::UnixMs locked_until = 0;                         ///< the last of them
    std::uint64_t extended_locks = 0;
};

struct PruneReport {
    PrunePlan plan;  ///< what was done, but for a dry run
    /// Why no bytes were removed anywhere though some have waited long enough; empty when they were.
    std::string held;
    /// Time does not mend that: somebody has to look at a mark, or at a backup that cannot be restored.
    bool held_for_good = false;
    bool unread = false;  ///< a backup that is listed could not be read: what it needs stays
    std::vector<PlacePruned> places;
};

/// Retires what the rules do not keep, and removes what was retired, or left by killed backups, long enough
/// ago. `repository` must be opened with the master key; its location stands for all of `places`. Others may
/// use the repository meanwhile, and prune it. Interrupted, the next call goes on.
/// Throws Error when it cannot be read, when this machine's clock does not fit, or interrupted; what fails in
/// one place is in the report. Memory: about 20 KiB for each hundred backups, and the names of one place's
/// objects.
PruneReport prune(const Repository& repository, const std::vector<PrunePlace>& places,
                  const PruneRequest& request, base::Progress& progress);

}  // namespace bt2c::repository
