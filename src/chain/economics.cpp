#include "chain/economics.hpp"

#include <algorithm>
#include <cmath>

namespace bt2c::chain {

double block_reward_at(double age_s) {
    if (!(age_s >= halving_interval_s)) return first_block_reward;
    // 32 halvings are below the smallest unit.
    const double halvings = std::min(std::floor(age_s / halving_interval_s), 32.0);
    return std::max(std::ldexp(first_block_reward, -static_cast<int>(halvings)), smallest_unit);
}

std::int64_t to_units(double amount) {
    if (std::isnan(amount)) return 0;
    return std::llround(std::clamp(amount, -10 * max_supply, 10 * max_supply) * units_per_coin);
}

}  // namespace bt2c::chain
