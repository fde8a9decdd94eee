#pragma once
// The node's configuration follows a rotated key.

#include <filesystem>
#include <string>
#include <vector>

#include "config/home.hpp"

namespace bt2c::keys {

struct ConfigChanges {
    std::vector<std::filesystem::path> changed;
    /// Files of config/ and keys/ that name the old address and were left as they are: links, large files,
    /// and all of keys/, whose formats are the node's own.
    std::vector<std::filesystem::path> left;
};

/// Puts the new address in the place of the old one in the text files of config/, each written anew at once,
/// with its mode and owner. Run again, it changes what is left to change. Throws Error(failed) when a file
/// cannot be read or written; files before it are changed then.
ConfigChanges replace_address(const config::Home& home, const std::string& old_address,
                              const std::string& new_address);

}  // namespace bt2c::keys
