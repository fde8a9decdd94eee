#pragma once
// Names of files for SQLite.

#include <filesystem>
#include <string>
#include <string_view>

namespace bt2c::chaindb::sqlite {

/// A "file:" URI that names exactly `path`, whatever characters it has; `query` as "?name=value".
std::string uri_of(const std::filesystem::path& path, std::string_view query = "");

}  // namespace bt2c::chaindb::sqlite
