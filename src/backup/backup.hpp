#pragma once
// Makes a backup of a node's home.

#include <optional>

#include "base/progress.hpp"
#include "config/home.hpp"
#include "repository/repository.hpp"

namespace bt2c::backup {

struct BackupRequest {
    repository::BackupType type = repository::BackupType::full;
    int compression_level = 1;
    std::string program;  ///< name and version, for the manifest
    std::optional<repository::NodeIdentity> node = {};
    /// Although the newest backup is another node's.
    bool takeover = false;
    /// Whose command makes it, where it is not the home that is backed up.
    std::optional<config::Home> made_from = {};
};

struct BackupResult {
    /// Of the backup; where nothing changed, of the latest one, which holds the present state.
    repository::Manifest manifest;
    bool changed = true;
};

/// Where `maker` is, seen from `here`: "" where the names differ and tell enough, else " on another machine"
/// or " in another home".
const char* elsewhere(const repository::NodeIdentity& maker, const repository::NodeIdentity& here);

/// Whether the node `here` is refused backups, but for a takeover: `newest`, which is no safety backup, is
/// another node's and of the last seven days.
bool is_anothers(const repository::Manifest& newest, const repository::NodeIdentity& here);

/// Full: everything. Incremental: what differs from the latest full backup; throws Error with a
/// hint where there is none; where that has another page size, or it or one that builds on it failed its
/// latest restore test, a full one instead. Safety: as incremental where there is a full backup to build on,
/// else full; always stored; and where SQLite cannot read the database, its files as they are; a home without
/// a database gives a backup of its files alone. Full and incremental ones are refused where another node
/// made the newest backup of the last seven days, or, to a write-only node, where backups appeared that its
/// home did not make: two nodes that share a repository by mistake. Interrupted or failing, it leaves no
/// backup; what it stored is removed again, or, after a kill, is known to no manifest.
BackupResult make_backup(const config::Home& home, const repository::Repository& repository,
                         const BackupRequest& request, base::Progress& progress);

}  // namespace bt2c::backup
