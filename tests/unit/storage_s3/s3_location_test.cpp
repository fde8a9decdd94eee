// An S3 location against the service of fake_s3.py, which checks each signature by itself.

#include "storage/s3/s3_location.hpp"

#include "contract/location_suite.hpp"
#include "support/environment.hpp"
#include "unit/storage_s3/s3_fixture.hpp"

namespace bt2c::storage::s3 {
namespace {

using testing::HasSubstr;

/// A location and its own server. [B4] The bucket stands in the host's name, or in the path behind TLS.
struct OwnServer {
    explicit OwnServer(bool tls) : server(tls), options(options_of(server)) {
        options.prefix = "some where";
        options.storage_class = "STANDARD_IA";
        options.virtual_host = !tls;
        if (tls)
            options.ca_file = server.ca();
        else
            options.endpoint = "http://s3.test:" + std::to_string(server.port());
        server.state(R"({"page": 2})");
    }
    support::FakeS3 server;
    Options options;
};
std::shared_ptr<Location> location_of(bool tls) {
    struct Both : OwnServer {
        explicit Both(bool with_tls) : OwnServer(with_tls), location(options) {}
        S3Location location;
    };
    const auto both = std::make_shared<Both>(tls);
    return {both, &both->location};
}
contract::Maker maker(const std::string& name, bool tls) {
    return {name,
            [tls] {
                auto location = location_of(tls);
                for (const auto& [object, contents] : contract::sample_objects())
                    EXPECT_TRUE(location->put(object, bytes_of(contents)));
                return location;
            },
            [tls] { return location_of(tls); }};
}

}  // namespace
}  // namespace bt2c::storage::s3

namespace bt2c::storage::contract {
namespace {
const auto makers = testing::Values(s3::maker("VirtualHost", false), s3::maker("PathAndTls", true));
INSTANTIATE_TEST_SUITE_P(S3, LocationRead, makers, maker_name);
INSTANTIATE_TEST_SUITE_P(S3, LocationWrite, makers, maker_name);
}  // namespace
}  // namespace bt2c::storage::contract

namespace bt2c::storage::s3 {
namespace {

TEST(S3Tls, AServerThatNobodyWeTrustHasSigned) {
    const support::FakeS3 server(true);
    Options options = options_of(server);
    for (const auto& ca : {server.other_ca(), std::filesystem::path()}) {
        options.ca_file = ca;
        const base::Error error = S3::error_of([&] { S3Location(options).get("format"); });
        EXPECT_THAT(error.cause(), HasSubstr("certificate"));
        EXPECT_THAT(error.hint(), HasSubstr("ca_file"));
    }
    EXPECT_EQ(server.count(""), 0);  // nothing was said, not even who we are
}

TEST_F(S3, OptionsThatCannotBe) {
    for (const auto& change : std::vector<std::function<void(Options&)>>{
             [](Options& o) { o.bucket = ""; }, [](Options& o) { o.bucket = "a/b"; },
             [](Options& o) { o.bucket = "a\r\nX: y"; }, [](Options& o) { o.region = "a b"; },
             [](Options& o) { o.storage_class = "a\nb"; }, [](Options& o) { o.endpoint = "ftp://host"; },
             [](Options& o) { o.endpoint = "https://"; },
             [](Options& o) { o.endpoint = "https://host/path"; },
             [](Options& o) { o.endpoint = "https://user@host"; }, [](Options& o) { o.endpoint = "host"; }}) {
        Options wrong = options;
        change(wrong);
        EXPECT_EQ(error_of([&] { S3Location{wrong}; }).kind(), base::ErrorKind::usage);
    }
    options.endpoint = "";
    options.region = "eu-west-1";
    EXPECT_EQ(location().describe(), "s3://bucket at s3.eu-west-1.amazonaws.com");
}

TEST_F(S3, TheRegionOfTheEnvironmentCountsWhereNoneIsNamed) {
    options.endpoint = "";
    options.region = "";
    const auto host = [&] { return location().describe().substr(std::string("s3://bucket at ").size()); };
    EXPECT_EQ(host(), "s3.us-east-1.amazonaws.com");
    const support::Variable other("AWS_DEFAULT_REGION", "eu-west-2");
    EXPECT_EQ(host(), "s3.eu-west-2.amazonaws.com");
    const support::Variable first("AWS_REGION", "eu-west-1");
    EXPECT_EQ(host(), "s3.eu-west-1.amazonaws.com");
    options.region = "ap-east-1";
    EXPECT_EQ(host(), "s3.ap-east-1.amazonaws.com");
}

TEST_F(S3, SendsStorageClassAndSessionToken) {
    server.state(R"({"keys": {"ASIA": {"secret": "s", "token": "to/ken=="}}})");
    options.credentials = [] { return credentials_of("ASIA", "s", "to/ken=="); };
    options.storage_class = "GLACIER_IR";
    ASSERT_TRUE(location().put("packs/1b", bytes_of("x")));
    const base::Json seen = server.control();
    EXPECT_EQ(seen.at("objects").at("packs/1b").at("meta").string_at("x-amz-storage-class"), "GLACIER_IR");
}

// [B4] Nothing is ever overwritten, whatever the service makes of If-None-Match.
TEST_F(S3, NeverReplacesOnServicesWithoutConditionalWrites) {
    for (const std::string how : {"ignore", "refuse"}) {
        server.state(R"({"if_none_match": ")" + how + R"("})");
        S3Location one = location();
        EXPECT_TRUE(one.put("packs/" + how, bytes_of("first"))) << how;
        EXPECT_FALSE(one.put("packs/" + how, bytes_of("second"))) << how;
        EXPECT_EQ(one.get("packs/" + how), bytes_of("first")) << how;
    }
}

TEST_F(S3, IsToldWhenAnotherWriterWasFaster) {
    server.faults(R"([{"kind": "overtaken", "method": "PUT"}])");
    EXPECT_FALSE(location().put("packs/1b", bytes_of("ours")));
    EXPECT_EQ(location().get("packs/1b"), bytes_of("of another writer"));  // and leaves it alone
}

TEST_F(S3, DoesWithoutRangesAndMd5s) {
    server.state(R"({"ranges": false, "etags": "other"})");
    ASSERT_TRUE(location().put("packs/1b", bytes_of("0123456789")));
    EXPECT_EQ(location().get_range("packs/1b", 3, 4), bytes_of("3456"));
    EXPECT_EQ(location().get_range("packs/1b", 8, 4), bytes_of("89"));
    EXPECT_EQ(location().get_range("packs/1b", 11, 4), base::Bytes());
    EXPECT_EQ(location().get("packs/1b"), bytes_of("0123456789"));
}

TEST_F(S3, SeesNothingOutsideItsPrefix) {
    server.control(
        R"({"objects": {"format": "theirs", "a/bc/format": "theirs", "a/b/format": "ours", "a/b/": ""}})");
    options.prefix = "a/b";
    const auto found = location().list("");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].name, "format");
}

// A write-only node that was broken into cannot shorten what its backups are kept for. [B4]
TEST_F(S3, LocksWhatItStores) {
    options.object_lock_days = 30;
    const base::UnixMs before = base::now_unix_ms();
    S3Location locked = location();
    ASSERT_TRUE(locked.put("packs/1b", bytes_of("x")));
    ASSERT_TRUE(locked.put("intents/2c", bytes_of("x")));
    const base::Json seen = server.control();
    const auto until = base::parse_utc(seen.at("objects").at("packs/1b").string_at("until"));
    ASSERT_TRUE(until);
    EXPECT_GE(*until, before + 30LL * 86'400'000);
    EXPECT_LE(*until, base::now_unix_ms() + 30LL * 86'400'000 + 1000);
    EXPECT_EQ(seen.at("objects").at("intents/2c").string_at("until"), "");
    EXPECT_TRUE(locked.remove("intents/2c"));
    const base::Error refused = error_of([&] { locked.remove("packs/1b"); });
    EXPECT_THAT(refused.message(), HasSubstr("it is locked"));
    EXPECT_THAT(refused.hint(), HasSubstr("a prune before then may lock it for longer"));
    EXPECT_EQ(locked.kept_until("packs/1b"), until);
    EXPECT_EQ(locked.kept_until("packs/3d"), std::nullopt);
    EXPECT_EQ(locked.keeps_for(), 30LL * 86'400'000);
    ASSERT_TRUE(locked.put("sweeps/4e", bytes_of("x")));
    EXPECT_EQ(locked.kept_until("sweeps/4e"), std::nullopt);
    EXPECT_EQ(server.count("GET /bucket?object-lock="), 1);
}

TEST_F(S3, ExtendsLocksAndNeverShortensThem) {
    options.object_lock_days = 30;
    S3Location locked = location();
    const auto until = [&] { return server.control().at("objects").at("packs/1b").string_at("until"); };
    ASSERT_TRUE(locked.put("packs/1b", bytes_of("x")));
    const std::string first = until();
    EXPECT_TRUE(locked.keep_until("packs/1b", base::now_unix_ms() + 86'400'000));
    EXPECT_EQ(until(), first);
    EXPECT_TRUE(
        locked.keep_until("packs/1b", base::parse_utc("2099-01-01T00:00:00.5Z").value_or(4070908800500)));
    EXPECT_EQ(until(), "2099-01-01T00:00:01Z");
    EXPECT_EQ(server.count("PUT /bucket/packs/1b?retention="), 1);
    EXPECT_THAT(error_of([&] { locked.keep_until("packs/2c", 4070908800500); }).message(),
                HasSubstr("no such object"));
    options.object_lock_days = 0;
    EXPECT_FALSE(location().keep_until("packs/1b", 4070908800500));
}

TEST_F(S3, RefusesABucketWithoutLocks) {
    options.object_lock_days = 30;
    server.state(R"({"lock": false})");
    const base::Error error = put_error();
    EXPECT_THAT(error.message(), HasSubstr("the bucket has no object lock"));
    EXPECT_THAT(error.hint(), HasSubstr("object_lock_days"));
    EXPECT_EQ(objects(), 0U);
}

TEST_F(S3, FindsOutThatLocksArePassedOver) {
    options.object_lock_days = 30;
    server.state(R"({"ignore_lock": true})");
    EXPECT_THAT(put_error().message(), HasSubstr("does not lock it"));
    EXPECT_EQ(objects(), 0U);
    server.control(R"({"objects": {"packs/2c": "x"}})");
    EXPECT_THAT(error_of([&] { location().keep_until("packs/2c", 4070908800000); }).message(),
                HasSubstr("does not lock it"));
}

}  // namespace
}  // namespace bt2c::storage::s3
