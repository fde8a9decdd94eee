#pragma once
// A safety copy where there is no repository that takes one.

#include <filesystem>

#include "base/progress.hpp"
#include "config/home.hpp"

namespace bt2c::restore {

/// Keeps the present state where no repository can: copies of data/ (the database and its
/// journals), config/, keys/ and wallets/ in a new folder HOME/backups/before-restore-TIME, or in the home
/// itself where that takes none; mode 0700, durable before it returns. The copies are as plain as the
/// originals. Until all of it is there the folder's name ends in ".partial"; one that a killed process left
/// is removed by the next one.
std::filesystem::path keep_beside(const config::Home& home, base::Progress& progress);

}  // namespace bt2c::restore
