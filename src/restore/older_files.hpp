#pragma once
// The copies of config/ and keys/ in a backup folder of the older Python tool.

#include <filesystem>
#include <string>
#include <vector>

#include "restore/source.hpp"

namespace bt2c::restore {

/// What is below the folder `copy`, as files of `part` ("config" or "keys"). Links are restored as links and
/// never followed. Files under keys/ get mode 0600, others that of the copy; folders can be entered and
/// written by their owner. Nothing where there is no such folder.
/// Throws Error when it cannot be read, is no folder, or has more than 100,000 files.
std::vector<FileSource> files_of_older_copy(const std::filesystem::path& copy, const std::string& part);

}  // namespace bt2c::restore
