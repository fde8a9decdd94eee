#pragma once
// The rules of style that clang-format does not know.

#include <string>
#include <vector>

#include "unit/architecture/source_files.hpp"

namespace bt2c::architecture {

/// What is wrong with one file, one line each.
std::vector<std::string> style_faults(const SourceFile& file);

}  // namespace bt2c::architecture
