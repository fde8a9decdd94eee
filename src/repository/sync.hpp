#pragma once
// Brings one location of a repository up to date from the others.

#include <set>
#include <string>
#include <vector>

#include "base/progress.hpp"
#include "repository/repository.hpp"

namespace bt2c::repository {

/// Something that could not be copied.
struct NotCopied {
    std::string object;  ///< a backup's id, or the object's name
    std::string why;
};

struct SyncReport {
    std::uint64_t objects = 0, bytes = 0;  ///< copied
    std::vector<std::string> backups;      ///< ids of those that the location has now and had not before
    std::vector<NotCopied> left;
};

struct SyncOptions {
    /// Where key slots come from: one that was removed there while `target` was away must not come back.
    /// Where it has none at all, or is `target` and has none, it lost them: then they come from any location.
    storage::Location* slots = nullptr;
    unsigned uploads = 1;  ///< side by side
    /// Also the slot that the repository is opened with, wherever it is. Whether the place lost it, or it was
    /// removed there, nobody can tell: only for who asks for it.
    bool bring_opened = false;
};

/// Ids of the backups that `retired` tells to exist no more; see docs/repository-format.md.
std::set<std::string> retired_backups(storage::Location& location);
inline bool is_retired(const std::set<std::string>& retired, const std::string& backup) {
    return retired.contains(backup);
}

/// Ids in one listing of "manifests", as the objects are named.
std::set<std::string> backup_ids(const std::vector<storage::ObjectInfo>& manifests);

/// Copies `format` and the key slots where `target` has no `format` or no slot, and else the slots that it
/// lacks of those of `options.slots`. Returns what was copied. Throws Error when it belongs to another
/// repository.
SyncReport sync_basics(const Repository& repository, storage::Location& target, const SyncOptions& options);

/// Copies the marks, pins and proofs that `target` lacks of those that any location of `repository` has.
/// Throws Error when it is not this repository's.
SyncReport sync_small(const Repository& repository, storage::Location& target);

/// Throws Error when the location's object `format` names another repository, as where two nodes were set up
/// onto one new place at once: each found it empty, and one of them came second.
void require_same_repository(const Repository& repository, storage::Location& location);

/// Copies what `target` lacks of what any location of `repository` has: small objects, then each backup: its
/// packs, its index, and its manifest once all that the manifest names is there; full backups before those
/// that build on them; and packs that are gone of backups which it has. A write-only node copies all packs
/// before all manifests instead. Retired backups are left out. Copies are checked before they are stored;
/// nothing is replaced. Interrupted, the next call goes on where this one was. Memory: the names of the
/// target's packs. Throws Error when the target cannot be read or written, or interrupted.
SyncReport sync_location(const Repository& repository, storage::Location& target, const SyncOptions& options,
                         base::Progress& progress);

}  // namespace bt2c::repository
