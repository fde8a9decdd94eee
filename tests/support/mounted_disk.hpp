#pragma once
// A file system of a wanted kind, made and mounted for one test.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "support/temporary_folder.hpp"

namespace bt2c::support {

/// Mounted until the test ends; when it cannot be, `problem()` says why, and the test skips itself.
class MountedDisk {
 public:
    explicit MountedDisk(const std::string& type, const std::string& size = "400M") {
        const std::string image = (folder_ / "disk").native();
        fs::create_directory(path());
        if (::geteuid() != 0)
            problem_ = "only root can mount a " + type + " file system";
        else if (!run("command -v mkfs." + type))
            problem_ = "mkfs." + type + " is not installed";
        else if (!run("truncate -s " + size + " " + image) || !run("mkfs." + type + " " + image))
            problem_ = "mkfs." + type + " failed";
        else if (!run("mount -o loop " + image + " " + path().native()))
            problem_ = "this machine cannot mount " + type + " through a loop device";
    }
    ~MountedDisk() {
        if (!problem_.empty()) return;
        EXPECT_TRUE(run("umount " + path().native())) << "something is still open there";
    }
    MountedDisk(const MountedDisk&) = delete;
    MountedDisk& operator=(const MountedDisk&) = delete;

    const std::string& problem() const { return problem_; }
    fs::path path() const { return folder_ / "mount"; }
    fs::path operator/(const fs::path& name) const { return path() / name; }

 private:
    static bool run(const std::string& command) {
        return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
    }
    const TemporaryFolder folder_;
    std::string problem_;
};

}  // namespace bt2c::support
