#include "platform/isolated.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/time.hpp"
#include "platform/signals.hpp"

namespace bt2c::platform {
namespace {

using base::Bytes;
using base::Error;
using base::ErrorKind;
using End = IsolatedResult::End;

IsolatedResult run(const std::function<Bytes()>& job, int timeout_ms = 20'000) {
    return run_isolated(job, 1000, timeout_ms);
}

TEST(Isolated, AnswerComesBack) {
    int changed = 0;
    const IsolatedResult result = run([&] {
        changed = 1;
        return Bytes(1000, 7);
    });
    EXPECT_EQ(result.end, End::answered);
    EXPECT_EQ(result.answer, Bytes(1000, 7));
    EXPECT_EQ(changed, 0) << "the job ran in this process";
    EXPECT_TRUE(run([] { return Bytes(); }).answer.empty());
}

TEST(Isolated, ErrorComesBackCut) {
    try {
        run([]() -> Bytes {
            throw Error(ErrorKind::wrong_secret, "no")
                .cause("why")
                .state("what")
                .hint(std::string(5000, 'x'));
        });
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::wrong_secret);
        EXPECT_EQ(error.message(), "no");
        EXPECT_EQ(error.cause(), "why");
        EXPECT_EQ(error.state(), "what");
        EXPECT_EQ(error.hint(), std::string(1000, 'x'));
    }
}

TEST(Isolated, OtherKindsOfErrorsBecomeFailed) {
    for (const ErrorKind kind : {ErrorKind::interrupted, ErrorKind::findings, ErrorKind::no_repository}) try {
            run([&]() -> Bytes { throw Error(kind, "no"); });
            FAIL() << "nothing was thrown";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::failed);
        }
}

TEST(Isolated, LongAnswerIsNone) {
    EXPECT_THROW(run([] { return Bytes(1001, 7); }), Error);
}

TEST(Isolated, DeathsAreToldApart) {
    const IsolatedResult crashed = run([]() -> Bytes {
        ::raise(SIGABRT);
        return {};
    });
    EXPECT_EQ(crashed.end, End::crashed);
    EXPECT_EQ(crashed.number, SIGABRT);
    const IsolatedResult ended = run([]() -> Bytes { ::_exit(3); });
    EXPECT_EQ(ended.end, End::ended);
    EXPECT_EQ(ended.number, 3);
    const auto sleep_long = []() -> Bytes {
        ::sleep(1000);
        return {};
    };
    EXPECT_EQ(run(sleep_long, 100).end, End::timed_out);
}

TEST(Isolated, WhatItStartedDoesNotHoldTheAnswerBack) {
    const base::Stopwatch watch;
    EXPECT_EQ(run([] {
                  if (::fork() == 0) ::sleep(1000);
                  return Bytes{1};
              }).end,
              End::answered);
    EXPECT_LT(watch.seconds(), 10);
}

TEST(Isolated, NothingOfOursIsOpenThere) {
    const int own = ::open("/dev/null", O_RDWR);
    const IsolatedResult result = run([&] {
        std::uint8_t open = 0;
        for (int fd = 4; fd < 100; ++fd)
            if (::fcntl(fd, F_GETFD) >= 0) ++open;
        const bool silent = ::isatty(1) == 0 && ::write(1, "noise", 5) == 5;
        return Bytes{open, static_cast<std::uint8_t>(silent)};
    });
    ::close(own);
    EXPECT_EQ(result.answer, (Bytes{0, 1}));
}

TEST(Isolated, InterruptEndsTheWait) {
    const pid_t child = ::fork();
    if (child == 0) {
        handle_signals();
        ::alarm(0);
        struct sigaction ask {};
        ask.sa_handler = [](int) { base::request_interrupt(); };
        ::sigaction(SIGALRM, &ask, nullptr);
        ::ualarm(200'000, 0);
        try {
            run([]() -> Bytes {
                ::sleep(1000);
                return {};
            });
        } catch (const Error& error) {
            ::_exit(base::exit_status(error.kind()));
        }
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 130);
}

}  // namespace
}  // namespace bt2c::platform
