// [B4] The location suite against a real OpenStack Swift, and what is particular to it.

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "contract/location_suite.hpp"
#include "storage/s3/s3_location.hpp"
#include "support/skip.hpp"
#include "support/swift_server.hpp"
#include "support/tcp_relay.hpp"

namespace bt2c::storage::contract {
namespace {

using testing::HasSubstr;

/// One for all tests of this program; it ends with the program.
support::SwiftServer& swift() {
    static support::SwiftServer server;
    return server;
}

s3::Options options_of(const std::string& bucket) {
    return {.endpoint = swift().url(), .bucket = bucket, .credentials = [] {
                return s3::Credentials{
                    support::SwiftServer::access_key,
                    crypto::SecretBytes::copy_of(base::as_bytes(support::SwiftServer::secret_key)),
                    {}};
            }};
}

/// A bucket that no other test has, with other people's things in it.
s3::Options fresh_bucket() {
    static int number = 0;
    s3::Options options = options_of("bucket-" + std::to_string(++number));
    s3::Client(options).send({.method = "PUT"}, "cannot make the bucket");
    return options;
}

/// With and without a prefix; names of prefixes may be anything.
std::shared_ptr<Location> empty_location(const std::string& prefix) {
    s3::Options options = fresh_bucket();
    if (!prefix.empty()) {
        s3::Options others = options;
        others.prefix = prefix + "x";
        EXPECT_TRUE(s3::S3Location(others).put("format", bytes_of("not ours")));
    }
    options.prefix = prefix;
    return std::make_shared<s3::S3Location>(options);
}

std::shared_ptr<Location> filled_location(const std::string& prefix) {
    auto location = empty_location(prefix);
    for (const auto& [name, contents] : sample_objects())
        EXPECT_TRUE(location->put(name, bytes_of(contents)));
    return location;
}

Maker maker(const std::string& name, const std::string& prefix) {
    return {name, [prefix] { return filled_location(prefix); }, [prefix] { return empty_location(prefix); }};
}

const Maker plain = maker("Swift", ""), prefixed = maker("SwiftWithPrefix", "a b/\xC3\xA4+&%=\"<");
INSTANTIATE_TEST_SUITE_P(S3, LocationRead, testing::Values(plain, prefixed), maker_name);
INSTANTIATE_TEST_SUITE_P(S3, LocationWrite, testing::Values(plain, prefixed), maker_name);

base::Error error_of(const std::function<void()>& job) {
    try {
        job();
    } catch (const base::Error& error) {
        return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {base::ErrorKind::failed, ""};
}

TEST(S3Swift, ListsMoreThanOnePage) {
    const s3::Options options = fresh_bucket();
    s3::S3Location location(options);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = t; i < 45; i += 4)
                EXPECT_TRUE(location.put("packs/" + std::to_string(10'000 + i), {}));
        });
    for (std::thread& thread : threads) thread.join();
    const std::vector<ObjectInfo> found = location.list("packs");
    ASSERT_EQ(found.size(), 45U);
    EXPECT_EQ(found.front().name, "packs/10000");
    EXPECT_EQ(found.back().name, "packs/10044");
}

TEST(S3Swift, KeepsLargeObjects) {
    s3::S3Location location(fresh_bucket());
    base::Bytes large(17 << 20);
    for (std::size_t i = 0; i < large.size(); ++i)
        large[i] = static_cast<std::uint8_t>(i * 2654435761U >> 24);
    ASSERT_TRUE(location.put("packs/1b", large));
    EXPECT_EQ(location.get("packs/1b"), large);
    EXPECT_EQ(location.get_range("packs/1b", 5 << 20, 3),
              base::Bytes(large.begin() + (5 << 20), large.begin() + (5 << 20) + 3));
}

// A line on which no large object gets through as a whole.
TEST(S3Swift, PartsThatArrivedStay) {
    s3::Options options = fresh_bucket();
    base::Bytes large(17 << 20);
    for (std::size_t i = 0; i < large.size(); ++i)
        large[i] = static_cast<std::uint8_t>(i * 2654435761U >> 24);
    support::TcpRelay relay(swift().port());
    relay.cut_each_upload_after(8 << 20);
    s3::Options broken = options;
    broken.endpoint = "http://127.0.0.1:" + std::to_string(relay.port());
    broken.retries = 2;
    broken.backoff_ms = 5;
    ASSERT_TRUE(s3::S3Location(broken).put("packs/1b", large));
    EXPECT_FALSE(s3::S3Location(broken).put("packs/1b", large)) << "the name is taken";
    s3::S3Location location(options);
    EXPECT_EQ(location.get("packs/1b"), large);
    EXPECT_EQ(location.get_range("packs/1b", 5 << 20, 3),
              base::Bytes(large.begin() + (5 << 20), large.begin() + (5 << 20) + 3));
    EXPECT_EQ(location.size_of("packs/1b"), large.size());
    const auto listed = location.list("packs");
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed.front().bytes, large.size());
    EXPECT_TRUE(location.remove("packs/1b"));
    EXPECT_FALSE(location.size_of("packs/1b"));

    relay.cut_each_upload_after(1 << 20);  // not even a part gets through
    EXPECT_THAT(error_of([&] { static_cast<void>(s3::S3Location(broken).put("packs/2b", large)); }).message(),
                HasSubstr("no good answer"));
    EXPECT_TRUE(location.list("").empty());
}

TEST(S3Swift, SaysThatThereIsNoSuchBucket) {
    s3::S3Location location(options_of("nobody-made-this"));
    for (const auto& job : std::vector<std::function<void()>>{
             [&] { location.get("format"); }, [&] { location.size_of("format"); }, [&] { location.list(""); },
             [&] { static_cast<void>(location.put("format", {})); }, [&] { location.remove("format"); }}) {
        const base::Error error = error_of(job);
        EXPECT_THAT(error.message(), HasSubstr("there is no such bucket"));
        EXPECT_THAT(error.message(), HasSubstr("s3://nobody-made-this at 127.0.0.1"));
        EXPECT_THAT(error.cause(), HasSubstr("NoSuchBucket"));
    }
}

TEST(S3Swift, SaysWhatIsWrongWithCredentials) {
    s3::Options options = fresh_bucket();
    const auto with = [&](const std::string& access, const std::string& secret) {
        options.credentials = [=] {
            return s3::Credentials{access, crypto::SecretBytes::copy_of(base::as_bytes(secret)), {}};
        };
        return error_of([&] { s3::S3Location(options).size_of("format"); });
    };
    EXPECT_THAT(with("test:tester", "wrong-secret").message(), HasSubstr("does not take our signature"));
    EXPECT_THAT(with("test:nobody", "testing").cause(), HasSubstr("403"));
}

// [B4] A lock that was asked for and is not there would be believed in.
TEST(S3Swift, RefusesToPromiseLocksThatItDoesNotHave) {
    s3::Options options = fresh_bucket();
    options.object_lock_days = 1;
    s3::S3Location location(options);
    const base::Error error = error_of([&] { static_cast<void>(location.put("packs/1b", bytes_of("x"))); });
    EXPECT_THAT(error.message(), HasSubstr("the bucket has no object lock"));
    EXPECT_TRUE(location.list("").empty());
}

// So here it is the look before that keeps an object from being replaced; s3_location.hpp says what that
// means.
TEST(S3Swift, KnowsNoConditionalWrites) {
    s3::Client client(fresh_bucket());
    const s3::Request put{
        .method = "PUT", .key = "format", .headers = {{"if-none-match", "*"}}, .body = base::as_bytes("x")};
    EXPECT_EQ(client.send(put, "put", {412, 501}).status(), 501);
}

// Two that do not know of each other.
TEST(S3Swift, TwoProcessesWithOneName) {
    const s3::Options options = fresh_bucket();
    s3::S3Location first(options), second(options);
    for (int i = 0; i < 20; ++i) {
        const std::string name = "packs/" + std::to_string(i);
        ASSERT_TRUE(first.put(name, bytes_of("first")));
        EXPECT_FALSE(second.put(name, bytes_of("second")));
        EXPECT_EQ(second.get(name), bytes_of("first"));
    }
}

}  // namespace
}  // namespace bt2c::storage::contract

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    // Only here can a whole program be skipped, or fail in CI.
    if (!bt2c::support::swift_is_installed()) {
        std::fprintf(stderr, "OpenStack Swift is not installed\n");
        return bt2c::support::in_ci() ? 1 : 0;
    }
    return RUN_ALL_TESTS();
}
