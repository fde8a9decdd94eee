// The HTTP client against a server of a few lines that behaves as badly as a test wants.

#include "platform/http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/time.hpp"
#include "support/http_server.hpp"

namespace bt2c::platform {
namespace {

using base::Error;
using base::ErrorKind;
using support::answer;
using support::say;
using testing::HasSubstr;
using testing::Not;

Error error_of(const HttpRequest& request) {
    try {
        HttpClient().send(request);
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return Error(ErrorKind::failed, "");
}

TEST(Http, SendsARequestAsItIs) {
    std::string seen;
    support::HttpServer server([&](int socket, const std::string& request) {
        seen = request;
        return answer(socket, "201 Created", std::string("a\0b", 3));
    });
    HttpClient client;
    const auto response = client.send(
        {.method = "PUT", .url = server.url("/a?b=c"), .headers = {"X-Test: 1"}, .body = "the body"});
    EXPECT_EQ(response.status, 201);
    EXPECT_EQ(response.body, std::string("a\0b", 3));
    EXPECT_THAT(seen, testing::StartsWith("PUT /a?b=c HTTP/1.1\r\n"));
    EXPECT_THAT(seen, HasSubstr("X-Test: 1\r\n"));
    EXPECT_THAT(seen, Not(HasSubstr("Expect")));
    EXPECT_THAT(seen, testing::EndsWith("\r\n\r\nthe body"));
}

TEST(Http, EachMethodAfterTheOther) {
    std::vector<std::string> lines;
    support::HttpServer server([&](int socket, const std::string& request) {
        lines.push_back(request.substr(0, request.find(' ')));
        return say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    HttpClient client;
    for (const std::string method : {"POST", "HEAD", "GET", "DELETE", "POST", "GET"})
        EXPECT_EQ(client.send({.method = method, .url = server.url()}).status, 200);
    EXPECT_THAT(lines, testing::ElementsAre("POST", "HEAD", "GET", "DELETE", "POST", "GET"));
    EXPECT_EQ(server.connections(), 1);  // kept alive
}

TEST(Http, AnErrorStatusIsAnAnswer) {
    support::HttpServer server(
        [](int socket, const std::string&) { return answer(socket, "503 Later", "why"); });
    const auto response = HttpClient().send({.url = server.url()});
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.body, "why");
}

TEST(Http, FollowsNobodyElsewhere) {
    support::HttpServer server([](int socket, const std::string&) {
        return say(socket, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n");
    });
    EXPECT_EQ(HttpClient().send({.url = server.url()}).status, 302);
    EXPECT_THAT(error_of({.url = "file:///etc/passwd"}).cause(), HasSubstr("file"));
}

TEST(Http, NobodyThere) {
    const Error error = error_of({.url = "http://127.0.0.1:1/x"});
    EXPECT_EQ(error.kind(), ErrorKind::failed);
    EXPECT_EQ(error.message(), "cannot GET http://127.0.0.1:1/x");
    EXPECT_THAT(error.cause(), HasSubstr("connect"));
}

TEST(Http, AnswersHaveALargestSize) {
    const std::string body(1000, 'b');
    support::HttpServer server(
        [&](int socket, const std::string&) { return answer(socket, "200 OK", body); });
    EXPECT_EQ(HttpClient().send({.url = server.url(), .response_max = 1000}).body, body);
    EXPECT_EQ(error_of({.url = server.url(), .response_max = 999}).cause(),
              "the answer is larger than 999 B");
}

TEST(Http, AnEndlessAnswerEnds) {
    support::HttpServer server([](int socket, const std::string&) {
        say(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while (say(socket, "1000\r\n" + std::string(4096, 'x') + "\r\n")) {
        }
        return false;
    });
    EXPECT_THAT(error_of({.url = server.url()}).cause(), HasSubstr("larger than"));
}

TEST(Http, EndlessHeadersEnd) {
    support::HttpServer server([](int socket, const std::string&) {
        say(socket, "HTTP/1.1 200 OK\r\n");
        while (say(socket, "X-Long: " + std::string(4096, 'x') + "\r\n")) {
        }
        return false;
    });
    EXPECT_EQ(error_of({.url = server.url(), .timeout_ms = 5000}).cause(),
              "the answer's headers are larger than 64.0 KiB");
}

TEST(Http, GivesTheHeadersOfTheAnswer) {
    support::HttpServer server([](int socket, const std::string&) {
        return say(socket,
                   "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
                   "HTTP/1.1 200 OK\r\nX-One:  a b \r\nx-ONE: c\r\nEmpty:\r\nContent-Length: 0\r\n\r\n");
    });
    HttpClient client;
    for (int i = 0; i < 2; ++i) {
        const auto response = client.send({.url = server.url()});
        EXPECT_EQ(response.header("x-one"), "a b");
        EXPECT_EQ(response.header("empty"), "");
        EXPECT_EQ(response.header("x-early"), "");
        EXPECT_EQ(response.headers.size(), 4U);
    }
}

TEST(Http, ReadsDates) {
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777000);
    EXPECT_EQ(parse_http_date("soon"), std::nullopt);
    EXPECT_EQ(parse_http_date(""), std::nullopt);
}

TEST(Http, TellsWhatMayPassFromWhatWillNot) {
    const auto may_pass = [](const HttpRequest& request) {
        const auto answer = HttpClient().try_send(request);
        return std::get<HttpFailure>(answer).may_pass;
    };
    EXPECT_TRUE(may_pass({.url = "http://127.0.0.1:1/"}));
    EXPECT_FALSE(may_pass({.url = "ftp://127.0.0.1:1/"}));
    EXPECT_FALSE(may_pass({.url = "http://"}));
    support::HttpServer server([](int socket, const std::string&) { return answer(socket, "200 OK", "12"); });
    EXPECT_FALSE(may_pass({.url = server.url(), .response_max = 1}));
    support::HttpServer cut([](int socket, const std::string&) {
        say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123");
        return false;
    });
    EXPECT_TRUE(may_pass({.url = cut.url()}));
}

TEST(Http, ATransferThatMovesMayTakeLongerThanItsTime) {
    support::HttpServer server([](int socket, const std::string&) {
        say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 20480\r\n\r\n");
        for (int i = 0; i < 10 && say(socket, std::string(2048, 'x')); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        return false;
    });
    const auto response = HttpClient().send({.url = server.url(), .timeout_ms = 500, .stall_ms = 500});
    EXPECT_EQ(response.body.size(), 20480U);
}

TEST(Http, ATransferThatHardlyMovesIsGivenUp) {
    support::HttpServer server([](int socket, const std::string&) {
        say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while (say(socket, "x")) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return false;
    });
    EXPECT_EQ(error_of({.url = server.url(), .stall_ms = 300}).cause(), "nothing moved for 0.3 s");
}

TEST(Http, AnAnswerThatDripsIsGivenUp) {
    support::HttpServer server([](int socket, const std::string&) {
        say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        while (say(socket, std::string(1100, 'x')))
            std::this_thread::sleep_for(std::chrono::milliseconds(1100));
        return false;
    });
    EXPECT_EQ(error_of({.url = server.url(), .stall_ms = 1600}).cause(),
              "the answer came with less than 2.00 KiB/s");
}

TEST(Http, OfAWholeAnswerAPartIsEnough) {
    support::HttpServer server([](int socket, const std::string& request) {
        const bool is_whole = request.starts_with("GET /whole");
        say(socket, is_whole ? "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n0123456789"  // and no more
                             : "HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\nabcd");
        return true;
    });
    HttpClient client;
    const auto body = [&](const std::string& path, std::uint64_t from, std::uint64_t bytes) {
        HttpRequest request{.url = server.url(path), .timeout_ms = 3000};
        request.part_from = from;
        request.part_bytes = bytes;
        return client.send(request).body;
    };
    // A server that gives a part has skipped already, and keeps its connection.
    EXPECT_EQ(body("/part", 7, 4), "abcd");
    EXPECT_EQ(body("/part", 7, 4), "abcd");
    EXPECT_EQ(server.connections(), 1);
    EXPECT_EQ(body("/whole", 3, 4), "3456");
    EXPECT_EQ(body("/whole", 0, 10), "0123456789");
    EXPECT_EQ(body("/part", 7, 4), "abcd");
}

TEST(Http, SendersShareTheirRate) {
    SendLimit limit(1000);
    EXPECT_EQ(limit.share(), 1000U);
    limit.begin();
    EXPECT_EQ(limit.share(), 1000U);
    limit.begin();
    EXPECT_EQ(limit.share(), 500U);
    limit.end();
    EXPECT_EQ(limit.share(), 1000U);
}

TEST(Http, ASlowAnswerIsGivenUp) {
    support::HttpServer server([](int socket, const std::string&) {
        // A byte now and then: no single wait is long.
        say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        while (say(socket, "x")) std::this_thread::sleep_for(std::chrono::milliseconds(50));
        return false;
    });
    const base::Stopwatch watch;
    EXPECT_EQ(error_of({.url = server.url(), .timeout_ms = 500}).cause(), "no answer within 0.5 s");
    EXPECT_LT(watch.seconds(), 3);
}

TEST(Http, AClosedConnectionIsMadeAnew) {
    support::HttpServer server([](int socket, const std::string&) {
        answer(socket, "200 OK", "x");
        return false;
    });
    HttpClient client;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.send({.url = server.url()}).body, "x");
    EXPECT_EQ(server.connections(), 3);
}

TEST(Http, WorksAfterAnError) {
    std::atomic<bool> silent{true};
    support::HttpServer server(
        [&](int socket, const std::string&) { return !silent && answer(socket, "200 OK", "x"); });
    HttpClient client;
    EXPECT_THROW(client.send({.url = server.url()}), Error);
    silent = false;
    EXPECT_EQ(client.send({.url = server.url()}).body, "x");
}

TEST(Http, AStreamIsReadWhileItComes) {
    std::atomic<int> step{0};
    support::HttpServer server([&](int socket, const std::string& request) {
        EXPECT_THAT(request, testing::EndsWith("\r\n\r\nask"));
        say(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
        while (step == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        say(socket, "3\r\ntwo\r\n");
        while (step == 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        say(socket, "0\r\n\r\n");
        return false;
    });
    std::string body = "ask";
    HttpStream stream({}, {.method = "POST", .url = server.url(), .body = body});
    body = "XXX";
    const auto read = [&] {
        const base::Stopwatch watch;
        std::string got;
        while (got.empty() && !stream.ended() && watch.seconds() < 5) got = stream.read(100);
        return got;
    };
    EXPECT_EQ(stream.status(), 0);
    EXPECT_EQ(read(), "one");
    EXPECT_EQ(stream.status(), 200);
    const base::Stopwatch watch;
    EXPECT_EQ(stream.read(100), "");
    EXPECT_GT(watch.seconds(), 0.08);
    EXPECT_FALSE(stream.ended());
    step = 1;
    EXPECT_EQ(read(), "two");
    step = 2;
    EXPECT_EQ(read(), "");
    EXPECT_TRUE(stream.ended());
    EXPECT_EQ(stream.read(1000), "");
}

TEST(Http, AStreamThatDoesNotBeginIsGivenUp) {
    std::atomic<bool> done{false};
    support::HttpServer server([&](int, const std::string&) {
        while (!done) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return false;
    });
    HttpStream stream({}, {.url = server.url(), .timeout_ms = 200});
    const base::Stopwatch watch;
    EXPECT_THROW(
        {
            while (watch.seconds() < 5) EXPECT_EQ(stream.read(100), "");
        },
        Error);
    EXPECT_LT(watch.seconds(), 3);
    done = true;
}

TEST(Http, AStreamHoldsNoMoreThanItMay) {
    support::HttpServer server(
        [](int socket, const std::string&) { return answer(socket, "200 OK", std::string(100'000, 'x')); });
    HttpStream stream({}, {.url = server.url(), .response_max = 1000});
    EXPECT_THROW(
        {
            for (int i = 0; i < 50; ++i) stream.read(100);
        },
        Error);
}

// The interrupt is a matter of a whole process, so the test has one of its own, forked before there are
// threads.
TEST(Http, AnInterruptEndsARequest) {
    const pid_t child = ::fork();
    if (child == 0) {
        std::atomic<bool> done{false};
        const support::HttpServer server([&](int, const std::string&) {
            while (!done) std::this_thread::sleep_for(std::chrono::milliseconds(1));
            return false;
        });
        std::thread interrupter([] {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            base::request_interrupt();
        });
        int status = 1;
        const base::Stopwatch watch;
        try {
            HttpClient().send({.url = server.url(), .timeout_ms = 20'000});
        } catch (const Error& error) {
            status = error.kind() == ErrorKind::interrupted && watch.seconds() < 2 ? 0 : 2;
        }
        done = true;
        interrupter.join();
        ::_exit(status);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace bt2c::platform
