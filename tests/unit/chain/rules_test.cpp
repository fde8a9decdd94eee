#include <gtest/gtest.h>

#include <limits>

#include "chain/economics.hpp"
#include "chain/timestamp.hpp"
#include "chain/validator_status.hpp"

namespace bt2c::chain {
namespace {

TEST(BlockReward, HalvesAndNeverFallsBelowTheSmallestUnit) {
    EXPECT_EQ(block_reward_at(-1.0), 21.0);
    EXPECT_EQ(block_reward_at(0.0), 21.0);
    EXPECT_EQ(block_reward_at(126'143'999.9), 21.0);
    EXPECT_EQ(block_reward_at(126'144'000.0), 10.5);
    EXPECT_EQ(block_reward_at(2 * 126'144'000.0), 5.25);
    EXPECT_EQ(block_reward_at(40 * 126'144'000.0), 0.00000001);
    EXPECT_EQ(block_reward_at(1e300), 0.00000001);
}

TEST(ToUnits, RoundsAndIsBounded) {
    EXPECT_EQ(to_units(21.0), 2'100'000'000);
    EXPECT_EQ(to_units(0.00000001), 1);
    EXPECT_EQ(to_units(26.38984843), 2'638'984'843);
    EXPECT_EQ(to_units(1e300), 210'000'000 * units_per_coin);
    EXPECT_EQ(to_units(-1e300), -210'000'000 * units_per_coin);
}

TEST(ValidatorStatusText, IsReadInUpperAndLowerCaseOnly) {
    EXPECT_EQ(parse_validator_status("ACTIVE"), ValidatorStatus::active);
    EXPECT_EQ(parse_validator_status("tombstoned"), ValidatorStatus::tombstoned);
    EXPECT_EQ(parse_validator_status("Jailed"), std::nullopt);
    EXPECT_EQ(parse_validator_status(""), std::nullopt);
    EXPECT_EQ(parse_validator_status("RETIRED"), std::nullopt);
    for (int i = 0; i < 5; ++i) {
        const auto status = static_cast<ValidatorStatus>(i);
        EXPECT_EQ(parse_validator_status(status_name(status)), status);
    }
}

TEST(UnstakeRequest, IsOpenWhilePendingOrProcessing) {
    EXPECT_TRUE(is_open_unstake_request("pending"));
    EXPECT_TRUE(is_open_unstake_request("PROCESSING"));
    EXPECT_FALSE(is_open_unstake_request("completed"));
    EXPECT_FALSE(is_open_unstake_request("cancelled"));
    EXPECT_FALSE(is_open_unstake_request(""));
}

TEST(Timestamp, IsReadInBothForms) {
    EXPECT_EQ(parse_timestamp("2025-04-05 00:01:40.711127"), 1743811300.711127);
    EXPECT_EQ(parse_timestamp("2025-04-05T00:01:40"), 1743811300.0);
    EXPECT_EQ(parse_timestamp("2025-04-05T00:01:40Z"), 1743811300.0);
    EXPECT_EQ(parse_timestamp("2025-04-05T02:01:40.5+02:00"), 1743811300.5);
    EXPECT_EQ(parse_timestamp("2025-04-04 19:01:40-05:00"), 1743811300.0);
    EXPECT_EQ(parse_timestamp("1970-01-01 00:00:00"), 0.0);
}

TEST(Timestamp, MovesOnInItsOwnForm) {
    EXPECT_EQ(shift_timestamp("2025-04-05 23:59:59", 1), "2025-04-06 00:00:00");
    EXPECT_EQ(shift_timestamp("2025-04-05T10:00:00.250000Z", 90.5), "2025-04-05T10:01:30.750000Z");
    EXPECT_EQ(shift_timestamp("2025-04-05 10:00:00.25+02:00", -0.5), "2025-04-05 09:59:59.75+02:00");
    EXPECT_EQ(shift_timestamp("2024-02-29 00:00:00.1234567", 0), "2024-02-29 00:00:00.1234560");
    EXPECT_EQ(shift_timestamp("1969-12-31 23:59:59.5", 0.25), "1969-12-31 23:59:59.8");
    EXPECT_EQ(shift_timestamp("0000-01-01 00:00:00", -1), std::nullopt);
    EXPECT_EQ(shift_timestamp("9999-12-31 23:59:59", 1), std::nullopt);
    EXPECT_EQ(shift_timestamp("yesterday", 1), std::nullopt);
    EXPECT_EQ(shift_timestamp("2025-04-05 10:00:00", std::numeric_limits<double>::quiet_NaN()), std::nullopt);
}

TEST(Timestamp, RefusesEverythingElse) {
    for (const char* text : {"", "2025", "2025-04-05", "2025-02-30 00:00:00", "2025-04-05 24:00:00",
                             "2025-04-05 00:00:00.", "2025-04-05 00:00:00 ", "2025-04-05x00:00:00",
                             "2025-04-05 00:00:00+0200", "-025-04-05 00:00:00", "yesterday"})
        EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
}

}  // namespace
}  // namespace bt2c::chain
