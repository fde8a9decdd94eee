#include "base/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <system_error>

#include "support/temporary_folder.hpp"

namespace bt2c::base {
namespace {

namespace fs = std::filesystem;

TEST(Error, KindsHaveTheExitStatusesOfTheContract) {
    EXPECT_EQ(exit_status(ErrorKind::failed), 1);
    EXPECT_EQ(exit_status(ErrorKind::usage), 2);
    EXPECT_EQ(exit_status(ErrorKind::findings), 3);
    EXPECT_EQ(exit_status(ErrorKind::busy), 4);
    EXPECT_EQ(exit_status(ErrorKind::wrong_secret), 5);
    EXPECT_EQ(exit_status(ErrorKind::partial), 6);
    EXPECT_EQ(exit_status(ErrorKind::no_repository), 10);
    EXPECT_EQ(exit_status(ErrorKind::interrupted), 130);
    EXPECT_EQ(kind_name(ErrorKind::no_repository), "no_repository");
}

TEST(Error, CarriesAllItsParts) {
    try {
        throw Error(ErrorKind::busy, "cannot do it").cause("why").state("what is left").hint("what next");
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::busy);
        EXPECT_STREQ(error.what(), "cannot do it");
        EXPECT_EQ(error.cause(), "why");
        EXPECT_EQ(error.state(), "what is left");
        EXPECT_EQ(error.hint(), "what next");
    }
}

TEST(Error, OfTheSystemHasItsWordsAsCause) {
    const Error error = system_error("cannot open it", ENOENT);
    EXPECT_EQ(error.kind(), ErrorKind::failed);
    EXPECT_EQ(error.cause(), "No such file or directory");
}

TEST(Error, OfLibrariesHaveStateAndHintToo) {
    const std::system_error no_thread(std::make_error_code(std::errc::resource_unavailable_try_again));
    EXPECT_EQ(unexpected_error(std::bad_alloc()).message(), "out of memory");
    EXPECT_NE(unexpected_error(no_thread).message().find("no further thread"), std::string::npos);
    EXPECT_EQ(unexpected_error(std::runtime_error("broken")).cause(), "broken");
    for (const Error& error : {unexpected_error(std::bad_alloc()), unexpected_error(no_thread),
                               unexpected_error(std::runtime_error("broken"))}) {
        EXPECT_EQ(error.kind(), ErrorKind::failed);
        EXPECT_NE(error.state(), "");
        EXPECT_NE(error.hint(), "");
    }
}

TEST(Error, AFolderThatIsGoneIsToldWhereRelativePathsFail) {
    const fs::path before = fs::current_path();
    {
        const support::TemporaryFolder folder;
        fs::current_path(folder.path());
    }
    std::string message, hint;
    try {
        static_cast<void>(fs::absolute("node"));
    } catch (const fs::filesystem_error& failure) {
        const Error error = unexpected_error(failure);
        message = error.message();
        hint = error.hint();
    }
    fs::current_path(before);
    EXPECT_EQ(message, "the folder that this was started in is gone");
    EXPECT_NE(hint, "");
}

TEST(ErrorDeathTest, AssertionsAreOnAndNameThePlace) {
    EXPECT_DEATH(BT2C_ASSERT(1 == 2), "assertion failed: 1 == 2 at .*error_test.cpp");
}

}  // namespace
}  // namespace bt2c::base
