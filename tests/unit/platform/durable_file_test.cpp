#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/error.hpp"
#include "platform/aligned_buffer.hpp"
#include "platform/file.hpp"
#include "support/power_loss.hpp"
#include "support/skip.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::platform {
namespace {

using base::as_bytes;
using base::Error;
using support::file_text;
using support::ForgetfulDisk;
using support::StepRecorder;
using support::TemporaryFolder;
using Existing = DurableFile::Existing;

std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
    return names;
}

TEST(DurableFile, AppearsWholeWithItsMode) {
    const TemporaryFolder folder;
    const mode_t before = ::umask(0077);
    {
        DurableFile file(folder / "a", 0644);
        file.append(as_bytes("hello "));
        file.append(as_bytes("world"));
        EXPECT_FALSE(fs::exists(folder / "a"));
        EXPECT_TRUE(file.commit(Existing::refuse));
    }
    ::umask(before);
    EXPECT_EQ(file_text(folder / "a"), "hello world");
    EXPECT_EQ(fs::status(folder / "a").permissions(), static_cast<fs::perms>(0644));
    EXPECT_THAT(names_in(folder.path()), testing::ElementsAre("a"));
}

TEST(DurableFile, InAnOpenFolderItGoesThereWhateverThePathLeadsTo) {
    const TemporaryFolder folder;
    for (const char* name : {"a", "other"}) fs::create_directory(folder / name);
    const Descriptor root(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const Descriptor a = durable_folder_in(root.get(), folder / "a", 0700);
    fs::rename(folder / "a", folder / "b");
    fs::create_symlink("other", folder / "a");
    {
        DurableFile file(a.get(), folder / "a/one", 0640);
        file.append(base::as_bytes("1"));
        file.commit(Existing::replace);
        const DurableFile left(a.get(), folder / "a/never", 0640);
    }
    const Descriptor made = durable_folder_in(a.get(), folder / "a/made", 0700);
    durable_rename_in(a.get(), folder / "a/one", folder / "a/two");
    EXPECT_THAT(names_in(folder / "b"), testing::UnorderedElementsAre("made", "two"));
    EXPECT_TRUE(fs::is_empty(folder / "other"));
    EXPECT_THROW(durable_folder_in(root.get(), folder / "a", 0700), Error);
    EXPECT_THROW(durable_folder_in(a.get(), folder / "a/two", 0700), Error);
}

TEST(DurableFile, WhatRootMakesBelongsToTheFoldersOwner) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    const TemporaryFolder folder;
    constexpr uid_t somebody = 12345;
    const auto owner = [](const fs::path& path) {
        struct stat info {};
        return ::stat(path.c_str(), &info) == 0 ? info.st_uid : UINT_MAX;
    };
    durable_mkdir(folder / "home", 0700);
    EXPECT_EQ(owner(folder / "home"), 0U);
    ASSERT_EQ(::chown((folder / "home").c_str(), somebody, somebody), 0);
    durable_mkdir(folder / "home/backups/jobs", 0700);
    write_durably(folder / "home/backups/jobs/a", as_bytes("a"), 0400);
    for (const char* made : {"home/backups", "home/backups/jobs", "home/backups/jobs/a"})
        EXPECT_EQ(owner(folder / made), somebody) << made;
}

/// From now on this process cannot make hard links, as on FAT and exFAT, and gets `error` for them; where a
/// call is named it gets EINVAL for that.
bool forbid_hard_links(std::uint32_t error = EPERM, std::uint32_t call = UINT32_MAX) {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_linkat, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_link, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog filter{.len = std::size(program), .filter = program};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST(DurableFile, NeverReplacesWhatIsThereWithoutHardLinksEither) {
    const TemporaryFolder folder;
    const pid_t child = ::fork();
    if (child == 0) {
        bool good = forbid_hard_links();
        for (const bool first : {true, false}) {
            DurableFile file(folder / "a", 0400);
            file.append(as_bytes(first ? "old" : "new"));
            good = good && file.commit(Existing::refuse) == first;
        }
        ::_exit(good ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(file_text(folder / "a"), "old");
    EXPECT_THAT(names_in(folder.path()), testing::ElementsAre("a"));
}

/// As some FUSE file systems are; one of them says of hard links that its disk failed.
TEST(DurableFile, SaysSoWhereNothingCanBePlacedWithoutReplacing) {
    const TemporaryFolder folder;
    for (const std::uint32_t error : {std::uint32_t{EPERM}, std::uint32_t{EIO}}) {
        const pid_t child = ::fork();
        if (child == 0) {
            bool good = forbid_hard_links(error, std::uint32_t{SYS_renameat2});
            try {
                DurableFile file(folder / "a", 0400);
                file.commit(Existing::refuse);
                good = false;
            } catch (const base::Error& refused) {
                good = good && refused.cause().find("neither hard links nor a rename") != std::string::npos &&
                       refused.hint().find("another file system") != std::string::npos;
            }
            ::_exit(good ? 0 : 1);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0) << error;
        EXPECT_THAT(names_in(folder.path()), testing::IsEmpty());
    }
}

TEST(DurableFile, ADiskWithoutRoomForFilesIsNotCalledFull) {
    const TemporaryFolder folder;
    if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=4m,nr_inodes=2") != 0)
        BT2C_SKIP_OR_FAIL("no right to mount a tmpfs");
    folder.write("a", "");
    const auto cause_of = [](const std::function<void()>& make) {
        try {
            make();
        } catch (const base::Error& error) {
            return error.cause();
        }
        return std::string();
    };
    EXPECT_THAT(cause_of([&] { write_durably(folder / "b", {}, 0600); }), testing::HasSubstr("(inodes)"));
    EXPECT_THAT(cause_of([&] { durable_mkdir(folder / "c", 0700); }), testing::HasSubstr("(inodes)"));
    ::umount2(folder.path().c_str(), MNT_DETACH);
}

TEST(DurableFile, LeavesNothingWhenNotCommitted) {
    const TemporaryFolder folder;
    DurableFile(folder / "a", 0600).append(as_bytes("lost"));
    EXPECT_THAT(names_in(folder.path()), testing::IsEmpty());
}

TEST(DurableFile, RefusesOrReplacesWhatIsThere) {
    const TemporaryFolder folder;
    folder.write("a", "old");
    {
        DurableFile file(folder / "a", 0600);
        file.append(as_bytes("new"));
        EXPECT_FALSE(file.commit(Existing::refuse));
    }
    EXPECT_EQ(file_text(folder / "a"), "old");
    EXPECT_THAT(names_in(folder.path()), testing::ElementsAre("a"));
    write_durably(folder / "a", as_bytes("new"), 0600);
    EXPECT_EQ(file_text(folder / "a"), "new");
}

TEST(DurableFile, PartsMayBeWrittenInAnyOrder) {
    const TemporaryFolder folder;
    DurableFile file(folder / "a", 0600);
    file.write_at(as_bytes("world"), 6);
    file.write_at(as_bytes("hello,"), 0);
    file.set_times(-1);
    file.commit(Existing::replace);
    EXPECT_EQ(file_text(folder / "a"), "hello,world");
    struct stat info {};
    ::stat((folder / "a").c_str(), &info);
    EXPECT_EQ(info.st_mtim.tv_sec, -1);
    EXPECT_EQ(info.st_mtim.tv_nsec, 999'999'999);
}

TEST(DurableFile, AllocatedIsZerosThatHaveTheirRoom) {
    constexpr std::size_t size = (std::size_t{3} << 20) + 5;
    for (const char* place : {"/tmp", "/dev/shm"}) {
        const TemporaryFolder folder(place);
        DurableFile file(folder / "a", 0600);
        file.allocate(size);
        struct stat info {};
        ASSERT_EQ(::fstat(file.fd(), &info), 0);
        EXPECT_EQ(info.st_size, size);
        EXPECT_GE(info.st_blocks * 512, size) << place;
        file.commit(Existing::replace);
        EXPECT_EQ(file_text(folder / "a"), std::string(size, '\0'));
    }
    const TemporaryFolder folder;
    DurableFile(folder / "empty", 0600).allocate(0);
    DurableFile file(folder / "huge", 0600);
    EXPECT_THROW(file.allocate(std::uint64_t{1} << 62), base::Error);
}

TEST(DurableFile, LargePiecesOfOddLengthsFollowEachOther) {
    for (const char* place : {"/tmp", "/dev/shm"}) {  // a disk, and a file system in memory
        const TemporaryFolder folder(place);
        base::Bytes whole;
        DurableFile file(folder / "large", 0400);
        for (const std::size_t size :
             {std::size_t{3} << 20, (std::size_t{2} << 20) + 5000, std::size_t{17}, std::size_t{1} << 20}) {
            base::Bytes piece(size);
            for (std::size_t i = 0; i < size; ++i)
                piece[i] = static_cast<std::uint8_t>((i * 131 + whole.size()) >> 3);
            file.append(piece);
            whole.insert(whole.end(), piece.begin(), piece.end());
        }
        file.commit(Existing::refuse);
        EXPECT_EQ(read_file(folder / "large", std::uint64_t{1} << 30), whole) << place;
    }
}

TEST(DurableFile, PartsInAnyOrderFromAnyMemory) {
    for (const char* place : {"/tmp", "/dev/shm"}) {
        const TemporaryFolder folder(place);
        constexpr std::size_t size = (std::size_t{5} << 20) + 777;
        const AlignedBuffer aligned(size + 1);
        for (std::size_t i = 0; i <= size; ++i)
            aligned.bytes()[i] = static_cast<std::uint8_t>((i * 2654435761U) >> 11);
        const auto part = [&](std::size_t from, std::size_t end) {
            return aligned.bytes().subspan(from, end - from);
        };
        DurableFile file(folder / "parts", 0600);
        file.allocate(size);
        file.write_at(part(std::size_t{3} << 20, size), std::size_t{3} << 20);  // its end is no whole block
        file.write_at(part(1'000'001, std::size_t{3} << 20), 1'000'001);        // it begins within one
        file.write_at(part(0, 1'000'001), 0);
        file.commit(Existing::refuse);
        const base::Bytes read = read_file(folder / "parts", std::uint64_t{1} << 30);
        EXPECT_TRUE(std::ranges::equal(read, part(0, size))) << place;
    }
}

TEST(DurableFile, FolderThatIsNotThereIsAnError) {
    const TemporaryFolder folder;
    try {
        DurableFile file(folder / "gone/a", 0600);
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.message(), testing::EndsWith("gone/a"));
        EXPECT_EQ(error.cause(), "No such file or directory");
    }
}

/// A full disk, a lost mount: any step may fail. The target is then the old one, and nothing else is left.
TEST(DurableFile, AnyStepMayFail) {
    const TemporaryFolder folder;
    folder.write("a", "old");
    int failing = 0;
    for (bool failed = true; failed; ++failing) {
        int step = 0;
        set_file_step_hook([&](const FileStep&) {
            if (step++ == failing) throw base::system_error("cannot write", ENOSPC);
        });
        try {
            write_durably(folder / "a", as_bytes("new"), 0600);
            failed = false;
        } catch (const Error&) {
            // Only the sync of the folder comes after the rename.
            EXPECT_EQ(file_text(folder / "a"), failing < 4 ? "old" : "new") << failing;
            EXPECT_THAT(names_in(folder.path()), testing::ElementsAre("a")) << failing;
        }
        set_file_step_hook({});
    }
    EXPECT_EQ(failing, 6);
    EXPECT_EQ(file_text(folder / "a"), "new");
}

/// Runs `work` once, then lets the power fail before each of its steps and after the last; `check` gets
/// what is left, and whether the work was over.
template <typename Work, typename Check>
void for_each_power_loss(const std::map<fs::path, std::string>& before, const Work& work,
                         const Check& check) {
    StepRecorder recorder;
    work();
    const auto& steps = recorder.steps();
    ASSERT_FALSE(steps.empty());
    for (std::size_t lost_at = 0; lost_at <= steps.size(); ++lost_at) {
        ForgetfulDisk disk;
        for (const auto& [path, text] : before) disk.put(path, text);
        for (std::size_t i = 0; i < lost_at; ++i) disk.apply(steps[i]);
        SCOPED_TRACE("power lost before step " + std::to_string(lost_at));
        check(disk.files(false), lost_at == steps.size());
        check(disk.files(true), lost_at == steps.size());
    }
}

TEST(ForgetfulDisk, ForgetsWhatWasNotSynced) {
    using Kind = FileStep::Kind;
    ForgetfulDisk disk;
    disk.put("/d/a", "old");
    disk.apply({Kind::create, "/d/t", {}, {}, 0});
    disk.apply({Kind::write, "/d/t", {}, "new", 0});
    disk.apply({Kind::rename, "/d/t", "/d/a", {}, 0});
    EXPECT_EQ(disk.files(false).at("/d/a"), "old");
    disk.apply({Kind::sync_folder, "/d", {}, {}, 0});
    EXPECT_EQ(disk.files(false).at("/d/a"), "") << "renamed durably before its contents were durable";
    EXPECT_EQ(disk.files(true).at("/d/a"), "new");
    disk.apply({Kind::sync, "/d/a", {}, {}, 0});
    EXPECT_EQ(disk.files(false).at("/d/a"), "new");
    disk.apply({Kind::make_folder, "/d/e", {}, {}, 0});
    disk.put("/d/e/b", "in a folder that its parent does not have yet");
    EXPECT_FALSE(disk.files(false).contains("/d/e/b"));
    disk.apply({Kind::sync_folder, "/d", {}, {}, 0});
    EXPECT_TRUE(disk.files(false).contains("/d/e/b"));
}

TEST(DurableFile, PowerLossLeavesTheOldOrTheNewOneWhole) {
    const TemporaryFolder folder;
    const fs::path target = folder.write("a", "old contents");
    for_each_power_loss(
        {{target, "old contents"}}, [&] { write_durably(target, as_bytes("new"), 0600); },
        [&](std::map<std::string, std::string> files, bool over) {
            const std::string& text = files[target];
            EXPECT_TRUE(text == "new" || (text == "old contents" && !over)) << text;
        });
}

TEST(DurableFile, PowerLossLeavesANewFileWholeOrNotAtAll) {
    const TemporaryFolder folder;
    const fs::path target = folder / "a";
    const auto work = [&] {
        DurableFile file(target, 0600);
        file.append(as_bytes("one"));
        file.sync();
        file.append(as_bytes("two"));  // must be synced again by commit
        EXPECT_TRUE(file.commit(Existing::refuse));
    };
    for_each_power_loss({}, work, [&](std::map<std::string, std::string> files, bool over) {
        if (over || files.contains(target)) {
            EXPECT_EQ(files[target], "onetwo");
        }
    });
}

TEST(DurableFile, PowerLossDuringARenameLosesNoFile) {
    const TemporaryFolder folder;
    const fs::path from = folder.write("in/a", "contents");
    fs::create_directory(folder / "out");
    const fs::path to = folder / "out/b";
    for_each_power_loss(
        {{from, "contents"}}, [&] { durable_rename(from, to); },
        [&](std::map<std::string, std::string> files, bool over) {
            EXPECT_TRUE(files[from] == "contents" || files[to] == "contents");
            if (over) {
                EXPECT_EQ(files[from] + files[to], "contents");
            }
        });
}

TEST(DurableFile, PowerLossKeepsFilesInFoldersThatWereMadeForThem) {
    const TemporaryFolder folder;
    const fs::path target = folder / "x/y/a";
    const auto work = [&] {
        durable_mkdir(target.parent_path(), 0700);
        write_durably(target, as_bytes("contents"), 0600);
    };
    for_each_power_loss({}, work, [&](std::map<std::string, std::string> files, bool over) {
        if (over) {
            EXPECT_EQ(files[target], "contents");
        }
    });
}

TEST(DurableFile, RemovalIsDurableToo) {
    const TemporaryFolder folder;
    const fs::path target = folder.write("a", "contents");
    for_each_power_loss(
        {{target, "contents"}}, [&] { EXPECT_TRUE(durable_remove(target)); },
        [&](const std::map<std::string, std::string>& files, bool over) {
            if (over) {
                EXPECT_FALSE(files.contains(target));
            }
        });
    EXPECT_FALSE(durable_remove(target));
}

TEST(DurableFolder, AFileInItsPlaceIsAnError) {
    const TemporaryFolder folder;
    folder.write("a", "");
    EXPECT_THROW(durable_mkdir(folder / "a", 0700), Error);
    EXPECT_THROW(durable_mkdir(folder / "a/b", 0700), Error);
    durable_mkdir(folder / "c/d/", 0700);
    durable_mkdir(folder / "c/d", 0700);
    EXPECT_TRUE(fs::is_directory(folder / "c/d"));
}

TEST(StaleTemporaries, OfDeadWritersGoThoseOfLiveOnesStay) {
    const TemporaryFolder folder;
    const pid_t child = ::fork();
    if (child == 0) {
        // Not destroyed: the child dies as by kill -9.
        auto* file = new DurableFile(folder / "a", 0400);
        file->append(as_bytes("half"));
        ::raise(SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    DurableFile live(folder / "b", 0600);
    folder.write("unrelated", "");
    fs::create_symlink("nowhere", folder / ".bt2c-tmp-1-link");
    ASSERT_EQ(names_in(folder.path()).size(), 4U);
    remove_stale_temporaries(folder.path());
    EXPECT_THAT(names_in(folder.path()),
                testing::UnorderedElementsAre("unrelated", live.temporary().filename().native()));
    EXPECT_TRUE(live.commit(Existing::refuse));
    remove_stale_temporaries(folder / "gone");
}

TEST(StaleTemporaries, AWriterThatJustBeginsDoesNotGetTheLockOfOneThatGoes) {
    const TemporaryFolder folder;
    folder.write(".bt2c-tmp-1-1", "");
    int removed = 0;
    set_file_step_hook([&](const FileStep& step) {
        if (step.kind != FileStep::Kind::remove) return;
        ++removed;
        const Descriptor writer(::open(step.path.c_str(), O_RDWR | O_CLOEXEC));
        EXPECT_EQ(::flock(writer.get(), LOCK_EX | LOCK_NB), -1);
    });
    remove_stale_temporaries(folder.path());
    set_file_step_hook({});
    EXPECT_EQ(removed, 1);
}

}  // namespace
}  // namespace bt2c::platform
