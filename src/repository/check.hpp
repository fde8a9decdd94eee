#pragma once
// Looks for what is damaged, missing or out of place in a repository.

#include <set>
#include <string>
#include <vector>

#include "base/progress.hpp"
#include "repository/repository.hpp"

namespace bt2c::repository {

enum class FindingKind {
    damaged,          ///< there, but not what it should be
    missing,          ///< named by a manifest or needed to open it, and not there
    unknown_version,  ///< written by a newer program, or damaged in that place; could not be checked
    unreferenced,     ///< belongs to no backup: one that is being made now, or was cut off
    foreign,          ///< no object of a repository
    unread,           ///< could not be read; nothing says that it is damaged
    behind,           ///< other locations have it; it may be being stored here now
};
/// "damaged", "unknown_version" and so on.
std::string_view finding_name(FindingKind kind);
/// False for what does no harm: unreferenced and foreign.
bool is_fault(FindingKind kind);

/// What a finding about all key slots together names.
inline constexpr std::string_view all_slots = "keys";
/// What a finding about backups that are in other locations only names.
inline constexpr std::string_view other_backups = "manifests";

struct CheckFinding {
    std::string object;  ///< its name in the location, which may hold any bytes; or `all_slots`
    FindingKind kind = FindingKind::damaged;
    std::string text;                  ///< what is wrong, one clause
    std::vector<std::string> backups;  ///< ids of those that need the object
    std::string advice;                ///< what to do
    bool disk = false;  ///< unread since a disk cannot give it: a repair may put a sound copy in its place
};

struct CheckReport {
    bool ok = true;  ///< no finding is a fault
    std::uint64_t objects = 0, bytes = 0;
    std::vector<CheckFinding> findings;  ///< one for each object, by name
};

/// Without `read_data`: everything in the clear, that there is a key slot, every manifest, index, pack
/// directory, proof and page table, and that all they name is there with the right size. With it also every
/// blob, the content id of every page version and file, and that each backup's tables give its image digest;
/// which proves that every backup can be restored. Others may use the repository meanwhile; a backup that
/// comes to be during the check is not looked at. Memory: the pages that differ in some hundred incrementals,
/// and a few MiB for each thread. Throws Error when the location cannot be read (any more), or interrupted;
/// what is wrong in it, and what of it alone cannot be read, are findings.
/// @param elsewhere ids of the backups that other locations have, listed before
CheckReport check_repository(const Repository& repository, bool read_data, base::Progress& progress,
                             const std::set<std::string>& elsewhere = {});

}  // namespace bt2c::repository
