#pragma once
// Writes an exported backup, object by object.

#include <filesystem>
#include <set>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/file.hpp"

namespace bt2c::storage::archive {

/// The file appears under its name, durable, with commit(); until then, and when anything fails,
/// there is nothing (or what was there before).
class ArchiveWriter {
 public:
    /// Throws Error when the file exists already and `replace` is false, or cannot be written.
    /// The file's mode is 0600.
    ArchiveWriter(std::filesystem::path file, bool replace);

    /// Throws Error when the disk is full, or the name is no object name or was added already.
    /// @param sha256 of the contents, 64 hex digits
    void add(const std::string& name, base::ByteView contents, const std::string& sha256);
    /// Throws Error also when somebody made the file meanwhile.
    /// @return the file's size in bytes
    std::uint64_t commit();

 private:
    base::Error exists() const;

    std::filesystem::path path_;
    bool replace_;
    platform::DurableFile file_;
    std::uint64_t size_ = 0;
    std::set<std::string> names_;
    base::Json directory_ = base::Json::array();
};

}  // namespace bt2c::storage::archive
