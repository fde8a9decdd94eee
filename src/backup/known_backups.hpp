#pragma once
// The backups that a write-only node knows of. It cannot read whose they are; but one that appeared since it
// last looked, and that its home did not make, is somebody else's. docs/repository-format.md, "The writer's
// state".

#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "base/progress.hpp"
#include "base/time.hpp"
#include "config/home.hpp"
#include "repository/repository.hpp"

namespace bt2c::backup {

/// What a repository lists, as far as its locations can be reached.
struct Listing {
    std::set<std::string> backups;  ///< ids
    std::set<std::string> usable;   ///< those of them that no prune has retired
    std::set<std::string> places;   ///< the locations that answered
    base::UnixMs at = 0;
};

Listing look_at(const repository::Repository& repository);

/// One file for each repository, beside the writer's state.
struct KnownBackups {
    std::set<std::string> ids;
    std::set<std::string> places;  ///< where they were listed
    base::UnixMs looked_at = 0;

    static std::filesystem::path file(const config::Home& home, const repository::ObjectId& repository);
    /// nullopt when there is no file, or a damaged one: then there is nothing to compare with.
    static std::optional<KnownBackups> load(const std::filesystem::path& file);
    void save(const std::filesystem::path& file) const;
};

struct KnownBackupsWish {
    bool takeover = false;
    /// This home made backups here before it kept a list of those it knows.
    bool has_state = false;
};

/// Throws Error where backups appeared that this home did not make. Only a note of those in places that it
/// never listed before: they may be older than all it knows.
void require_known(const config::Home& home, const repository::Repository& repository, const Listing& listing,
                   const KnownBackupsWish& wish, base::Progress& progress);

/// To be called before the manifest of `own` is stored: a kill right after must not make it a stranger's.
/// @param listing that was compared; null where `own` alone is to be added, which is done only where the home
/// keeps a list. Only a note where it cannot be written.
void remember_known(const config::Home& home, const repository::Repository& repository,
                    const Listing* listing, const std::optional<repository::ObjectId>& own,
                    base::Progress& progress);

}  // namespace bt2c::backup
