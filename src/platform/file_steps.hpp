#pragma once
// The steps of durable writes, as they are announced to tests. For the writers of this folder only.

#include "platform/file.hpp"

namespace bt2c::platform {

/// Tells the hook of set_file_step_hook(), which may throw.
void announce(const FileStep& step);
/// fsync of a folder, which makes the names in it durable.
void sync_folder(const fs::path& folder);

}  // namespace bt2c::platform
