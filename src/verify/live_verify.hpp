#pragma once
// Verifies a database that a node uses, without disturbing its writer.

#include <filesystem>

#include "verify/verify.hpp"

namespace bt2c::verify {

/// In WAL mode, and where the file system copies by reference, the check runs on a frozen image.
/// In rollback-journal mode it runs while writers may commit between short slices; if one does, it
/// runs again: on a small database while the writer waits (well under its usual patience), on a
/// large one on a scratch copy beside it. Throws Error(busy) when writers never leave enough time.
Report verify_live(const std::filesystem::path& database, const Options& options, base::Progress& progress);

}  // namespace bt2c::verify
