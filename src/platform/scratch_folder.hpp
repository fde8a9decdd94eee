#pragma once
// A folder for the time of one job.

#include <filesystem>
#include <string_view>

#include "platform/file.hpp"

namespace bt2c::platform {

/// PREFIX-XXXXXX in a folder, mode 0700; gone with all it holds when the object goes. What a process that was
/// killed left behind, the next one in the same place removes: a live one holds a lock.
class ScratchFolder {
 public:
    /// Throws Error(failed) when it cannot be made.
    ScratchFolder(const fs::path& where, std::string_view prefix);
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    const fs::path& path() const { return path_; }

 private:
    fs::path path_;
    Descriptor lock_;
};

/// Removes what killed processes left there, as far as that can be done.
void remove_stale_scratch(const fs::path& where, std::string_view prefix);

}  // namespace bt2c::platform
