// The lock that reader threads share and give back in time.

#include "chaindb/sqlite/shared_lease.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace bt2c::chaindb::testing {
namespace {

using sqlite::SharedLease;
using std::chrono::milliseconds;

/// Counts what the lease does to the lock, and checks that nobody reads without it.
struct Lock {
    std::atomic<bool> held{true};
    std::atomic<int> acquired{1}, released{0};
    std::atomic<bool> refuse{false};
    std::chrono::steady_clock::time_point acquired_at{}, released_at{};
    std::unique_ptr<SharedLease> lease(milliseconds slice, milliseconds gap = milliseconds(0)) {
        return std::make_unique<SharedLease>(
            slice, gap,
            [this] {
                if (refuse) throw base::Error(base::ErrorKind::busy, "locked");
                acquired_at = std::chrono::steady_clock::now();
                EXPECT_FALSE(held.exchange(true));
                ++acquired;
            },
            [this] {
                released_at = std::chrono::steady_clock::now();
                ++released;
                EXPECT_TRUE(held.exchange(false));
            });
    }
    void await_release() const {
        while (held) std::this_thread::sleep_for(milliseconds(1));
    }
};

void sleep(int ms) {
    std::this_thread::sleep_for(milliseconds(ms));
}

TEST(SharedLease, ReadersNeverReadWithoutTheLock) {
    Lock lock;
    {
        const auto lease = lock.lease(milliseconds(2));
        std::vector<std::thread> readers;
        for (int i = 0; i < 4; ++i)
            readers.emplace_back([&] {
                for (int read = 0; read < 300; ++read) {
                    const SharedLease::Use use(*lease);
                    EXPECT_TRUE(lock.held);
                    std::this_thread::sleep_for(std::chrono::microseconds(100));
                    EXPECT_TRUE(lock.held);
                }
            });
        for (auto& reader : readers) reader.join();
    }
    EXPECT_GE(lock.released, 5);
    EXPECT_EQ(lock.acquired, lock.released);
}

TEST(SharedLease, LockGoesBackAfterTheSliceAndComesOnDemand) {
    Lock lock;
    const auto lease = lock.lease(milliseconds(20));
    lock.await_release();
    {
        const SharedLease::Use use(*lease);
        EXPECT_TRUE(lock.held);
    }
    lock.await_release();
    EXPECT_EQ(lock.acquired, 2);
    EXPECT_EQ(lock.released, 2);
}

TEST(SharedLease, ReadUnderWayIsWaitedFor) {
    Lock lock;
    const auto lease = lock.lease(milliseconds(20));
    const SharedLease::Use use(*lease);
    sleep(60);
    EXPECT_TRUE(lock.held);
}

TEST(SharedLease, WritersAreLeftAloneForAWhile) {
    Lock lock;
    const auto lease = lock.lease(milliseconds(10), milliseconds(30));
    lock.await_release();
    const auto released_at = lock.released_at;
    const SharedLease::Use use(*lease);
    EXPECT_GE(lock.acquired_at - released_at, milliseconds(30));
}

TEST(SharedLease, FailureEndsItForAll) {
    Lock lock;
    {
        const auto lease = lock.lease(milliseconds(5));
        lock.await_release();
        lock.refuse = true;
        EXPECT_THROW(SharedLease::Use{*lease}, base::Error);
        lock.refuse = false;
        EXPECT_THROW(SharedLease::Use{*lease}, base::Error);
    }
    EXPECT_EQ(lock.acquired, 1);
    EXPECT_EQ(lock.released, 1);
}

}  // namespace
}  // namespace bt2c::chaindb::testing
