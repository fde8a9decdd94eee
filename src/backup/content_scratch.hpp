#pragma once
// The content ids of all pages while a backup is made: in a scratch file, since a chain may have
// more pages than memory should be spent on.

#include <filesystem>
#include <vector>

#include "platform/file.hpp"
#include "repository/format.hpp"

namespace bt2c::backup {

/// Reads may run side by side with each other, not with writes.
class ContentScratch {
 public:
    /// In the first of the folders that takes one. Throws Error, of the first, where none does.
    explicit ContentScratch(const std::vector<std::filesystem::path>& folders);
    void write(std::uint32_t first_page, const std::vector<repository::ContentId>& ids);
    /// As many as there are, from `first_page`.
    std::vector<repository::ContentId> read(std::uint32_t first_page, std::uint32_t count) const;

 private:
    std::filesystem::path name_;
    platform::Descriptor fd_;
};

}  // namespace bt2c::backup
