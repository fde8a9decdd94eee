#pragma once
// Where a command that is told a place must not write.

#include <filesystem>
#include <string>

#include "cli/context.hpp"

namespace bt2c::cli {

/// Why nothing may be written to `path`, a file or a folder that need not be there yet: it lies among the
/// node's own files, or in a location, where nothing is to be but what is sealed. Reads as "it lies in the
/// home's folder keys/"; empty: it is fit. Links and mounts are seen through. The home itself and
/// HOME/backups are fit. Throws as Context::settings() does.
std::string unfit_target(const Context& context, const std::filesystem::path& path);

}  // namespace bt2c::cli
