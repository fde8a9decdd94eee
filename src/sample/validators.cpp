#include "sample/validators.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "base/error.hpp"
#include "chain/economics.hpp"

namespace bt2c::sample {

using chaindb::sqlite::Connection;
using chaindb::sqlite::Statement;

namespace {

constexpr std::array<std::string_view, 8> states{"ACTIVE",     "ACTIVE",    "ACTIVE",   "JAILED",
                                                 "TOMBSTONED", "UNSTAKING", "INACTIVE", "ACTIVE"};

/// Of an active validator: what it asked for once and what became of it must not look like a fault.
void insert_request(Connection& connection, const std::string& network, const std::string& address,
                    std::string_view status) {
    Statement insert = connection.prepare(
        "INSERT INTO unstake_requests (validator_address, amount, requested_at, processed_at, status, "
        "network_type, queue_position) VALUES (?1, 1.0, ?2, ?3, ?4, ?5, ?6)");
    const bool waiting = status == "pending";
    insert.bind(1, address).bind(2, timestamp_text(genesis_unix_s + 86400, ' ')).bind_null(3);
    if (!waiting) insert.bind(3, timestamp_text(genesis_unix_s + 90000, ' '));
    insert.bind(4, status).bind(5, network).bind_null(6);
    if (waiting) insert.bind(6, std::int64_t{1});
    insert.run();
}

}  // namespace

Validators::Validators(const std::string& network, int count, bool lower_case_status, Random& random)
    : network_(network) {
    BT2C_ASSERT(count >= 1);
    constexpr int many = 20'000;
    for (int i = 0; i < count; ++i) {
        Row row;
        row.address = random.address();
        row.status = states[static_cast<std::size_t>(i) % states.size()];
        row.active = row.status == "ACTIVE";
        row.stake = random.uniform(100, 1000);
        // So that very many together have no more than all coins.
        if (count > many) row.stake = std::max(chain::min_stake, row.stake * many / count);
        if (row.status == "INACTIVE") row.stake = 0.5;  // below the minimum, which only ACTIVE ones need
        if (lower_case_status && i == 1) row.status = "active";
        row.reputation = std::round(random.uniform(0, 1.6) * 1e4) / 1e4;
        row.last_validation = genesis_unix_s;
        by_address_.emplace(row.address, rows_.size());
        rows_.push_back(std::move(row));
    }
}

std::vector<std::string> Validators::active() const {
    std::vector<std::string> addresses;
    for (const Row& row : rows_)
        if (row.active) addresses.push_back(row.address);
    return addresses;
}

void Validators::count(const Block& block) {
    for (const Transaction& transaction : block.transactions) {
        if (transaction.type != "reward") continue;
        Row& row = rows_[by_address_.at(transaction.recipient)];
        row.last_validation = block.timestamp;
        row.rewards += transaction.amount;
        row.blocks += 1;
    }
}

void Validators::insert(Connection& connection, Layout layout, const Tip& tip, Random& random) const {
    Statement insert = connection.prepare(
        "INSERT INTO validators (address, stake, last_validation, reputation, is_active, joined_at, "
        "last_block, total_blocks, commission_rate, network_type, status, uptime, response_time, "
        "validation_accuracy, rewards_earned, participation_duration, throughput) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 10.0, ?9, ?10, 100.0, 0.0, 100.0, ?11, 0, 0)");
    bool answered = false;
    for (const Row& row : rows_) {
        insert.bind(1, row.address).bind(2, row.stake).bind(3, row.last_validation).bind(4, row.reputation);
        insert.bind(5, std::int64_t{row.active}).bind(6, timestamp_text(genesis_unix_s, ' ')).bind_null(7);
        if (row.blocks > 0)
            insert.bind(7, timestamp_text(row.last_validation, layout == Layout::fresh ? 'T' : ' '));
        insert.bind(8, row.blocks).bind(9, network_).bind(10, row.status).bind(11, row.rewards);
        insert.run();
        insert.reset();
        if (row.status == "UNSTAKING") insert_request(connection, network_, row.address, "pending");
        if (row.active && !answered && rows_.size() >= states.size()) {
            answered = true;
            insert_request(connection, network_, row.address, "completed");
            insert_request(connection, network_, row.address, "cancelled");
        }
        if (row.status != "TOMBSTONED" || layout != Layout::fresh) continue;
        Statement evidence = connection.prepare(
            "INSERT INTO slashing_evidence (validator_address, evidence_type, block_hash1, block_hash2, "
            "height, timestamp, network_type, processed) VALUES (?1, 'double_sign', ?2, ?3, ?4, ?5, ?6, 1)");
        evidence.bind(1, row.address).bind(2, tip.hash).bind(3, random.hex(32)).bind(4, tip.height);
        evidence.bind(5, tip.timestamp).bind(6, network_).run();
    }
}

}  // namespace bt2c::sample
