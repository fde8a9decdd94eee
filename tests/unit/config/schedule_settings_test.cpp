// The table `schedule` of dr.toml. [A1]

#include "config/schedule_settings.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "config/settings.hpp"

namespace bt2c::config {
namespace {

ScheduleSettings parse(std::string_view text) {
    return parse_settings(text, "dr.toml", Home{"/n"}).schedule;
}

std::string error_of(std::string_view text) {
    try {
        parse(text);
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::usage);
        return error.message();
    }
    return "";
}

TEST(Schedule, DefaultsAreDailyHourlyAndWeekly) {
    const ScheduleSettings schedule = parse("");
    EXPECT_EQ(weekly_time_text(*schedule.full), "02:00");
    EXPECT_EQ(schedule.incremental_minutes, 60);
    EXPECT_EQ(weekly_time_text(*schedule.verify), "03:00");
    EXPECT_EQ(weekly_time_text(*schedule.restore_test), "Sun 04:00");
    EXPECT_TRUE(schedule.prune);
}

TEST(Schedule, ValuesAreTaken) {
    const ScheduleSettings schedule = parse(
        "[schedule]\nfull = 'Sat 23:59'\nincremental_minutes = 0\nverify = 'off'\nrestore_test = '00:00'\n"
        "prune = false\njitter_seconds = 0\ncpu_percent = 25\nio_weight = 5\nio_mib_per_second = "
        "70\nwait_minutes = 10\nproof_days = "
        "1\n"
        "scratch = 'space'\n");
    EXPECT_EQ(schedule.full, (WeeklyTime{6, 23 * 60 + 59}));
    EXPECT_EQ(schedule.incremental_minutes, 0);
    EXPECT_FALSE(schedule.verify);
    EXPECT_EQ(schedule.restore_test, (WeeklyTime{std::nullopt, 0}));
    EXPECT_FALSE(schedule.prune);
    EXPECT_EQ(schedule.jitter_seconds, 0);
    EXPECT_EQ(schedule.cpu_percent, 25);
    EXPECT_EQ(schedule.io_weight, 5);
    EXPECT_EQ(schedule.io_mib_per_second, 70);
    EXPECT_EQ(schedule.wait_minutes, 10);
    EXPECT_EQ(schedule.proof_days, 1);
    EXPECT_EQ(schedule.scratch, "/n/space");
}

TEST(Schedule, TimesAreReadStrictly) {
    for (const char* text : {"2:00", "24:00", "02:60", "02:00 ", " 02:00", "sun 02:00", "Sunday 02:00",
                             "Sun  02:00", "Sun02:00", "", "0200", "02:0x", "-1:00", "Sun", "02:00:00"})
        EXPECT_FALSE(parse_weekly_time(text)) << text;
    EXPECT_EQ(error_of("schedule.full = '2 o clock'"),
              "cannot use dr.toml line 1: 'schedule.full' must be a time in UTC such as \"02:00\" or \"Sun "
              "04:00\", or "
              "\"off\"");
    EXPECT_NE(error_of("schedule.full = 2"), "");
}

TEST(Schedule, MinutesDivideAnHourOrADay) {
    for (const int minutes : {0, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440})
        EXPECT_EQ(parse("schedule.incremental_minutes = " + std::to_string(minutes)).incremental_minutes,
                  minutes);
    for (const int minutes : {-60, 1, 4, 7, 25, 45, 61, 90, 300, 1441, 2880})
        EXPECT_NE(error_of("schedule.incremental_minutes = " + std::to_string(minutes)), "") << minutes;
}

TEST(Schedule, ASlipOfTheKeyIsNamed) {
    EXPECT_NE(error_of("schedule.fulll = '02:00'"), "");
    EXPECT_NE(error_of("schedule.cpu_percent = 0"), "");
    EXPECT_NE(error_of("schedule.cpu_percent = 101"), "");
}

}  // namespace
}  // namespace bt2c::config
