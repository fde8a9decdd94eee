#pragma once
// Objects in memory.

#include <map>
#include <mutex>

#include "storage/location.hpp"

namespace bt2c::storage::memory {

/// For tests of what stands on a location.
class MemoryLocation final : public Location {
 public:
    std::string describe() const override { return "memory"; }
    bool put(const std::string& name, base::ByteView contents) override;
    std::optional<base::Bytes> get(const std::string& name) override;
    std::optional<base::Bytes> get_range(const std::string& name, std::uint64_t offset,
                                         std::uint64_t size) override;
    std::optional<std::uint64_t> size_of(const std::string& name) override;
    std::vector<ObjectInfo> list(const std::string& folder) override;
    bool remove(const std::string& name) override;

    /// Replaces an object's bytes, as damage would.
    void overwrite(const std::string& name, base::Bytes contents);

 private:
    std::mutex mutex_;
    std::map<std::string, base::Bytes> objects_;
};

}  // namespace bt2c::storage::memory
