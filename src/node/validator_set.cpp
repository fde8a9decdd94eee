#include "node/validator_set.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "chain/economics.hpp"
#include "node/proposer.hpp"
#include "node/tables.hpp"

namespace bt2c::node {

using chain::ValidatorStatus;

namespace {

constexpr std::int64_t first_reputation = 1000;
constexpr std::int64_t block_earns = 10;
constexpr double thousand = 1000;

std::int64_t thousandths(double reputation) {
    if (std::isnan(reputation)) return reputation_min;
    return std::clamp(std::llround(std::clamp(reputation, 0.0, 10.0) * thousand),
                      static_cast<long long>(reputation_min), static_cast<long long>(reputation_max));
}

}  // namespace

bool ValidatorSet::Row::eligible() const {
    return status == ValidatorStatus::active && stake_units >= chain::to_units(chain::min_stake);
}

ValidatorSet::ValidatorSet(Database& database, std::string network)
    : database_(database), network_(std::move(network)) {
    // The older software keeps its times with a blank.
    if (!database_.connection().has_table("nonces")) block_time_separator_ = ' ';
}

const std::vector<ValidatorSet::Row>& ValidatorSet::rows() {
    if (loaded_) return rows_;
    rows_.clear();
    auto query = database_.ask(
        "SELECT address, coalesce(status, ''), coalesce(stake, 0), coalesce(reputation, 0), "
        "coalesce(total_blocks, 0), coalesce(rewards_earned, 0), coalesce(joined_at, ''), "
        "coalesce(last_block, '') FROM validators WHERE network_type = ?1 AND typeof(address) = 'text'",
        network_);
    while (query.next()) {
        Row& row = rows_.emplace_back();
        row.address = query->string(0);
        row.stored_status = query->string(1);
        row.status = chain::parse_validator_status(row.stored_status);
        row.stake_units = std::max<std::int64_t>(chain::to_units(query->real(2)), 0);
        row.reputation = thousandths(query->real(3));
        row.total_blocks = query->integer(4);
        row.rewards_units = chain::to_units(query->real(5));
        row.joined_at = query->string(6);
        row.last_block = query->string(7);
    }
    std::ranges::sort(rows_, {}, &Row::address);
    loaded_ = true;
    return rows_;
}

const ValidatorSet::Row* ValidatorSet::find(std::string_view address) {
    const auto found = std::ranges::lower_bound(rows(), address, {},
                                                [](const Row& row) { return std::string_view(row.address); });
    return found != rows_.end() && found->address == address ? &*found : nullptr;
}

ValidatorSet::Row& ValidatorSet::at(const std::string& address) {
    const Row* row = find(address);
    BT2C_ASSERT(row != nullptr);
    return rows_[static_cast<std::size_t>(row - rows_.data())];
}

std::vector<std::string> ValidatorSet::proposers(const chain::Hash& previous, std::int64_t height,
                                                 std::size_t count) {
    std::vector<Candidate> candidates;
    for (const Row& row : rows())
        if (row.eligible()) candidates.push_back({row.address, row.stake_units, row.reputation});
    std::vector<std::string> addresses;
    for (const std::size_t i : draw_proposers(candidates, previous, network_, height, count))
        addresses.emplace_back(candidates[i].address);
    return addresses;
}

std::size_t ValidatorSet::eligible_count() {
    return static_cast<std::size_t>(std::ranges::count_if(rows(), &Row::eligible));
}

void ValidatorSet::made_block(const std::string& address, double timestamp, std::int64_t reward_units) {
    Row& row = at(address);
    row.total_blocks += 1;
    row.rewards_units += reward_units;
    row.last_block = time_text(timestamp, block_time_separator_);
    database_.run(
        "UPDATE validators SET last_validation = ?1, last_block = ?2, total_blocks = ?3, rewards_earned = ?4 "
        "WHERE address = ?5 AND network_type = ?6",
        timestamp, row.last_block, row.total_blocks, coins_of(row.rewards_units), address, network_);
    set_reputation(row, std::min(row.reputation + block_earns, reputation_max));
}

void ValidatorSet::skipped(const std::string& address) {
    Row& row = at(address);
    set_reputation(row, std::max(row.reputation * 9 / 10, reputation_min));
}

void ValidatorSet::set_reputation(Row& row, std::int64_t reputation) {
    if (row.reputation == reputation) return;
    row.reputation = reputation;
    database_.run("UPDATE validators SET reputation = ?1 WHERE address = ?2 AND network_type = ?3",
                  static_cast<double>(reputation) / thousand, row.address, network_);
}

void ValidatorSet::add(const std::string& address, std::int64_t stake_units, double timestamp) {
    database_.run(
        "INSERT INTO validators (address, stake, last_validation, reputation, is_active, joined_at, "
        "total_blocks, commission_rate, network_type, status, uptime, response_time, validation_accuracy, "
        "rewards_earned, participation_duration, throughput) "
        "VALUES (?1, ?2, ?3, ?4, 1, ?5, 0, 10.0, ?6, 'ACTIVE', 100.0, 0.0, 100.0, 0.0, 0, 0)",
        address, coins_of(stake_units), timestamp, static_cast<double>(first_reputation) / thousand,
        time_text(timestamp, ' '), network_);
    forget();
}

void ValidatorSet::set_stake(const std::string& address, std::int64_t stake_units, ValidatorStatus status) {
    database_.run(
        "UPDATE validators SET stake = ?1, status = ?2, is_active = ?3 WHERE address = ?4 AND network_type = "
        "?5",
        coins_of(stake_units), chain::status_name(status), std::int64_t{status == ValidatorStatus::active},
        address, network_);
    forget();
}

void ValidatorSet::begin_unstaking(const std::string& address, double timestamp) {
    database_.run(
        "UPDATE validators SET status = 'UNSTAKING', is_active = 0, unstake_requested_at = ?1, "
        "unstake_amount = stake WHERE address = ?2 AND network_type = ?3",
        time_text(timestamp, ' '), address, network_);
    forget();
}

void ValidatorSet::end_unstaking(const std::string& address) {
    database_.run(
        "UPDATE validators SET status = 'INACTIVE', is_active = 0, stake = 0.0, unstake_requested_at = NULL, "
        "unstake_amount = NULL WHERE address = ?1 AND network_type = ?2",
        address, network_);
    forget();
}

void ValidatorSet::tombstone(const std::string& address) {
    database_.run(
        "UPDATE validators SET status = 'TOMBSTONED', is_active = 0 WHERE address = ?1 AND network_type = ?2",
        address, network_);
    forget();
}

}  // namespace bt2c::node
