#pragma once
// A disk that forgets: what is left of durable writes when the power fails at a given step.

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "platform/file.hpp"

namespace bt2c::support {

namespace fs = std::filesystem;

/// One platform::FileStep with bytes of its own.
struct RecordedStep {
    platform::FileStep::Kind kind;
    fs::path path, to;
    std::string bytes;
    std::uint64_t offset;
};

/// Records the durable steps of this process, from all its threads, while it lives.
class StepRecorder {
 public:
    StepRecorder();
    ~StepRecorder();
    StepRecorder(const StepRecorder&) = delete;
    StepRecorder& operator=(const StepRecorder&) = delete;
    const std::vector<RecordedStep>& steps() const { return steps_; }

 private:
    std::mutex mutex_;
    std::vector<RecordedStep> steps_;
};

/// Files and folders as the steps make them, and as they would be after a power loss: contents as of the
/// file's last fsync, entries as of the folder's last fsync. File systems may keep more than that, so a
/// caller also checks the other extreme, in which all that was done is kept.
class ForgetfulDisk {
 public:
    /// A file that was there, durable, before the first step.
    void put(const fs::path& path, const std::string& contents);
    void apply(const RecordedStep& step);
    /// Path to contents, when all that was not synced is lost (`all` false) or nothing is.
    std::map<std::string, std::string> files(bool all) const;

 private:
    struct Inode {
        std::string now, synced;
    };
    struct Folder {
        std::map<std::string, std::shared_ptr<Inode>> now, synced;
        bool entry_synced = true;  ///< false: this folder itself is not yet in a synced parent
    };
    Folder& folder_of(const fs::path& path);
    std::shared_ptr<Inode>& entry(const fs::path& path);

    std::map<std::string, Folder> folders_;
};

}  // namespace bt2c::support
