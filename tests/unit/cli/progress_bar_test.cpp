#include "cli/progress_bar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/error.hpp"

namespace bt2c::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

std::atomic<std::int64_t> clock_ms{0};

ProgressBar::Clock::time_point test_clock() {
    return ProgressBar::Clock::time_point(std::chrono::milliseconds(clock_ms));
}

struct ProgressBarTest : testing::Test {
    ProgressBarTest() { clock_ms = 1'000'000; }
};

constexpr std::uint64_t mib = 1 << 20;

TEST_F(ProgressBarTest, LiveBarShowsAmountRateAndTimeLeft) {
    TextTerminal window(true, false, 120);
    {
        ProgressBar bar(window, test_clock);
        bar.phase("reading pages", 100 * mib);
        clock_ms += 2000;
        bar.advance(50 * mib);
        EXPECT_THAT(window.text(), HasSubstr("reading pages ████████████████████░░░░░░░░░░░░░░░░░░░░  50 %  "
                                             "50.0 MiB of 100 MiB, 25.0 MiB/s, 2.0 s left"));
    }
    EXPECT_THAT(window.text(), EndsWith("\r\x1b[2K")) << "the bar must be taken away";
    EXPECT_EQ(window.text().find('\n'), std::string::npos);
}

TEST_F(ProgressBarTest, LinesElsewhereEveryFiveSeconds) {
    TextTerminal log;
    {
        ProgressBar bar(log, test_clock);
        bar.items_phase("checking blocks", 1000);
        for (int i = 0; i < 120; ++i) {
            clock_ms += 100;
            bar.advance(5);
        }
        bar.phase("short", 10);
        bar.advance(10);
    }
    EXPECT_EQ(log.text(),
              "checking blocks:  25 % 250 of 1,000, 50/s, 15 s left\n"
              "checking blocks:  50 % 500 of 1,000, 50/s, 10 s left\n"
              "checking blocks: 600 in 12 s\n");
}

TEST_F(ProgressBarTest, RedrawsAtMostTenTimesASecond) {
    TextTerminal window(true, false, 100);
    ProgressBar bar(window, test_clock);
    bar.phase("reading", 0);
    for (int i = 0; i < 10'000; ++i) {
        if (i % 10 == 0) clock_ms += 1;
        bar.advance(1);
    }
    const std::string text = window.text();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 11);
}

TEST_F(ProgressBarTest, NotesStayAboveTheBar) {
    TextTerminal window(true, false, 100);
    ProgressBar bar(window, test_clock);
    bar.phase("reading", 10);
    bar.note("the database\nis busy");
    EXPECT_THAT(window.text(), HasSubstr("\r\x1b[2Knote: the database\\x0ais busy\n"));
    EXPECT_THAT(window.text(), EndsWith("0 B of 10 B"));
}

TEST_F(ProgressBarTest, NarrowWindowNeverWraps) {
    for (std::size_t width : {1U, 5U, 20U, 45U, 60U}) {
        TextTerminal window(true, false, width);
        ProgressBar bar(window, test_clock);
        bar.phase("reading pagés of the database", 100 * mib);
        clock_ms += 2000;
        bar.advance(50 * mib);
        std::string rest = window.text();
        for (std::size_t at; (at = rest.rfind("\x1b[2K")) != std::string::npos; rest.resize(at)) {
            std::string line = rest.substr(at + 4);
            line.erase(std::min(line.find('\r'), line.size()));
            EXPECT_LT(display_width(line), width + (width == 1)) << line;
        }
    }
}

TEST_F(ProgressBarTest, MoreThanTheTotalIsNoHarm) {
    TextTerminal window(true, false, 100);
    ProgressBar bar(window, test_clock);
    bar.phase("reading", 10);
    clock_ms += 1000;
    bar.advance(30);
    EXPECT_THAT(window.text(), HasSubstr("100 %  30 B of 10 B, 30 B/s"));
    bar.advance(1);
}

TEST_F(ProgressBarTest, ManyThreadsMayAdvance) {
    TextTerminal window(true, false, 80);
    {
        ProgressBar bar(window, ProgressBar::Clock::now);
        bar.items_phase("counting", 400'000);
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 100'000; ++i) bar.advance(1);
            });
        for (int i = 0; i < 20; ++i) bar.note("meanwhile");
        for (std::thread& thread : threads) thread.join();
        bar.note("over");
        EXPECT_THAT(window.text(), HasSubstr("400,000 of 400,000"));
    }
}

TEST_F(ProgressBarTest, BrokenStreamFailsNoJob) {
    struct Broken final : Terminal {
        Broken() : Terminal(true, true) {}
        void write(std::string_view) override { throw base::Error(base::ErrorKind::failed, "closed"); }
    } broken;
    ProgressBar bar(broken, test_clock);
    bar.phase("reading", 10);
    clock_ms += 1000;
    bar.advance(5);
    bar.note("still here");
}

}  // namespace
}  // namespace bt2c::cli
