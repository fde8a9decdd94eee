#include "storage/memory/memory_location.hpp"

#include <algorithm>

namespace bt2c::storage::memory {

bool MemoryLocation::put(const std::string& name, base::ByteView contents) {
    const std::lock_guard lock(mutex_);
    return objects_.try_emplace(name, contents.begin(), contents.end()).second;
}

std::optional<base::Bytes> MemoryLocation::get(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(name);
    return found == objects_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<base::Bytes> MemoryLocation::get_range(const std::string& name, std::uint64_t offset,
                                                     std::uint64_t size) {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(name);
    if (found == objects_.end()) return std::nullopt;
    const std::uint64_t begin = std::min<std::uint64_t>(offset, found->second.size());
    const std::uint64_t length = std::min<std::uint64_t>(size, found->second.size() - begin);
    const auto first = found->second.begin() + static_cast<std::ptrdiff_t>(begin);
    return base::Bytes(first, first + static_cast<std::ptrdiff_t>(length));
}

std::optional<std::uint64_t> MemoryLocation::size_of(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(name);
    return found == objects_.end() ? std::nullopt : std::optional<std::uint64_t>(found->second.size());
}

std::vector<ObjectInfo> MemoryLocation::list(const std::string& folder) {
    const std::lock_guard lock(mutex_);
    std::vector<ObjectInfo> found;
    for (const auto& [name, contents] : objects_)
        if (folder.empty() || name.starts_with(folder + "/")) found.push_back({name, contents.size()});
    return found;
}

bool MemoryLocation::remove(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return objects_.erase(name) > 0;
}

void MemoryLocation::overwrite(const std::string& name, base::Bytes contents) {
    const std::lock_guard lock(mutex_);
    objects_[name] = std::move(contents);
}

}  // namespace bt2c::storage::memory
