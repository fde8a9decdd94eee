#pragma once

#include <filesystem>

#include "storage/location.hpp"

namespace bt2c::storage::local {

/// A folder. Object names are paths below it; objects are files of mode 0400, so that a slip of
/// the hand does not change one.
class LocalLocation final : public Location {
 public:
    /// The folder need not exist before the first put, which makes it (0700).
    explicit LocalLocation(std::filesystem::path folder);

    std::string describe() const override;
    bool put(const std::string& name, base::ByteView contents) override;
    std::optional<base::Bytes> get(const std::string& name) override;
    std::optional<base::Bytes> get_range(const std::string& name, std::uint64_t offset,
                                         std::uint64_t size) override;
    std::optional<std::uint64_t> size_of(const std::string& name) override;
    std::vector<ObjectInfo> list(const std::string& folder) override;
    bool remove(const std::string& name) override;

    const std::filesystem::path& folder() const { return folder_; }

 private:
    std::filesystem::path path_of(const std::string& name) const;
    std::filesystem::path folder_;
};

}  // namespace bt2c::storage::local
