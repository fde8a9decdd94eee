#pragma once
// Objects as files below a folder.

#include <atomic>
#include <filesystem>
#include <mutex>
#include <set>

#include "storage/location.hpp"

namespace bt2c::storage::local {

/// Object names are paths below the folder; objects are files of mode 0400, so that a slip of the
/// hand does not change one. The first put into a folder also removes what killed writers left in it.
class LocalLocation final : public Location {
 public:
    /// The folder need not exist before the first put, which makes it (0700). But one that was there once
    /// and is gone is never made again: its disk may have been unmounted. Every function throws then.
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
    /// Whether the folder is there; throws Error when it was and is gone.
    bool is_there();
    /// As is_there(), but a name that is absent from a folder that is there tells nothing new.
    std::nullopt_t absent();
    void prepare(const std::filesystem::path& folder);

    std::filesystem::path folder_;
    std::atomic<bool> seen_ = false;
    std::mutex mutex_;
    std::set<std::filesystem::path> prepared_;
};

}  // namespace bt2c::storage::local
