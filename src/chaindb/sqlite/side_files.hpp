#pragma once
// The files that SQLite keeps beside a database.

#include <filesystem>
#include <string>

namespace bt2c::chaindb::sqlite {

/// Throws Error(failed), which begins with `cannot`, where one of them is there and is no file: SQLite would
/// open it, and wait at a pipe for ever.
void require_plain_side_files(const std::filesystem::path& database, const std::string& cannot);

}  // namespace bt2c::chaindb::sqlite
