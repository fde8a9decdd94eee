// [B4] Services that die, are busy, full, slow, wrong, or lie: what is said, and what is left.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/progress.hpp"
#include "support/environment.hpp"
#include "unit/storage_s3/s3_fixture.hpp"

namespace bt2c::storage::s3 {
namespace {

using base::Bytes;
using testing::AllOf;
using testing::HasSubstr;

struct S3BadLuck : S3 {
    const Bytes contents = bytes_of(std::string(300'000, 'c'));

    void put_ok() { EXPECT_TRUE(location().put("packs/1b", contents)); }
    void stored_once() { EXPECT_EQ(location().get("packs/1b"), contents); }
};

TEST_F(S3BadLuck, DiesInTheMiddleOfAPut) {
    for (const std::string kind : {"die", "die_in_body", "die_before_answer"}) {
        server.faults(R"([{"kind": ")" + kind + R"(", "method": "PUT", "times": 2}])");
        const std::string name = "packs/" + std::string(1, static_cast<char>('a' + kind.size() % 26));
        // An answer that got lost is no reason to say that somebody else has the name.
        EXPECT_TRUE(location().put(name, contents)) << kind;
        EXPECT_EQ(location().get(name), contents) << kind;
    }
}

TEST_F(S3BadLuck, DiesForGood) {
    server.faults(R"([{"kind": "die", "times": 1000}])");
    const base::Error error = put_error();
    EXPECT_THAT(error.message(), HasSubstr("cannot store packs/1b in s3://bucket at 127.0.0.1"));
    EXPECT_THAT(error.cause(), HasSubstr("127.0.0.1"));
    server.faults("[]");
    EXPECT_EQ(objects(), 0U);
}

TEST_F(S3BadLuck, DiesInTheMiddleOfAGet) {
    put_ok();
    server.faults(R"([{"kind": "die_in_answer", "method": "GET", "times": 2}])");
    stored_once();
    server.faults(R"([{"kind": "die_in_answer", "method": "GET", "times": 2}])");
    EXPECT_EQ(location().get_range("packs/1b", 10, 5), bytes_of("ccccc"));
    server.faults(R"([{"kind": "die_in_answer", "method": "GET", "times": 1000}])");
    EXPECT_THAT(error_of([&] { location().get("packs/1b"); }).message(), HasSubstr("cannot read packs/1b"));
}

TEST_F(S3BadLuck, BusyThenWell) {
    for (const std::string busy :
         {R"("status": 503, "code": "SlowDown")", R"("status": 500, "code": "InternalError")",
          R"("status": 429)", R"("status": 502)", R"("status": 504)",
          R"("status": 400, "code": "RequestTimeout")", R"("status": 400, "code": "BadDigest")",
          R"("status": 409, "code": "ConditionalRequestConflict")"}) {
        server.faults(R"([{"kind": "status", "times": 3, )" + busy + "}]");
        EXPECT_EQ(location().list("packs").size(), 0U) << busy;
        server.faults(R"([{"kind": "status", "times": 3, "method": "PUT", )" + busy + "}]");
        EXPECT_TRUE(location().put("packs/1b", contents)) << busy;
        EXPECT_TRUE(location().remove("packs/1b"));
    }
}

TEST_F(S3BadLuck, BusyForLongerThanWeTry) {
    server.faults(R"([{"kind": "status", "status": 503, "code": "SlowDown", "times": 1000}])");
    const int before = server.count("GET");
    const base::Error error = error_of([&] { location().get("packs/1b"); });
    EXPECT_EQ(server.count("GET") - before, 1 + options.retries);
    EXPECT_THAT(error.cause(), HasSubstr("503 SlowDown"));
    EXPECT_THAT(error.hint(), HasSubstr("later"));
}

TEST_F(S3BadLuck, WaitsAsLongAsItIsTold) {
    server.faults(R"([{"kind": "status", "status": 503, "headers": {"Retry-After": "1"}}])");
    const base::Stopwatch watch;
    EXPECT_EQ(location().get("packs/1b"), std::nullopt);
    EXPECT_GE(watch.seconds(), 1);
}

TEST_F(S3BadLuck, WhatTimeDoesNotHealIsNotTriedAgain) {
    struct Case {
        std::string fault;
        std::string said, hint;
    };
    for (
        const Case& c : std::vector<Case>{
            {R"("status": 403, "code": "AccessDenied")", "access is denied", "policies"},
            {R"("status": 403, "code": "SignatureDoesNotMatch")", "does not take our signature",
             "secret key"},
            {R"("status": 403, "code": "UserSuspended")", "has suspended the user",
             "whoever runs the service"},
            {R"("status": 403, "code": "InvalidAccessKeyId")", "does not know the access key", "credentials"},
            {R"("status": 400, "code": "ExpiredToken")", "have expired", "renew"},
            {R"("status": 404, "code": "NoSuchBucket")", "no such bucket", "make the bucket"},
            {R"("status": 301, "code": "PermanentRedirect", "headers": {"x-amz-bucket-region": "eu-west-1"})",
             "another region", "region = \"eu-west-1\""},
            {R"("status": 307)", "another region", "region"},
            {R"("status": 507)", "no room left", "make room"},
            {R"("status": 403, "code": "QuotaExceeded")", "no room left", "make room"},
            {R"("status": 413, "code": "EntityTooLarge")", "quota", "make room"},
            {R"("status": 418)", "refuses it", "endpoint"}}) {
        server.faults(R"([{"kind": "status", "method": "PUT", "times": 1000, )" + c.fault + "}]");
        const int before = server.count("PUT");
        const base::Error error = put_error();
        EXPECT_EQ(server.count("PUT") - before, 1) << c.fault;
        EXPECT_THAT(error.message(), AllOf(HasSubstr("cannot store packs/1b"), HasSubstr(c.said)));
        EXPECT_THAT(error.hint(), HasSubstr(c.hint));
        EXPECT_EQ(objects(), 0U);
    }
}

// As long as a service takes to be started again, but not where nothing says that it ever worked.
TEST_F(S3BadLuck, WaitsLongerForOneThatWasWellJustNow) {
    options.retries = 5;
    options.backoff_ms = 20;
    S3Location one = location();
    const auto seconds = [&](const std::string& fault) {
        server.faults(R"([{"times": 1000, )" + fault + "}]");
        const base::Stopwatch watch;
        error_of([&] { one.get("packs/1b"); });
        server.faults("[]");
        return watch.seconds();
    };
    for (const std::string fault : {R"("kind": "die")", R"("kind": "status", "status": 503)"}) {
        EXPECT_LT(seconds(fault), 1.2) << fault;  // 0.62 at most, and what the requests take
        EXPECT_EQ(one.get("packs/1b"), std::nullopt);
        EXPECT_GE(seconds(fault), 1.2) << fault;  // 1.21 at least
    }
}

TEST_F(S3BadLuck, NamesTheStorageClassThatMayBeRefused) {
    const auto hint = [&] {
        server.faults(R"([{"kind": "status", "status": 400, "code": "InvalidArgument", "method": "PUT"}])");
        return put_error().hint();
    };
    EXPECT_THAT(hint(), HasSubstr("is the endpoint that of an S3 service?"));
    options.storage_class = "STANDARD_IA";
    EXPECT_THAT(hint(), HasSubstr("storage_class = \"STANDARD_IA\""));
}

TEST_F(S3BadLuck, ReadOnlyCredentials) {
    server.control(R"({"objects": {"packs/2c": "x"}, "state": {"denied": ["PUT", "DELETE"]}})");
    EXPECT_THAT(put_error().cause(), HasSubstr("403 AccessDenied: Access Denied"));
    EXPECT_THAT(error_of([&] { location().remove("packs/2c"); }).message(),
                HasSubstr("cannot remove packs/2c"));
    EXPECT_EQ(location().get("packs/2c"), bytes_of("x"));
}

// The answer to HEAD has no body that says why.
TEST_F(S3BadLuck, SaysWhyHeadWasRefused) {
    options.credentials = [] { return credentials_of("AKIATEST", "another"); };
    EXPECT_THAT(error_of([&] { location().size_of("packs/1b"); }).cause(),
                HasSubstr("SignatureDoesNotMatch"));
}

TEST_F(S3BadLuck, NoSuchBucket) {
    options.bucket = "another";
    for (const auto& job : std::vector<std::function<void()>>{
             [&] { location().get("format"); }, [&] { location().get_range("format", 0, 1); },
             [&] { location().size_of("format"); }, [&] { location().list(""); },
             [&] { location().remove("format"); }, [&] { static_cast<void>(location().put("format", {})); }})
        EXPECT_THAT(error_of(job).message(), HasSubstr("there is no such bucket"));
}

TEST_F(S3BadLuck, KeepsOtherBytesThanItWasSent) {
    for (const std::string kind : {"keep_wrong", "keep_half", "lie"}) {
        server.faults(R"([{"kind": ")" + kind + R"(", "method": "PUT", "times": 1}])");
        put_ok();
        stored_once();
        EXPECT_TRUE(location().remove("packs/1b"));
        server.faults(R"([{"kind": ")" + kind + R"(", "method": "PUT", "times": 1000}])");
        EXPECT_THAT(put_error().message(), HasSubstr("does not keep what it is sent")) << kind;
        EXPECT_EQ(objects(), 0U) << kind;
    }
}

TEST_F(S3BadLuck, SendsOtherBytesThanItKeeps) {
    put_ok();
    server.faults(R"([{"kind": "wrong_answer", "method": "GET", "times": 1}])");
    stored_once();
    server.faults(R"([{"kind": "wrong_range", "method": "GET", "times": 1}])");
    EXPECT_THAT(error_of([&] { location().get_range("packs/1b", 0, 5); }).message(),
                HasSubstr("another part of it"));
}

TEST_F(S3BadLuck, TheClocksDoNotAgree) {
    for (const int seconds : {3600, -3600}) {
        server.state(R"({"clock_offset": )" + std::to_string(seconds) + "}");
        S3Location place = location();
        const base::Error error =
            error_of([&] { static_cast<void>(place.put("packs/1b", bytes_of("contents"))); });
        EXPECT_THAT(error.message(), HasSubstr("the clocks do not agree"));
        EXPECT_THAT(error.cause(), HasSubstr("one is off by 60 minutes"));
        EXPECT_THAT(error.hint(), HasSubstr("timedatectl"));
        EXPECT_NEAR(static_cast<double>(place.clock_ahead().value_or(0)), seconds * 1000.0, 30'000);
    }
}

TEST_F(S3BadLuck, CredentialsThatExpireAndAreRenewedInTheirFile) {
    support::TemporaryFolder folder;
    const auto write = [&](const std::string& access) {
        const auto path =
            folder.write("credentials", "[default]\naws_access_key_id = " + access +
                                            "\naws_secret_access_key = s\naws_session_token = t\n");
        std::filesystem::permissions(path, std::filesystem::perms(0600));
        return path;
    };
    const auto file = write("OLD");
    server.state(R"({"keys": {"OLD": {"secret": "s", "token": "t"}, "NEW": {"secret": "s", "token": "t"}}})");
    options.credentials = [&] { return find_credentials({}, file); };
    S3Location one = location();
    ASSERT_TRUE(one.put("packs/1b", contents));
    server.state(R"({"expired": ["OLD"]})");
    const base::Error error = error_of([&] { static_cast<void>(one.put("packs/2c", contents)); });
    EXPECT_THAT(error.message(), HasSubstr("the credentials have expired"));
    EXPECT_THAT(error.hint(), HasSubstr("renew them"));
    write("NEW");
    EXPECT_EQ(one.get("packs/1b"), contents);
    write("OLD");
    write("NEW");
    EXPECT_TRUE(one.put("packs/2c", contents));
}

// [B4] As slow as it may be, as long as bytes move.
TEST_F(S3BadLuck, SlowAsAModem) {
    options.timeout_ms = 1500;  // and it takes four seconds
    options.retries = 0;
    const Bytes some = bytes_of(std::string(4'000'000, 's'));
    server.control(R"({"receive_buffer": 131072})");  // else the kernel takes it all at once
    server.faults(R"([{"kind": "slow", "bytes_per_second": 1000000, "method": "PUT", "times": 1000}])");
    const base::Stopwatch watch;
    EXPECT_TRUE(location().put("packs/1b", some));
    EXPECT_GT(watch.seconds(), 2);
    server.faults(R"([{"kind": "slow", "bytes_per_second": 1000000, "method": "GET", "times": 1000}])");
    EXPECT_EQ(location().get("packs/1b"), some);
}

TEST_F(S3BadLuck, SilentForLongerThanItMay) {
    options.timeout_ms = 200;
    options.retries = 1;
    server.faults(R"([{"kind": "hang", "times": 1000}])");
    EXPECT_THAT(error_of([&] { location().get("packs/1b"); }).cause(), HasSubstr("nothing moved for 0.2 s"));
}

TEST_F(S3BadLuck, NamesThatNobodyAnswers) {
    const HangingNames names;
    options.endpoint = "http://hangs.test";
    options.timeout_ms = 300;
    options.retries = 0;
    const base::Stopwatch watch;
    EXPECT_THAT(error_of([&] { location().get("packs/1b"); }).cause(), HasSubstr("hangs.test"));
    EXPECT_LT(watch.seconds(), 10);  // the name is not answered before the end of the test
}

TEST_F(S3BadLuck, AnswersWithoutEnd) {
    server.faults(R"([{"kind": "endless_headers", "times": 1000}])");
    EXPECT_THAT(error_of([&] { location().get("packs/1b"); }).cause(),
                HasSubstr("headers are larger than 64"));
    server.faults(R"([{"kind": "endless_body", "times": 1000}])");
    EXPECT_THAT(error_of([&] { location().list(""); }).cause(), HasSubstr("larger than 8"));
}

TEST_F(S3BadLuck, ListsThatMakeNoSense) {
    const auto cause_of = [&](const std::string& xml, int repeat = 1) {
        base::Json fault = base::Json::object(
            {{"kind", "raw"}, {"status", 200}, {"text", xml}, {"repeat", repeat}, {"times", 1000}});
        server.faults(base::Json(base::Json::Array{fault}).dump());
        return error_of([&] { location().list("packs"); }).cause();
    };
    EXPECT_THAT(cause_of("<html>busy</html>"), HasSubstr("no list of objects"));
    EXPECT_THAT(cause_of("<ListBucketResult>", 100'000), HasSubstr("no list of objects"));
    EXPECT_THAT(cause_of("<!DOCTYPE x [<!ENTITY a 'b'>]>"), HasSubstr("no list of objects"));
    const auto page = [](const std::string& key, const std::string& rest) {
        return "<ListBucketResult><Contents><Key>" + key + "</Key><Size>1</Size></Contents>" + rest +
               "</ListBucketResult>";
    };
    const std::string more =
        "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>";
    EXPECT_THAT(cause_of(page("packs/1b", more)), HasSubstr("the same one"));
    EXPECT_THAT(cause_of(page("elsewhere/1b", "")), HasSubstr("not asked for"));
    EXPECT_THAT(cause_of(page("packs/" + std::string(1019, 'n'), "")), HasSubstr("longer than any name"));
}

TEST_F(S3BadLuck, ListsWithoutEnd) {
    const auto error = [&](const std::string& list, const std::string& folder) {
        server.faults(R"([{"kind": "endless_list", "times": 100000, )" + list + "}]");
        return error_of([&] { location().list(folder); });
    };
    const int before = server.count("GET");
    const base::Error endless = error(R"("names": 10000, "length": 400)", "packs");
    EXPECT_THAT(endless.cause(), HasSubstr("no end of what it names"));
    EXPECT_THAT(endless.hint(), HasSubstr("place of its own"));
    EXPECT_LE(server.count("GET") - before, 11);  // of 10,000 names each, and 48 MiB of them
    EXPECT_THAT(error(R"("names": 10000, "length": 400)", "manifests").cause(),
                HasSubstr("no end of what it names"));
    EXPECT_LE(server.count("GET") - before, 11 + 3);
    EXPECT_THAT(error(R"("names": 0)", "packs").cause(), HasSubstr("no end of its pages"));
    EXPECT_THAT(error(R"("names": 0, "tokens": 3)", "packs").cause(), HasSubstr("the same one"));
}

TEST_F(S3BadLuck, GivesNoMoreThanWasAskedFor) {
    server.faults(R"([{"kind": "endless_body", "times": 1}])");
    EXPECT_EQ(location().get_range("packs/1b", 5'000'000, 4), bytes_of("xxxx"));
    server.faults(
        R"([{"kind": "raw", "status": 206, "text": "0123456789", "repeat": 200000, "times": 1000}])");
    EXPECT_THAT(error_of([&] { location().get_range("packs/1b", 0, 900); }).cause(),
                HasSubstr("the answer is larger than 1"));
}

// The object is not known by what was sent with it: neither as ours, nor as another writer's.
TEST_F(S3BadLuck, KeepsSomethingElseAndDropsWhatWasSentWithIt) {
    server.state(R"({"etags": "wrong", "keeps_meta": false})");
    const base::Error error = put_error();
    EXPECT_THAT(error.message(), HasSubstr("does not keep what it is sent"));
    EXPECT_THAT(error.hint(), HasSubstr("do not trust this service"));
    EXPECT_EQ(server.count("PUT"), 3);
    EXPECT_EQ(objects(), 0U);
    server.state(R"({"denied": ["DELETE"]})");  // what cannot be removed is no other writer's either
    EXPECT_THAT(put_error().message(), HasSubstr("does not keep what it is sent"));
    EXPECT_EQ(objects(), 1U);
}

// The rate is that of all threads together.
TEST_F(S3BadLuck, UploadsNoFasterThanItMay) {
    options.upload_bytes_per_second = 1'000'000;
    S3Location one = location();
    const base::Stopwatch watch;
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&, t] { EXPECT_TRUE(one.put("packs/" + std::to_string(t), contents)); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_GT(watch.seconds(), 0.5);  // 900,000 bytes, less what goes out at once
    EXPECT_GE(server.control().integer_at("sending_at_most"), 2);
}

// The interrupt is a matter of a whole process, so the test has one of its own.
TEST_F(S3BadLuck, AnInterruptEndsItInTheMiddle) {
    server.faults(R"([{"kind": "hang", "method": "PUT", "times": 1000}])");
    const pid_t child = ::fork();
    if (child == 0) {
        std::thread interrupter([] {
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            base::request_interrupt();
        });
        int status = 1;
        try {
            static_cast<void>(location().put("packs/1b", contents));
        } catch (const base::Error& error) {
            status = error.kind() == base::ErrorKind::interrupted ? 0 : 2;
        }
        interrupter.join();
        ::_exit(status);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    server.faults("[]");
    EXPECT_EQ(objects(), 0U);
}

}  // namespace
}  // namespace bt2c::storage::s3
