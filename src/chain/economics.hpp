#pragma once
// What the chain pays and to whom. Source: "Economics" of the chain's data model. Amounts in BT2C.

#include <cstdint>

namespace bt2c::chain {

inline constexpr double max_supply = 21'000'000.0;
inline constexpr double first_block_reward = 21.0;
inline constexpr double smallest_unit = 0.00000001;
inline constexpr double min_stake = 1.0;
inline constexpr double halving_interval_s = 126'144'000.0;
/// Paid once to a network's first validator; older chains paid the smaller amount.
inline constexpr double first_validator_reward = 1000.0;
inline constexpr double older_first_validator_reward = 100.0;
/// Paid once to each validator that joins during the first days.
inline constexpr double early_validator_reward = 1.0;
inline constexpr double early_validator_period_s = 14 * 86'400.0;
/// Units of the smallest amount in one BT2C.
inline constexpr std::int64_t units_per_coin = 100'000'000;

/// The reward of a block made `age_s` seconds after the network's first block.
double block_reward_at(double age_s);
/// Whole smallest units, rounded; amounts beyond ten times the supply (or not finite) are cut there.
std::int64_t to_units(double amount);

}  // namespace bt2c::chain
