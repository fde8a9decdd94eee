// [B1] [R1] Power fails, or a call fails, at each durable step of a backup and of a restore.

#include "support/power_loss.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "base/error.hpp"
#include "scene.hpp"

namespace bt2c::fault {
namespace {

using repository::BackupType;
using support::ForgetfulDisk;

/// All files below `folder`, as the disk has them before the first step.
void put_tree(ForgetfulDisk& disk, const fs::path& folder) {
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) disk.put(entry.path(), support::file_text(entry.path()));
}

/// Writes what the disk kept of `from` into `to`.
void lay_out(const std::map<std::string, std::string>& files, const fs::path& from, const fs::path& to) {
    fs::remove_all(to);
    fs::create_directories(to);
    for (const auto& [name, contents] : files) {
        const fs::path relative = fs::path(name).lexically_relative(from);
        if (relative.empty() || *relative.begin() == "..") continue;
        fs::create_directories((to / relative).parent_path());
        std::ofstream(to / relative, std::ios::binary) << contents;
    }
}

TEST(PowerLoss, LeavesEveryBackupWholeOrAbsent) {
    const Scene scene;
    scene.back_up(BackupType::full);
    scene.add_block();
    for (const BackupType type : {BackupType::incremental, BackupType::full}) {
        ForgetfulDisk disk;
        put_tree(disk, scene.repository_folder());
        const std::size_t before = expect_all_backups_whole(scene.repository_folder());
        std::vector<support::RecordedStep> steps;
        {
            const support::StepRecorder recorder;
            scene.back_up(type);
            steps = recorder.steps();
        }
        ASSERT_GT(steps.size(), 15U);
        const fs::path after_crash = scene.folder() / "after";
        std::size_t most = 0;
        for (std::size_t done = 0; done <= steps.size(); ++done) {
            if (done > 0) disk.apply(steps[done - 1]);
            for (const bool all : {false, true}) {
                lay_out(disk.files(all), scene.repository_folder(), after_crash);
                const std::size_t there = expect_all_backups_whole(after_crash);
                EXPECT_GE(there, before) << "after step " << done;
                most = std::max(most, there);
                if (done == steps.size()) {
                    EXPECT_EQ(there, before + 1);
                }
            }
        }
        EXPECT_EQ(most, before + 1);
    }
}

TEST(PowerLoss, LeavesTheOldDatabaseOrTheNewOne) {
    const Scene scene;
    scene.back_up(BackupType::full);
    const std::string backed_up = scene.database_text();
    scene.add_block();
    const std::string present = scene.database_text();
    ASSERT_NE(backed_up, present);

    ForgetfulDisk disk;
    put_tree(disk, scene.folder());
    std::vector<support::RecordedStep> steps;
    {
        const support::StepRecorder recorder;
        scene.restore_latest();
        steps = recorder.steps();
    }
    ASSERT_EQ(scene.database_text(), backed_up);
    const std::string path = scene.home().database().native();
    bool seen_new = false;
    for (std::size_t done = 0; done <= steps.size(); ++done) {
        if (done > 0) disk.apply(steps[done - 1]);
        for (const bool all : {false, true}) {
            const auto files = disk.files(all);
            const auto found = files.find(path);
            ASSERT_NE(found, files.end()) << "after step " << done;
            EXPECT_TRUE(found->second == present || found->second == backed_up) << "after step " << done;
            seen_new = seen_new || found->second == backed_up;
            // Whenever the database is the new one, the safety backup of the old one is durable.
            if (found->second == backed_up) {
                lay_out(files, scene.repository_folder(), scene.folder() / "after");
                EXPECT_EQ(expect_all_backups_whole(scene.folder() / "after"), 2U) << "after step " << done;
            }
        }
    }
    EXPECT_TRUE(seen_new);
}

/// Fails the step with that number, once.
class FailingStep {
 public:
    explicit FailingStep(std::size_t number) {
        platform::set_file_step_hook([this, number](const platform::FileStep&) {
            if (++count_ == number)
                throw base::Error(base::ErrorKind::failed, "no space left (as the test wills)");
        });
    }
    ~FailingStep() { platform::set_file_step_hook({}); }
    std::size_t count() const { return count_; }

 private:
    std::atomic<std::size_t> count_{0};
};

TEST(FailingCall, LeavesBackupsWholeAndNothingBehind) {
    const Scene scene;
    scene.back_up(BackupType::full);
    scene.add_block();
    const auto files = [&] {
        return std::distance(fs::recursive_directory_iterator(scene.repository_folder()), {});
    };
    const auto before = files();
    for (std::size_t number = 1;; ++number) {
        std::size_t steps = 0;
        bool failed = false;
        {
            const FailingStep failing(number);
            try {
                scene.back_up(BackupType::incremental);
            } catch (const base::Error&) {
                failed = true;
            }
            steps = failing.count();
        }
        const std::size_t backups = expect_all_backups_whole(scene.repository_folder());
        if (!failed) {
            // Or it was the intent that could not be taken away, which undoes nothing and is told.
            EXPECT_TRUE(steps < number || fs::exists(scene.repository_folder() / "ended"));
            EXPECT_EQ(backups, 2U);
            break;
        }
        // A failure behind the manifest's own name leaves the backup in existence.
        if (backups == 2) break;
        EXPECT_LE(files(), before + 1) << "step " << number << " left something behind";
        ASSERT_LT(number, 200U);
    }
}

TEST(FailingCall, LeavesTheDatabaseWholeInEveryRestore) {
    for (std::size_t number = 1; number < 200; ++number) {
        const Scene scene;
        scene.back_up(BackupType::full);
        const std::string backed_up = scene.database_text();
        scene.add_block();
        const std::string present = scene.database_text();
        bool failed = false;
        {
            const FailingStep failing(number);
            try {
                scene.restore_latest();
            } catch (const base::Error& error) {
                failed = true;
                EXPECT_FALSE(error.state().empty()) << error.what();
            }
        }
        const std::string now = scene.database_text();
        EXPECT_TRUE(now == present || now == backed_up) << "step " << number;
        scene.restore_latest();
        EXPECT_EQ(scene.database_text(), backed_up) << "after step " << number;
        if (!failed) return;
    }
    FAIL() << "the restore never got through";
}

}  // namespace
}  // namespace bt2c::fault
