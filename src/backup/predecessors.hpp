#pragma once
// The backups that a new one builds on: read from the repository, or remembered by a write-only node.

#include <memory>
#include <optional>
#include <string>

#include "backup/image_capture.hpp"
#include "backup/known_backups.hpp"
#include "backup/writer_state.hpp"
#include "repository/repository.hpp"

namespace bt2c::backup {

struct Predecessors {
    std::optional<repository::Manifest> full;     ///< the latest full backup
    std::optional<repository::Manifest> sibling;  ///< the newest that differs from the same full one
    std::optional<repository::Manifest> latest;   ///< the newest that is no safety backup
    std::uint64_t sequence = 0;                   ///< the highest there is
    std::size_t damaged = 0;                      ///< manifests that cannot be read
    /// Of `full` and those that build on it, one whose latest restore test failed. Unknown to a write-only
    /// node.
    std::optional<repository::ObjectId> failed;
    /// Of a write-only node, where it has one that fits the repository.
    std::shared_ptr<const WriterState> state;
    std::string unknown;             ///< why a write-only node has none
    std::optional<Listing> listing;  ///< of a write-only node
};

Predecessors find_predecessors(const config::Home& home, const repository::Repository& repository);

/// What an incremental backup is made against. `before` must have a full backup, and outlive the result.
CaptureBase capture_base(const repository::Repository& repository, const Predecessors& before,
                         PackNumbers& numbers);

/// After a backup was stored by a write-only node. Only a note where the state cannot be written: then the
/// next backup builds on the older one.
/// @param differences of the backup, as stored
/// @param content ids of all its pages, for a full backup
void remember_backup(const config::Home& home, const Predecessors& before,
                     const repository::ObjectId& repository, const repository::Manifest& made,
                     std::vector<repository::PageEntry> differences, const ContentScratch* content,
                     base::Progress& progress);

}  // namespace bt2c::backup
