#include "verify/payment_check.hpp"

#include <cmath>

#include "base/text.hpp"
#include "chain/block_hash.hpp"
#include "chain/canonical_json.hpp"
#include "chain/economics.hpp"

namespace bt2c::verify {
namespace {

/// What texts of times are rounded to, with some room.
constexpr double text_time_error_s = 2e-6;

bool is_at_most(double amount, double allowed) {
    return amount <= allowed + chain::smallest_unit / 2;
}

}  // namespace

bool is_genuine_reward(const Block& block, const Payment& payment) {
    if (!payment.recipient || !payment.timestamp) return false;
    const auto follows_at = [&](double timestamp) {
        return chain::reward_hash({payment.amount, block.height, *payment.recipient, timestamp}) ==
               payment.hash;
    };
    if (follows_at(*payment.timestamp)) return true;
    // A time kept as text lost its last digits; the block has them.
    return payment.timestamp_is_text && std::fabs(*payment.timestamp - block.timestamp) < text_time_error_s &&
           follows_at(block.timestamp);
}

void check_payments(const Context& context, const Block& block, const std::vector<Payment>& payments,
                    Ledger& ledger, FindingBook& book) {
    const NetworkState& state = context.networks[block.network];
    const double age_s = state.first ? block.timestamp - state.first->timestamp : 0;
    const bool is_early = !(age_s > chain::early_validator_period_s);  // an unknown age is no fault
    const double reward = chain::block_reward_at(age_s);
    int block_rewards = 0;
    for (const Payment& payment : payments) {
        const auto report = [&](const std::string& expected, const char* text) {
            book.add(Check::supply, {block.height, payment.rowid}, [&] {
                return Finding{"transactions",
                               chain::hash_text(payment.hash),
                               state.name,
                               block.height,
                               expected,
                               base::format("{} of {}", payment.developer ? "developer" : "reward",
                                            chain::float_text(payment.amount)),
                               text};
            });
        };
        if (!(payment.amount >= 0)) continue;  // reported along with the row
        ledger.paid(block.network, payment.amount);
        const bool is_first_validators = payment.amount == chain::first_validator_reward ||
                                         payment.amount == chain::older_first_validator_reward;
        const bool is_early_validators = is_early && payment.amount == chain::early_validator_reward;
        if (is_first_validators && (payment.developer || is_early)) {
            ledger.paid_once(block.network, {block.height, payment.rowid, payment.amount});
        } else if (payment.developer) {
            if (!is_at_most(payment.amount, chain::first_validator_reward))
                report(base::format("at most {}", chain::float_text(chain::first_validator_reward)),
                       "the payment is larger than any that the chain makes");
        } else if (!is_at_most(payment.amount, reward)) {
            report(base::format("at most {} at this time", chain::float_text(reward)),
                   "the reward is larger than the schedule allows");
        } else if (!is_early_validators && ++block_rewards > 1) {
            report("one reward in a block", "the block has more than one reward");
        }
    }
}

}  // namespace bt2c::verify
