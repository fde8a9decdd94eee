#include "base/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "base/error.hpp"

namespace bt2c::base {
namespace {

TEST(Parallel, ResultsComeInOrderFromAnyNumberOfThreads) {
    for (const unsigned threads : {1U, 2U, 7U}) {
        std::vector<std::uint64_t> taken;
        ordered_parallel(
            threads, 1000, [](std::uint64_t i) { return i * i; },
            [&](std::uint64_t i, std::uint64_t result) {
                EXPECT_EQ(result, i * i);
                taken.push_back(i);
            });
        std::vector<std::uint64_t> expected(1000);
        std::iota(expected.begin(), expected.end(), std::uint64_t{0});
        EXPECT_EQ(taken, expected);
    }
}

TEST(Parallel, NothingToDoCallsNothing) {
    ordered_parallel(
        4, 0, [](std::uint64_t) -> int { throw std::logic_error("called"); },
        [](std::uint64_t, int) { FAIL(); });
}

TEST(Parallel, AFailureOfEitherSideStopsAllAndComesOut) {
    std::atomic<std::uint64_t> worked{0};
    const auto work = [&](std::uint64_t i) {
        if (++worked; i == 50) throw Error(ErrorKind::failed, "work");
        return i;
    };
    EXPECT_THROW(ordered_parallel(3, 1'000'000, work, [](std::uint64_t, std::uint64_t) {}), Error);
    EXPECT_LT(worked, 1000U);
    std::uint64_t taken = 0;
    EXPECT_THROW(ordered_parallel(
                     3, 1'000'000, [](std::uint64_t i) { return i; },
                     [&](std::uint64_t i, std::uint64_t) {
                         taken = i;
                         if (i == 20) throw std::runtime_error("take");
                     }),
                 std::runtime_error);
    EXPECT_EQ(taken, 20U);
}

TEST(Parallel, WorkNeverRunsFarAheadOfTaking) {
    std::atomic<std::uint64_t> started{0};
    std::uint64_t most_ahead = 0;
    ordered_parallel(
        4, 500, [&](std::uint64_t i) { return ++started, i; },
        [&](std::uint64_t i, std::uint64_t) { most_ahead = std::max(most_ahead, started - i); });
    EXPECT_LE(most_ahead, 4U * 4 + 4);
}

// Last, because an interrupt cannot be taken back: each test runs in a process of its own under ctest.
TEST(ParallelDeathTest, AnInterruptStopsIt) {
    EXPECT_EXIT(
        {
            request_interrupt();
            try {
                ordered_parallel(
                    2, 10, [](std::uint64_t i) { return i; }, [](std::uint64_t, std::uint64_t) {});
            } catch (const Error& error) {
                std::exit(exit_status(error.kind()));
            }
        },
        testing::ExitedWithCode(130), "");
}

}  // namespace
}  // namespace bt2c::base
