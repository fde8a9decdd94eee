// Modules that are broken or hostile end in errors, and in nothing else. [K3]

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/time.hpp"
#include "support/environment.hpp"
#include "support/temporary_folder.hpp"
#include "token/token.hpp"

namespace bt2c::token {
namespace {

namespace fs = std::filesystem;
using base::ErrorKind;
using testing::HasSubstr;

/// What listing the tokens of a module fails with; empty texts when it does not fail.
base::Error failure(const fs::path& module, int timeout_ms = 20'000) {
    Access access{.module = module, .timeout_ms = timeout_ms};
    access.pin = crypto::SecretBytes::copy_of(base::as_bytes("123456"));
    try {
        list_tokens(access);
    } catch (const base::Error& error) {
        return error;
    }
    return {ErrorKind::failed, ""};
}

base::Error failure_of(const char* behaviour, int timeout_ms = 20'000) {
    const support::Variable variable("BT2C_HOSTILE", behaviour);
    return failure(BT2C_HOSTILE_MODULE, timeout_ms);
}

TEST(HostileModule, FilesThatAreNoModules) {
    const support::TemporaryFolder folder;
    EXPECT_THAT(failure(folder / "none.so").message(), HasSubstr("is not there"));
    EXPECT_THAT(failure(folder.path()).cause(), HasSubstr("folder"));
    EXPECT_THAT(
        failure(folder.write("text.so", "some text, long enough to be a header of something\n")).message(),
        HasSubstr("cannot load"));
    EXPECT_THAT(failure(folder.write("empty.so", "")).message(), HasSubstr("cannot load"));
    EXPECT_THAT(failure("/dev/null").message(), HasSubstr("is no PKCS#11 module"));
    EXPECT_THAT(failure(BT2C_EMPTY_MODULE).cause(), HasSubstr("C_GetFunctionList"));
}

TEST(HostileModule, ListsThatAreNone) {
    EXPECT_THAT(failure_of("no list").cause(), HasSubstr("no list"));
    EXPECT_THAT(failure_of("holes").cause(), HasSubstr("missing"));
    EXPECT_THAT(failure_of("version 9").cause(), HasSubstr("9.40"));
    EXPECT_THAT(failure_of("refuse").cause(), HasSubstr("general error"));
}

TEST(HostileModule, CountsAndLengthsAreBounded) {
    EXPECT_THAT(failure_of("many slots").cause(), HasSubstr("1152921504606846976 slots"));
    EXPECT_THAT(failure_of("more slots").cause(), HasSubstr("1152921504606846976 slots"));
    EXPECT_THAT(failure_of("many keys").cause(), HasSubstr("more keys"));
    EXPECT_THAT(failure_of("endless keys").cause(), HasSubstr("more keys"));
    EXPECT_THAT(failure_of("odd attributes").cause(), HasSubstr("1125899906842624 bytes"));
}

TEST(HostileModule, CrashIsAnError) {
    EXPECT_THAT(failure_of("crash").cause(), HasSubstr("crashed (signal 11)"));
}

TEST(HostileModule, ExitIsAnError) {
    EXPECT_THAT(failure_of("exit").cause(), HasSubstr("ended its process"));
}

TEST(HostileModule, HangEndsInTime) {
    for (const char* behaviour : {"hang", "close and hang"}) {
        const base::Stopwatch watch;
        EXPECT_THAT(failure_of(behaviour, 700).cause(), HasSubstr("did not answer within")) << behaviour;
        EXPECT_LT(watch.seconds(), 10);
    }
}

TEST(HostileModule, NonsenseOnThePipeIsNoAnswer) {
    EXPECT_THAT(failure_of("write nonsense").message(), HasSubstr("no answer"));
}

TEST(HostileModule, OutputDoesNotMix) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    EXPECT_EQ(failure_of("print").message(), "");
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(HostileModule, TextsArePrintable) {
    const support::Variable variable("BT2C_HOSTILE", "odd texts");
    const auto tokens = list_tokens({.module = BT2C_HOSTILE_MODULE});
    ASSERT_EQ(tokens.size(), 1U);
    EXPECT_THAT(tokens[0].label, testing::StartsWith("\\x1b"));
}

TEST(HostileModule, LastTryIsToldOf) {
    const base::Error error = failure_of("last try");
    EXPECT_EQ(error.kind(), ErrorKind::wrong_secret);
    EXPECT_THAT(error.cause(), HasSubstr("one more wrong PIN locks"));
}

}  // namespace
}  // namespace bt2c::token
