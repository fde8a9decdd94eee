#include "cli/secret_prompt.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "base/error.hpp"
#include "platform/signals.hpp"

namespace bt2c::cli {
namespace {

using testing::HasSubstr;

/// What a person at a terminal of its own saw, and how the program that asked there ended.
struct Session {
    std::string screen;
    int status = -1;
};

/// Runs `program` on a new terminal and types each of `lines` once there is a new question.
Session at_terminal(const std::vector<std::string>& lines, const std::function<int()>& program) {
    int master = -1;
    const pid_t child = ::forkpty(&master, nullptr, nullptr, nullptr);
    if (child == 0) {
        int status = 99;
        try {
            status = program();
        } catch (const base::Error& error) {
            status = base::exit_status(error.kind());
        }
        ::_exit(status);
    }
    Session session;
    std::size_t typed = 0;
    char buffer[1000];
    for (;;) {
        pollfd waiting{.fd = master, .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, 10'000) <= 0) break;
        const ssize_t got = ::read(master, buffer, sizeof buffer);
        if (got <= 0) break;
        session.screen.append(buffer, static_cast<std::size_t>(got));
        if (session.screen.ends_with(": ") && typed < lines.size()) {
            const std::string& line = lines[typed++];
            EXPECT_EQ(::write(master, line.data(), line.size()), static_cast<ssize_t>(line.size()));
        }
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(master);
    session.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return session;
}

/// As under 'su - USER -c': stdin and stderr are on a terminal that is another session's.
int in_another_session(const std::function<int()>& program) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::setsid();
        return program();
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

TEST(SecretPrompt, AnswerIsReadAndNeverShown) {
    const Session session = at_terminal({"s3cret word\n"}, [] {
        const auto secret = ask_secret("Password");
        return secret && secret->text() == "s3cret word" ? 0 : 1;
    });
    EXPECT_EQ(session.status, 0);
    EXPECT_THAT(session.screen, HasSubstr("Password: "));
    EXPECT_THAT(session.screen, testing::Not(HasSubstr("s3cret")));
}

TEST(SecretPrompt, EchoIsBackAfterwards) {
    const Session session = at_terminal({"x\n"}, [] {
        ask_secret("Password");
        termios settings{};
        ::tcgetattr(0, &settings);
        return (settings.c_lflag & ECHO) != 0 ? 0 : 1;
    });
    EXPECT_EQ(session.status, 0);
}

TEST(SecretPrompt, NewSecretIsAskedForTwice) {
    const auto program = [] { return ask_new_secret("New password")->text() == "abc" ? 0 : 1; };
    const Session same = at_terminal({"abc\n", "abc\n"}, program);
    EXPECT_EQ(same.status, 0);
    EXPECT_THAT(same.screen, HasSubstr("New password, again: "));
    EXPECT_EQ(at_terminal({"abc\n", "abd\n"}, program).status, 2);
    EXPECT_EQ(at_terminal({"\n"}, program).status, 2);
}

TEST(SecretPrompt, InterruptEndsTheWait) {
    const Session session = at_terminal({"half\x03"}, [] {
        platform::handle_signals();
        ask_secret("Password");
        return 0;
    });
    EXPECT_EQ(session.status, 130);
}

TEST(SecretPrompt, EndOfInputIsAnError) {
    EXPECT_EQ(at_terminal({"\x04"}, [] { return ask_secret("Password") ? 0 : 3; }).status, 1);
}

TEST(SecretPrompt, ATerminalOfAnotherSessionWillDo) {
    const Session session = at_terminal({"s3cret word\n", "x\n", "abc\n", "abc\n"}, [] {
        return in_another_session([] {
            if (::open("/dev/tty", O_RDWR) >= 0) return 9;
            const auto secret = ask_secret("Password");
            if (!secret || secret->text() != "s3cret word") return 1;
            termios settings{};
            ::tcgetattr(0, &settings);
            if ((settings.c_lflag & ECHO) == 0) return 2;
            if (ask_visibly("Name") != "x") return 3;
            return ask_new_secret("New password")->text() == "abc" ? 0 : 4;
        });
    });
    EXPECT_EQ(session.status, 0);
    EXPECT_THAT(session.screen, HasSubstr("Password: "));
    EXPECT_THAT(session.screen, testing::Not(HasSubstr("s3cret")));
}

TEST(SecretPrompt, WithoutATerminalThereIsNoAnswer) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::setsid();
        ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
        ::_exit(ask_secret("Password") || ask_new_secret("Password") ? 1 : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace bt2c::cli
