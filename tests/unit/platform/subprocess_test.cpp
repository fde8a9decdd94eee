// Children that are slowed down and do not outlive us. [A1]

#include "platform/subprocess.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/time.hpp"
#include "platform/scratch_folder.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::platform {
namespace {

using Rank = Subprocess::Rank;
constexpr int patience_ms = 60'000;

std::string text_of(const Subprocess& child) {
    return std::string(base::as_text(child.output()));
}

TEST(Subprocess, OutputAndStatusAreKept) {
    Subprocess child({"sh", "-c", "echo hello; exit 6"}, Rank::usual, 100);
    EXPECT_EQ(child.wait(patience_ms), 6);
    EXPECT_EQ(text_of(child), "hello\n");
    Subprocess killed({"sh", "-c", "kill -9 $$"}, Rank::usual, 100);
    EXPECT_EQ(killed.wait(patience_ms), 128 + SIGKILL);
}

TEST(Subprocess, TooMuchOutputIsPassedOver) {
    Subprocess child({"head", "-c", "1000000", "/dev/zero"}, Rank::usual, 10);
    EXPECT_EQ(child.wait(patience_ms), 0);
    EXPECT_EQ(child.output().size(), 10U);
}

TEST(Subprocess, OneThatClosesItsOutputIsWaitedFor) {
    Subprocess child({"sh", "-c", "exec >&-; sleep 0.1; exit 4"}, Rank::usual, 10);
    EXPECT_EQ(child.wait(patience_ms), 4);
}

TEST(Subprocess, AProgramThatIsNotThereIsAnError) {
    Subprocess child({"/nowhere/at/all"}, Rank::usual, 100);
    EXPECT_THROW(child.wait(patience_ms), base::Error);
}

TEST(Subprocess, BackgroundRankIsBehindTheOthers) {
    Subprocess child({"sh", "-c", "nice; ionice"}, Rank::background, 100);
    ASSERT_EQ(child.wait(patience_ms), 0);
    const int own = getpriority(PRIO_PROCESS, 0);
    EXPECT_EQ(text_of(child), std::to_string(std::max(own, 10)) + "\nidle\n");
}

TEST(Subprocess, APausedOneCanBeEnded) {
    Subprocess child({"sleep", "600"}, Rank::usual, 0);
    child.pause();
    child.ask_to_end();
    EXPECT_EQ(child.wait(patience_ms), 128 + SIGTERM);
}

TEST(Subprocess, ItGoesWithItsObject) {
    std::string pid;
    {
        Subprocess child({"sh", "-c", "echo $$; exec sleep 600"}, Rank::usual, 20);
        while (child.output().empty()) ASSERT_EQ(child.wait(10), std::nullopt);
        pid = text_of(child);
    }
    EXPECT_NE(::kill(std::stoi(pid), 0), 0);
}

TEST(RateBudget, PausesMakeUpForWhatWasUsed) {
    RateBudget budget(0.5);
    EXPECT_EQ(budget.pause_s(0.01, 0.0), 0);
    EXPECT_EQ(budget.pause_s(0.02, 0.01), 0);
    EXPECT_NEAR(budget.pause_s(0.03, 0.04), 0.05, 1e-9);
    EXPECT_EQ(budget.pause_s(0.09, 0.04), 0);
}

TEST(RateBudget, RestIsNotSavedUpForLong) {
    RateBudget budget(0.5);
    EXPECT_EQ(budget.pause_s(1000, 0), 0);
    EXPECT_NEAR(budget.pause_s(1001, 1), 0.9, 1e-9);  // 0.1 s of a second that was used at full
}

TEST(RateBudget, ABusyChildKeepsToItsShare) {
    // A busy machine only gives it less.
    rusage before{}, after{};
    Subprocess busy({"sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"}, Rank::background, 0);
    getrusage(RUSAGE_CHILDREN, &before);
    const base::Stopwatch alone;
    EXPECT_EQ(wait_within_share(busy, {.processors = 0.25}, patience_ms), 0);
    const double wall = alone.seconds();
    getrusage(RUSAGE_CHILDREN, &after);
    const auto seconds = [](const rusage& usage) {
        return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    };
    EXPECT_LT((seconds(after) - seconds(before)) / wall, 0.35);
}

TEST(RateBudget, AChildThatWritesKeepsToItsShare) {
    // Beside this program, since folders for temporary files may lie in memory, where nothing counts.
    const fs::path file = fs::current_path() / "written by a child";
    constexpr std::uint64_t mib = 1 << 20;
    Subprocess writer(
        {"dd", "if=/dev/zero", "of=" + file.string(), "bs=256k", "count=80", "oflag=dsync", "status=none"},
        Rank::background, 0);
    const base::Stopwatch watch;
    // A slow disk only takes longer.
    EXPECT_EQ(wait_within_share(writer, {.processors = 64, .io_bytes_per_second = 20 * mib}, patience_ms), 0);
    EXPECT_GT(watch.seconds(), 0.6);  // 20 MiB, some of them before the first pause
    fs::remove(file);
}

TEST(ScratchFolder, IsGoneAfterwards) {
    const support::TemporaryFolder folder;
    fs::path path;
    {
        const ScratchFolder scratch(folder.path(), "test");
        path = scratch.path();
        EXPECT_EQ(fs::status(path).permissions(), fs::perms(0700));
        fs::create_directories(path / "a/b");
        fs::permissions(path / "a", fs::perms(0500));
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST(ScratchFolder, WhatAKilledOneLeftIsRemovedAndALiveOneStays) {
    const support::TemporaryFolder folder;
    fs::create_directories(folder / "test-stale/x");
    fs::create_directories(folder / "tester");
    const ScratchFolder one(folder.path(), "test");
    const ScratchFolder two(folder.path(), "test");
    EXPECT_FALSE(fs::exists(folder / "test-stale"));
    EXPECT_TRUE(fs::exists(folder / "tester"));
    EXPECT_TRUE(fs::exists(one.path()));
    EXPECT_TRUE(fs::exists(two.path()));
}

TEST(ScratchFolder, WhereItCannotBeIsToldIt) {
    EXPECT_THROW(ScratchFolder("/nowhere", "test"), base::Error);
}

}  // namespace
}  // namespace bt2c::platform
