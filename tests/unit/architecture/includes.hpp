#pragma once
// Checks every #include of src/ and apps/ against the two tables of docs/architecture.md.

#include <filesystem>
#include <string>
#include <vector>

namespace bt2c::architecture {

/// What is wrong below `root`, one line each: an arrow that the table does not have, a third-party header
/// outside its folder, a circle, a row that nothing stands behind. Empty when all is well.
std::vector<std::string> include_faults(const std::filesystem::path& root);

}  // namespace bt2c::architecture
