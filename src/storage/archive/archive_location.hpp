#pragma once
// An exported backup: the objects of one backup in one file; see docs/repository-format.md.

#include <filesystem>
#include <map>

#include "base/error.hpp"
#include "platform/file.hpp"
#include "storage/location.hpp"

namespace bt2c::storage::archive {

/// Read-only: put and remove throw. The file is kept open, so it may be moved meanwhile.
class ArchiveLocation final : public Location {
 public:
    /// Whether the file begins as an exported backup does; false also where it cannot be read.
    static bool is_archive(const std::filesystem::path& file);

    /// Reads the directory at the file's end. Throws Error(failed) when the file cannot be read, is
    /// no exported backup, has an unknown version, is cut off or damaged.
    explicit ArchiveLocation(std::filesystem::path file);

    std::string describe() const override;
    bool put(const std::string& name, base::ByteView contents) override;
    std::optional<base::Bytes> get(const std::string& name) override;
    std::optional<base::Bytes> get_range(const std::string& name, std::uint64_t offset,
                                         std::uint64_t size) override;
    std::optional<std::uint64_t> size_of(const std::string& name) override;
    std::vector<ObjectInfo> list(const std::string& folder) override;
    bool remove(const std::string& name) override;
    std::optional<base::Error> known_damage(const std::string& name) override;

    /// What the directory says of an object. The digest is for whoever has no key to its seals; only
    /// known_damage() looks at it.
    struct Entry {
        std::uint64_t offset = 0, bytes = 0;
        std::string sha256;  ///< 64 hex digits
    };
    const std::map<std::string, Entry>& entries() const { return entries_; }

 private:
    base::Error damaged(std::string cause) const;
    base::Error read_only(const std::string& action) const;
    void read_directory();

    std::filesystem::path file_;
    platform::Descriptor fd_;
    std::map<std::string, Entry> entries_;
};

}  // namespace bt2c::storage::archive
