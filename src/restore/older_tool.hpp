#pragma once
// Backups made by the older Python tool: plain databases, folders and manifests beside each other.
// Source: the section on that tool in the description of the chain's data ("bt2c-data-model").

#include <filesystem>
#include <optional>

#include "restore/source.hpp"

namespace bt2c::restore {

/// @param path the database of a full or incremental backup, or a `backup_manifest_*.json`
///
/// A full backup: its database, and the copies of config/ and keys/ that its manifest names. An incremental
/// one: its base, the earlier incremental backups that are needed to reach it, and its own rows laid over;
/// configuration and keys are those of the base. All files are looked for beside `path`, by their base
/// names: the folder may have been moved. Nothing is changed there, and no link is followed out of it.
///
/// nullopt when `path` is neither a manifest nor named by one: a plain database, perhaps. Throws
/// Error(failed) when a manifest is damaged, the base or another file is missing or damaged, heights are
/// missing between the backups, or a manifest tells other heights than its database has.
std::optional<RestoreSource> source_of_older_backup(const std::filesystem::path& path);

}  // namespace bt2c::restore
