#include "storage/local/local_location.hpp"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"
#include "platform/file.hpp"
#include "support/skip.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::storage::local {
namespace {

namespace fs = std::filesystem;
using base::as_bytes;
using base::Error;

class Local : public testing::Test {
 protected:
    support::TemporaryFolder folder;
    fs::path root = folder / "repository";
    LocalLocation location{root};
};

/// What `call` throws.
template <typename Call>
Error error_of(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {base::ErrorKind::failed, ""};
}

TEST_F(Local, ObjectsAreReadOnlyFilesInPrivateFolders) {
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    EXPECT_EQ(fs::status(root / "packs/1b").permissions(), fs::perms(0400));
    EXPECT_EQ(fs::status(root / "packs").permissions(), fs::perms(0700));
    EXPECT_EQ(fs::status(root).permissions(), fs::perms(0700));
}

TEST_F(Local, NamesNeverLeadOut) {
    for (const char* name : {"", "/etc/passwd", "../x", "packs/../../x", "packs/", "packs//x", ".bt2c-tmp-1",
                             "packs/.x", "Packs/x", "packs/x y"})
        EXPECT_THROW(static_cast<void>(location.put(name, {})), Error) << name;
    EXPECT_FALSE(fs::exists(root));
}

TEST_F(Local, LinksAreNoObjects) {
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    fs::create_symlink(root / "packs/1b", root / "packs/2c");
    EXPECT_EQ(location.list("packs").size(), 1U);
    EXPECT_THROW(location.get("packs/2c"), Error);
    EXPECT_THROW(location.size_of("packs/2c"), Error);
}

TEST_F(Local, ListsWhatIsNotOurs) {
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    folder.write("repository/packs/README (1)", "x");
    folder.write("repository/packs/.bt2c-tmp-77", "left by a killed writer");
    const auto found = location.list("");
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[1].name, "packs/README (1)");
    EXPECT_THROW(location.get(found[1].name), Error);
}

TEST_F(Local, ClearsWhatKilledWritersLeft) {
    folder.write("repository/packs/.bt2c-tmp-999999-0", "left");
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    EXPECT_FALSE(fs::exists(root / "packs/.bt2c-tmp-999999-0"));
}

TEST_F(Local, ARepositoryDeletedMeanwhileIsNotMadeAgain) {
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    fs::remove_all(root);
    const auto each = [&](const Error& error) {
        EXPECT_NE(error.message().find(root.native()), std::string::npos);
        EXPECT_NE(error.cause().find("unmounted"), std::string::npos);
        EXPECT_NE(error.state(), "");
        EXPECT_NE(error.hint(), "");
    };
    each(error_of([&] { static_cast<void>(location.put("packs/2c", as_bytes("contents"))); }));
    each(error_of([&] { location.get("packs/1b"); }));
    each(error_of([&] { location.size_of("packs/1b"); }));
    each(error_of([&] { location.list("packs"); }));
    EXPECT_FALSE(fs::exists(root));
}

TEST_F(Local, ARepositoryDeletedWhileItIsWrittenIsToldSo) {
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    platform::set_file_step_hook([&](const platform::FileStep& step) {
        if (step.kind == platform::FileStep::Kind::link) fs::remove_all(root);
    });
    const Error error = error_of([&] { static_cast<void>(location.put("packs/2c", as_bytes("contents"))); });
    platform::set_file_step_hook({});
    EXPECT_NE(error.cause().find("unmounted"), std::string::npos);
    EXPECT_FALSE(fs::exists(root));
}

TEST_F(Local, OneThatNeverWasIsEmpty) {
    EXPECT_EQ(location.get("format"), std::nullopt);
    EXPECT_TRUE(location.list("packs").empty());
    EXPECT_FALSE(fs::exists(root));
}

TEST_F(Local, ALinkToNothingIsAwayAndNotNew) {
    fs::create_directory_symlink(folder / "elsewhere", root);
    const auto each = [&](const Error& error) {
        EXPECT_NE(error.cause().find("symbolic link to " + (folder / "elsewhere").native()),
                  std::string::npos);
        EXPECT_NE(error.hint(), "");
    };
    each(error_of([&] { static_cast<void>(location.put("packs/2c", as_bytes("contents"))); }));
    each(error_of([&] { location.get("format"); }));
    each(error_of([&] { location.list("packs"); }));
    fs::create_directory(folder / "elsewhere");
    EXPECT_TRUE(location.put("packs/2c", as_bytes("contents")));
}

TEST_F(Local, AFileInItsPlaceIsToldAsTheCause) {
    folder.write("repository", "a file");
    EXPECT_EQ(error_of([&] { location.get("format"); }).cause(), "it is no folder");
    const Error error = error_of([&] { static_cast<void>(location.put("format", {})); });
    EXPECT_NE(error.message().find("no folder"), std::string::npos);
    EXPECT_NE(error.hint(), "");
    EXPECT_THROW(location.list(""), Error);
}

/// Runs `test` in a child process, as an ordinary user where `uid` is not 0, and gives its exit status.
template <typename Test>
int in_child(Test test, bool as_nobody = false) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (as_nobody && ::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(99);
        int status = 98;
        try {
            status = test();
        } catch (...) {
        }
        ::_exit(status);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 97;
}

TEST_F(Local, AFolderWithoutPermissionSaysWhatToDo) {
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    fs::permissions(root / "packs", fs::perms(0500));
    fs::permissions(folder.path(), fs::perms(0755));
    const int status = in_child(
        [&] {
            const Error error = error_of([&] { static_cast<void>(location.put("packs/2c", {})); });
            return error.cause() == "Permission denied" && error.hint() != "" ? 0 : 1;
        },
        true);
    EXPECT_EQ(status, 0);
    fs::permissions(root / "packs", fs::perms(0700));
}

/// A file system of 256 KiB at `root` while this lives; none without the right to mount one.
class SmallDisk {
 public:
    explicit SmallDisk(fs::path root) : root_(std::move(root)) {
        fs::create_directories(root_);
        mounted_ = ::mount("tmpfs", root_.c_str(), "tmpfs", 0, "size=256k") == 0;
    }
    ~SmallDisk() {
        if (mounted_) ::umount2(root_.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    explicit operator bool() const { return mounted_; }

 private:
    fs::path root_;
    bool mounted_ = false;
};

TEST_F(Local, AFullDiskSaysWhatToDoAndLeavesNothing) {
    const SmallDisk disk(root);
    if (!disk) BT2C_SKIP_OR_FAIL("no right to mount a tmpfs");
    const base::Bytes large(std::size_t{1} << 20);
    const Error error = error_of([&] { static_cast<void>(location.put("packs/1b", large)); });
    EXPECT_EQ(error.cause(), "No space left on device");
    EXPECT_NE(error.hint().find("make room"), std::string::npos);
    EXPECT_TRUE(location.list("").empty());
    EXPECT_TRUE(fs::is_empty(root / "packs"));
    EXPECT_TRUE(location.put("packs/2c", as_bytes("small")));
}

TEST_F(Local, AReadOnlyFileSystemCanBeReadAndSaysWhatToDo) {
    const SmallDisk disk(root);
    if (!disk) BT2C_SKIP_OR_FAIL("no right to mount a tmpfs");
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    ASSERT_EQ(::mount("tmpfs", root.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr), 0);
    EXPECT_TRUE(location.get("packs/1b"));
    EXPECT_EQ(location.list("").size(), 1U);
    for (const char* name : {"packs/2c", "keys/2c"}) {
        const Error error = error_of([&] { static_cast<void>(location.put(name, as_bytes("x"))); });
        EXPECT_EQ(error.cause(), "Read-only file system");
        EXPECT_NE(error.hint().find("mount"), std::string::npos);
    }
}

}  // namespace
}  // namespace bt2c::storage::local
