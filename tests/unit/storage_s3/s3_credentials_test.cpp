#include <gmock/gmock.h>

#include "storage/s3/credentials.hpp"
#include "support/environment.hpp"
#include "support/temporary_folder.hpp"
#include "unit/storage_s3/s3_fixture.hpp"

namespace bt2c::storage::s3 {
namespace {

namespace fs = std::filesystem;
using support::Variable;
using testing::HasSubstr;
using testing::Not;

/// No variable of the outside, and a home of its own.
struct S3Credentials : testing::Test {
    support::TemporaryFolder home;
    Variable home_variable{"HOME", home.path().c_str()};
    Variable access{"AWS_ACCESS_KEY_ID", nullptr}, secret{"AWS_SECRET_ACCESS_KEY", nullptr},
        token{"AWS_SESSION_TOKEN", nullptr}, profile{"AWS_PROFILE", nullptr},
        file{"AWS_SHARED_CREDENTIALS_FILE", nullptr};

    fs::path write(const fs::path& name, const std::string& text) const {
        const fs::path path = home.write(name, text);
        fs::permissions(path, fs::perms(0600));
        return path;
    }
    base::Error error_with(const std::string& text) const {
        const fs::path path = write("credentials", text);
        return S3::error_of([&] { find_credentials({}, path); });
    }
};

const std::string two_profiles =
    "# of the team\n[default]\naws_access_key_id = one\naws_secret_access_key=s3cret\n\n"
    "[other]\r\naws_access_key_id=two\r\naws_secret_access_key = a=b/c+d\r\naws_session_token = token\r\n"
    "s3 =\n    max_concurrent_requests = 20\n; end";

TEST_F(S3Credentials, OfTheUsersFile) {
    write(".aws/credentials", two_profiles);
    const Credentials found = find_credentials({}, {});
    EXPECT_EQ(found.access_key, "one");
    EXPECT_EQ(found.secret_key.text(), "s3cret");
    EXPECT_TRUE(found.session_token.empty());
    const Credentials other = find_credentials("other", {});
    EXPECT_EQ(other.access_key, "two");
    EXPECT_EQ(other.secret_key.text(), "a=b/c+d");
    EXPECT_EQ(other.session_token.text(), "token");
}

TEST_F(S3Credentials, AFileThatCannotBeLookedAtIsAnErrorOfThisLocation) {
    fs::create_symlink("loop", home.path() / "loop");  // as where a folder above it is closed
    const base::Error error = S3::error_of([&] { find_credentials({}, home.path() / "loop/credentials"); });
    EXPECT_THAT(error.message(), HasSubstr("cannot look at"));
    EXPECT_THAT(error.cause(), HasSubstr("symbolic links"));
}

TEST_F(S3Credentials, TheVariablesChooseFileAndProfile) {
    const fs::path path = write("elsewhere", two_profiles);
    const Variable there("AWS_SHARED_CREDENTIALS_FILE", path.c_str()), who("AWS_PROFILE", "other");
    EXPECT_EQ(find_credentials({}, {}).access_key, "two");
    EXPECT_EQ(find_credentials("default", {}).access_key, "two");
    const Variable id("AWS_ACCESS_KEY_ID", "three"), key("AWS_SECRET_ACCESS_KEY", "x"),
        session("AWS_SESSION_TOKEN", "y");
    const Credentials found = find_credentials("default", {});
    EXPECT_EQ(found.access_key, "three");
    EXPECT_EQ(found.session_token.text(), "y");
}

// Two locations with credentials of their own are not to be given those of the environment.
TEST_F(S3Credentials, ALocationsOwnProfileOrFileComesFirst) {
    const fs::path path = write(".aws/credentials", two_profiles);
    const Variable id("AWS_ACCESS_KEY_ID", "three"), key("AWS_SECRET_ACCESS_KEY", "x");
    EXPECT_EQ(find_credentials("other", {}).access_key, "two");
    EXPECT_EQ(find_credentials({}, path).access_key, "one");
}

TEST_F(S3Credentials, HalfOfThemIsAMistake) {
    const Variable id("AWS_ACCESS_KEY_ID", "three");
    EXPECT_THAT(S3::error_of([] { find_credentials({}, {}); }).cause(), HasSubstr("only one is set"));
}

TEST_F(S3Credentials, NoFileNoProfile) {
    EXPECT_THAT(S3::error_of([] { find_credentials({}, {}); }).message(), HasSubstr("there is no file"));
    write(".aws/credentials", two_profiles);
    EXPECT_THAT(S3::error_of([] { find_credentials("third", {}); }).message(),
                HasSubstr("no section [third]"));
}

TEST_F(S3Credentials, AdviceFitsWhatWasNamed) {
    EXPECT_THAT(S3::error_of([] { find_credentials({}, {}); }).hint(), HasSubstr("AWS_ACCESS_KEY_ID"));
    const std::string hint = S3::error_of([] { find_credentials("dc2", {}); }).hint();
    EXPECT_THAT(hint, HasSubstr("[dc2]"));
    EXPECT_THAT(hint, testing::Not(HasSubstr("AWS_ACCESS_KEY_ID")));
    const base::Error folder = S3::error_of([] { find_credentials({}, "/tmp"); });
    EXPECT_THAT(folder.message(), HasSubstr("no plain file"));
    EXPECT_THAT(folder.hint(), testing::Not(HasSubstr("chmod")));
}

TEST_F(S3Credentials, AFileThatOthersMayReadIsRefused) {
    const fs::path path = write("credentials", two_profiles);
    for (const unsigned mode : {0604U, 0620U, 0602U}) {
        fs::permissions(path, fs::perms(mode));
        const base::Error error = S3::error_of([&] { find_credentials({}, path); });
        EXPECT_THAT(error.cause(), HasSubstr("others may read or change it"));
        EXPECT_THAT(error.hint(), HasSubstr("chmod 600"));
    }
    fs::permissions(path, fs::perms(0640));  // a service's group
    EXPECT_EQ(find_credentials({}, path).access_key, "one");
}

TEST_F(S3Credentials, FaultsAreNamedByLineAndNeverShown) {
    const std::string head = "[default]\naws_access_key_id = one\n";
    const auto line_of = [&](const std::string& text) {
        const base::Error error = error_with(text);
        EXPECT_EQ(error.kind(), base::ErrorKind::usage);
        EXPECT_THAT(error.message() + error.cause() + error.hint(), Not(HasSubstr("s3cret")));
        return error.message();
    };
    EXPECT_THAT(line_of(head + "s3cret\n"), HasSubstr("credentials line 3"));
    EXPECT_THAT(line_of(head + "= s3cret\n"), HasSubstr("line 3"));
    EXPECT_THAT(line_of(head + "[s3cret\n"), HasSubstr("line 3"));
    EXPECT_THAT(line_of("aws_secret_access_key = s3cret\n"), HasSubstr("line 1"));
    EXPECT_THAT(line_of(head + "aws_access_key_id = s3cret\n"), HasSubstr("line 3"));
    EXPECT_THAT(line_of(head + "[default]\naws_secret_access_key = s3cret\n"), HasSubstr("line 3"));
    EXPECT_THAT(line_of(head), HasSubstr("there is no aws_secret_access_key"));
    EXPECT_THAT(line_of(head + "aws_secret_access_key =\n"), HasSubstr("there is no aws_secret_access_key"));
    EXPECT_THAT(line_of(head + "aws_secret_access_key = s3cret\x01\n"),
                HasSubstr("cannot use the credentials"));
    EXPECT_THAT(line_of(head + "aws_secret_access_key = s3cret" + std::string(600, 'x')),
                HasSubstr("cannot use"));
    EXPECT_THAT(line_of(""), HasSubstr("no section [default]"));
    EXPECT_THAT(error_with(std::string(2 << 20, '#')).message(), HasSubstr("credentials"));
}

}  // namespace
}  // namespace bt2c::storage::s3
