#pragma once
// Raw descriptors on database files, which must not be closed.

#include <filesystem>
#include <memory>

#include "platform/file.hpp"

namespace bt2c::chaindb::sqlite {

/// Opens the file for raw reading, once per file (device and inode) and process, and keeps it open:
/// POSIX drops all locks that a process has on a file when it closes any descriptor of that file,
/// so that closing one by hand would take away SQLite's locks and let a writer commit under a
/// reader. Only descriptors of files that were removed and are used by nobody are closed.
/// Throws Error when the file cannot be opened. Thread-safe.
/// Source: https://www.sqlite.org/howtocorrupt.html, "Posix advisory locks canceled"
std::shared_ptr<const platform::Descriptor> pinned_file(const std::filesystem::path& path);

}  // namespace bt2c::chaindb::sqlite
