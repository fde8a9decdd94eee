#pragma once
// A small home with a chain and a repository, for tests that cut jobs off.

#include <filesystem>
#include <memory>
#include <string>

#include "backup/backup.hpp"
#include "config/home.hpp"
#include "repository/repository.hpp"
#include "restore/restore.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::fault {

namespace fs = std::filesystem;

/// HOME with a chain of a few blocks, a configuration file and a key; the repository beside it.
class Scene {
 public:
    Scene();
    config::Home home() const { return {folder_ / "home"}; }
    fs::path repository_folder() const { return folder_ / "repository"; }
    const fs::path& folder() const { return folder_.path(); }
    repository::Repository open() const;
    repository::Manifest back_up(repository::BackupType type) const;
    /// Restores without a chain check of its own; the image is proved all the same.
    restore::RestoreResult restore_latest() const;
    void add_block() const;
    std::string database_text() const { return support::file_text(home().database()); }

 private:
    support::TemporaryFolder folder_;
};

/// The secret of the scene's repository.
repository::Secret scene_secret();

/// Opens a repository in `folder`, reads every page and file of every backup in it, and returns how
/// many there are. A test failure when a backup is listed that cannot be read whole.
std::size_t expect_all_backups_whole(const fs::path& folder);

}  // namespace bt2c::fault
