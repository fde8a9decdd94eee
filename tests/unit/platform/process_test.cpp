#include "platform/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "platform/signals.hpp"

namespace bt2c::platform {
namespace {

using base::Error;
using Words = std::vector<std::string>;

std::string output_of(const Words& words) {
    return std::string(base::as_text(run_and_capture(words, 1000, 10'000).output));
}

TEST(Process, OutputAndStatusComeBack) {
    EXPECT_EQ(output_of({"printf", "%s-%s", "a b", ""}), "a b-");
    EXPECT_EQ(run_and_capture({"sh", "-c", "exit 7"}, 10, 10'000).status, 7);
    EXPECT_EQ(run_and_capture({"sh", "-c", "kill -TERM $$"}, 10, 10'000).status, 128 + SIGTERM);
}

TEST(Process, ProgramThatIsNotThereIsAnError) {
    EXPECT_THROW(run_and_capture({"/no/such/program"}, 10, 1000), Error);
}

TEST(Process, LimitsAreKept) {
    EXPECT_EQ(run_and_capture({"printf", "0123456789"}, 10, 10'000).output.size(), 10U);
    EXPECT_THROW(run_and_capture({"printf", "0123456789x"}, 10, 10'000), Error);
    EXPECT_THROW(run_and_capture({"yes"}, 1000, 10'000), Error);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_THROW(run_and_capture({"sleep", "30"}, 10, 100), Error);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
    EXPECT_LT(::waitpid(-1, nullptr, WNOHANG), 0) << "a child was left";
}

/// Runs `work` in a child of its own, since handlers cannot be taken back, and returns how it ended.
template <typename Work>
int status_of_child(const Work& work) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(work());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int interrupted() {
    try {
        base::throw_if_interrupted();
    } catch (const Error& error) {
        return base::exit_status(error.kind());
    }
    return 0;
}

TEST(Signals, TheFirstAsksTheSecondKills) {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        EXPECT_EQ(status_of_child([&] {
                      handle_signals();
                      if (interrupted() != 0) return 1;
                      ::raise(number);
                      return interrupted();
                  }),
                  130);
        EXPECT_EQ(status_of_child([&] {
                      handle_signals();
                      ::raise(number);
                      ::raise(number);
                      return 0;
                  }),
                  128 + number);
    }
}

TEST(Signals, WhatTheParentIgnoresStaysIgnored) {
    EXPECT_EQ(status_of_child([] {
                  ::signal(SIGHUP, SIG_IGN);
                  handle_signals();
                  ::raise(SIGHUP);
                  return interrupted();
              }),
              0);
}

TEST(Signals, AClosedPipeFailsTheWriteOnlyAndChildrenAsEver) {
    EXPECT_EQ(status_of_child([] {
                  handle_signals();
                  int ends[2];
                  if (::pipe(ends) != 0) return 1;
                  ::close(ends[0]);
                  if (::write(ends[1], "x", 1) != -1 || errno != EPIPE) return 2;
                  return run_and_capture({"sh", "-c", "kill -PIPE $$"}, 10, 10'000).status;
              }),
              128 + SIGPIPE);
}

TEST(Signals, AnInterruptEndsTheWaitForAChild) {
    EXPECT_EQ(status_of_child([] {
                  base::request_interrupt();
                  try {
                      run_and_capture({"sleep", "30"}, 10, 20'000);
                  } catch (const Error& error) {
                      return base::exit_status(error.kind());
                  }
                  return 0;
              }),
              130);
}

TEST(Process, ClosedStandardDescriptorsAreFilledAndTakeNothing) {
    EXPECT_EQ(status_of_child([] {
                  ::close(0);
                  ::close(1);
                  ::close(2);
                  open_standard_descriptors();
                  const int next = ::open("/dev/null", O_RDONLY);
                  char byte = 0;
                  return next > 2 && ::read(0, &byte, 1) == 0 && ::write(1, "x", 1) < 0 &&
                                 ::write(2, "x", 1) < 0
                             ? 0
                             : 1;
              }),
              0);
}

}  // namespace
}  // namespace bt2c::platform
