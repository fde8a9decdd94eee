#include "base/time.hpp"

#include <gtest/gtest.h>

namespace bt2c::base {
namespace {

TEST(Time, IsWrittenInUtc) {
    EXPECT_EQ(format_utc(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(format_utc(1775354400123), "2026-04-05T02:00:00.123Z");
    EXPECT_EQ(format_utc(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Time, WhatIsWrittenIsReadBack) {
    for (const UnixMs time : {UnixMs{0}, UnixMs{1775354400123}, UnixMs{-1}, UnixMs{951782400000}, UnixMs{1}})
        EXPECT_EQ(parse_utc(format_utc(time)), time);
}

TEST(Time, WhatIsNoTimeIsRefused) {
    for (const char* text :
         {"", "2026", "2026-02-31T00:00:00Z", "2026-04-05T24:00:00Z", "2026-04-05T02:00:60Z",
          "2026-04-05 02:00:00Z", "2026-04-05T02:00:00", "2026-04-05T02:00:00.1Z", "2026-04-05T02:00:00.000Z",
          "2026-04-05T02:00:00Z ", "+026-04-05T02:00:00Z"})
        EXPECT_FALSE(parse_utc(text)) << text;
}

TEST(Time, StopwatchRunsForward) {
    const Stopwatch watch;
    const double first = watch.seconds();
    EXPECT_GE(first, 0);
    EXPECT_GE(watch.seconds(), first);
    EXPECT_GT(now_unix_ms(), 1'700'000'000'000);
}

}  // namespace
}  // namespace bt2c::base
