#pragma once
// Waits until a folder's entries change.

#include <filesystem>
#include <map>
#include <set>

#include "platform/file.hpp"

namespace bt2c::platform {

/// Notices files that come, go or are renamed in some folders (inotify). Where the kernel cannot tell, as on
/// network file systems, it sees nothing: whoever waits looks for himself now and then. One thread at a time.
class FolderWatch {
 public:
    FolderWatch();

    /// Watches a folder too; nothing happens when it is watched already.
    void add(const fs::path& folder);
    /// The watched folders that changed since the last call; waits up to `timeout_ms` for one to, less when
    /// a signal arrives.
    std::set<fs::path> wait(int timeout_ms);

 private:
    Descriptor inotify_;
    std::map<int, fs::path> folders_;
};

}  // namespace bt2c::platform
