// The table `retention` of dr.toml. [B7]

#include "config/retention_settings.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "config/settings.hpp"

namespace bt2c::config {
namespace {

RetentionSettings parse(std::string_view text) {
    return parse_settings(text, "dr.toml", Home{"/n"}).retention;
}

TEST(RetentionSettings, DefaultsAreThoseOfTheProcedures) {
    const RetentionSettings retention = parse("");
    EXPECT_EQ(retention.daily_days, 30);
    EXPECT_EQ(retention.weekly_weeks, 13);
    EXPECT_EQ(retention.monthly_months, 12);
    EXPECT_EQ(retention.recent_days, 7);
    EXPECT_EQ(retention.safety_days, 30);
}

TEST(RetentionSettings, ValuesAreTaken) {
    const RetentionSettings retention = parse(
        "[retention]\nrecent_days = 2\ndaily_days = 0\nweekly_weeks = 1\nmonthly_months = 120\n"
        "safety_days = 9\n");
    EXPECT_EQ(retention.recent_days, 2);
    EXPECT_EQ(retention.daily_days, 0);
    EXPECT_EQ(retention.weekly_weeks, 1);
    EXPECT_EQ(retention.monthly_months, 120);
    EXPECT_EQ(retention.safety_days, 9);
}

TEST(RetentionSettings, OthersAreRefused) {
    for (const char* text : {"recent_days = 0", "daily_days = -1", "monthly_months = 121", "daily = 3",
                             "weekly_weeks = '13'", "keep = 5"}) {
        try {
            parse(std::string("[retention]\n") + text + "\n");
            ADD_FAILURE() << text;
        } catch (const base::Error& error) {
            EXPECT_EQ(error.kind(), base::ErrorKind::usage) << text;
        }
    }
}

}  // namespace
}  // namespace bt2c::config
