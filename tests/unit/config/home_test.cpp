#include "config/home.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.hpp"
#include "support/environment.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::config {
namespace {

using base::Error;
using base::ErrorKind;
using support::TemporaryFolder;
using support::Variable;

TEST(Home, OptionThenVariableThenTheUsersOwn) {
    const Variable user("HOME", "/users/u");
    {
        const Variable named("BT2C_HOME", "/srv/node");
        EXPECT_EQ(locate_home("/opt/node").root, "/opt/node");
        EXPECT_EQ(locate_home({}).root, "/srv/node");
    }
    const Variable unnamed("BT2C_HOME", "");
    EXPECT_EQ(locate_home({}).root, "/users/u/.bt2c");
    const Variable nobody("HOME", nullptr);
    EXPECT_THROW(locate_home({}), Error);
    EXPECT_THROW(locate_home(""), Error);
}

TEST(Home, NameIsAbsoluteAndPlain) {
    EXPECT_EQ(locate_home("/srv//a/../node/").root, "/srv/node");
    EXPECT_EQ(locate_home("node").root, fs::current_path() / "node");
    EXPECT_EQ(locate_home("/").root, "/");
}

TEST(Home, LayoutIsTheNodes) {
    const Home home{"/n"};
    EXPECT_EQ(home.database(), "/n/data/blockchain.db");
    EXPECT_EQ(home.default_repository(), "/n/backups/repository");
    EXPECT_EQ(home.key_file(), "/n/config/repository.key");
    EXPECT_EQ(home.settings_file(), "/n/config/dr.toml");
}

Error error_of(const fs::path& root) {
    try {
        require_home({root});
    } catch (const Error& error) {
        return error;
    }
    return Error(ErrorKind::usage, "nothing was thrown");
}

TEST(Home, UnusableOnesAreErrorsThatSayWhatToDo) {
    const TemporaryFolder folder;
    require_home({folder.path()});
    const Error gone = error_of(folder / "gone");
    EXPECT_EQ(gone.kind(), ErrorKind::failed);
    EXPECT_TRUE(gone.message().ends_with("gone: there is no such folder")) << gone.message();
    EXPECT_FALSE(gone.hint().empty());
    EXPECT_TRUE(error_of(folder.write("file", "")).message().ends_with("it is not a folder"));
    EXPECT_TRUE(error_of(folder / "file/below").message().ends_with("there is no such folder"));
}

TEST(Home, UnreadableOneIsAnError) {
    const TemporaryFolder folder;
    fs::permissions(folder.path(), static_cast<fs::perms>(0755));
    fs::create_directory(folder / "home");
    fs::permissions(folder / "home", fs::perms::none);
    // Root may read every folder, so for a moment this is somebody else.
    const uid_t before = ::geteuid();
    if (before == 0) {
        ASSERT_EQ(::seteuid(65534), 0);
    }
    const Error error = error_of(folder / "home");
    if (before == 0) {
        ASSERT_EQ(::seteuid(0), 0);
    }
    EXPECT_EQ(error.cause(), "Permission denied");
    EXPECT_FALSE(error.hint().empty());
}

}  // namespace
}  // namespace bt2c::config
