#include "support/power_loss.hpp"

namespace bt2c::support {

using Kind = platform::FileStep::Kind;

StepRecorder::StepRecorder() {
    platform::set_file_step_hook([this](const platform::FileStep& step) {
        const std::lock_guard lock(mutex_);
        steps_.push_back(
            {step.kind, step.path, step.to, std::string(base::as_text(step.bytes)), step.offset});
    });
}

StepRecorder::~StepRecorder() {
    platform::set_file_step_hook({});
}

ForgetfulDisk::Folder& ForgetfulDisk::folder_of(const fs::path& path) {
    return folders_[path.parent_path().native()];
}

std::shared_ptr<ForgetfulDisk::Inode>& ForgetfulDisk::entry(const fs::path& path) {
    return folder_of(path).now[path.filename().native()];
}

void ForgetfulDisk::put(const fs::path& path, const std::string& contents) {
    auto inode = std::make_shared<Inode>(Inode{contents, contents});
    folder_of(path).now[path.filename().native()] = inode;
    folder_of(path).synced[path.filename().native()] = inode;
}

void ForgetfulDisk::apply(const RecordedStep& step) {
    switch (step.kind) {
        case Kind::create: entry(step.path) = std::make_shared<Inode>(); break;
        case Kind::write: {
            std::string& now = entry(step.path)->now;
            now.resize(std::max(now.size(), static_cast<std::size_t>(step.offset) + step.bytes.size()));
            now.replace(static_cast<std::size_t>(step.offset), step.bytes.size(), step.bytes);
            break;
        }
        case Kind::resize: entry(step.path)->now.resize(static_cast<std::size_t>(step.offset)); break;
        case Kind::sync: entry(step.path)->synced = entry(step.path)->now; break;
        case Kind::rename:
            entry(step.to) = entry(step.path);
            folder_of(step.path).now.erase(step.path.filename().native());
            break;
        case Kind::link: entry(step.to) = entry(step.path); break;
        case Kind::remove: folder_of(step.path).now.erase(step.path.filename().native()); break;
        case Kind::make_folder: folders_[step.path.native()].entry_synced = false; break;
        case Kind::sync_folder:
            folders_[step.path.native()].synced = folders_[step.path.native()].now;
            for (auto& [name, folder] : folders_)
                if (fs::path(name).parent_path() == step.path) folder.entry_synced = true;
            break;
    }
}

std::map<std::string, std::string> ForgetfulDisk::files(bool all) const {
    std::map<std::string, std::string> files;
    for (const auto& [folder_name, folder] : folders_) {
        bool reachable = true;
        for (fs::path at = folder_name; at.has_relative_path(); at = at.parent_path()) {
            const auto found = folders_.find(at.native());
            reachable = reachable && (all || found == folders_.end() || found->second.entry_synced);
        }
        if (!reachable) continue;
        for (const auto& [name, inode] : all ? folder.now : folder.synced)
            if (inode) files[(fs::path(folder_name) / name).native()] = all ? inode->now : inode->synced;
    }
    return files;
}

}  // namespace bt2c::support
