#include "base/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace bt2c::base {
namespace {

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

TEST(ErrorDeathTest, AssertionsAreOnAndNameThePlace) {
    EXPECT_DEATH(BT2C_ASSERT(1 == 2), "assertion failed: 1 == 2 at .*error_test.cpp");
}

}  // namespace
}  // namespace bt2c::base
