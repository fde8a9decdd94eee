// How jobs learn that they should stop. [B4]
#include "base/progress.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "base/error.hpp"

namespace bt2c::base {
namespace {

using Clock = std::chrono::steady_clock;

bool stopped() {
    try {
        throw_if_interrupted();
        return false;
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::interrupted);
        return true;
    }
}

TEST(Progress, AJobIsStoppedByItsOwnFlag) {
    std::atomic<bool> outer = false, inner = true;
    const StopScope scope(&outer);
    {
        const StopScope within(&inner);
        EXPECT_TRUE(stopped());
        std::thread([] { EXPECT_FALSE(stopped()); }).join();
    }
    EXPECT_FALSE(stopped());
}

TEST(Progress, AJobIsStoppedWhenItsTimeIsOver) {
    {
        const DeadlineScope over(Clock::now() - std::chrono::seconds(1));
        EXPECT_TRUE(stopped());
        {
            const DeadlineScope later(Clock::now() + std::chrono::hours(1));
            EXPECT_FALSE(stopped());
        }
        EXPECT_TRUE(stopped());
        std::thread([] { EXPECT_FALSE(stopped()); }).join();
    }
    EXPECT_FALSE(stopped());
}

}  // namespace
}  // namespace bt2c::base
