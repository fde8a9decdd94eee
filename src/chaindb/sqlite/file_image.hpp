#pragma once
// The image in a file that stands still.

#include <filesystem>

#include "chaindb/page_image.hpp"

namespace bt2c::chaindb::sqlite {

/// The image in a database file that nobody changes while the image is held, such as a staged one.
/// The file must have no journal of its own, and no lock of this process on it. Throws Error when it
/// cannot be read or is no SQLite database.
PageImage image_of_file(const std::filesystem::path& path);

}  // namespace bt2c::chaindb::sqlite
