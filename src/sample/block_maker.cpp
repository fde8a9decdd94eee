#include "sample/block_maker.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "chain/economics.hpp"

namespace bt2c::sample {

namespace {

constexpr std::size_t accounts_total = 4000;
constexpr std::uint64_t accounts_seed = 20250405;  // the same people use every chain
constexpr double block_time_s = 300;

}  // namespace

BlockMaker::BlockMaker(Tip tip, int transactions_per_block, bool varied, std::uint64_t seed)
    : tip_(std::move(tip)), transactions_per_block_(transactions_per_block), varied_(varied), random_(seed) {
    BT2C_ASSERT(!tip_.validators.empty() && transactions_per_block >= 1);
    Random people(accounts_seed);
    for (std::size_t i = 0; i < accounts_total; ++i) accounts_.push_back(people.address());
}

Block BlockMaker::next(Scheme scheme) {
    const bool first = tip_.hash == std::string(64, '0');
    Block block;
    block.previous_hash = tip_.hash;
    block.height = tip_.height + 1;
    block.timestamp = first ? tip_.genesis_timestamp : tip_.timestamp + block_time_s + random_.uniform(0, 1);
    block.nonce = static_cast<std::int64_t>(100'000 + random_.below(8'400'000));
    block.network = tip_.network;

    const std::string& validator = tip_.validators[random_.below(tip_.validators.size())];
    add_reward(block, validator, chain::block_reward_at(block.timestamp - tip_.genesis_timestamp),
               block.timestamp);
    // Transfers reach a block some minutes before it is made, a second apart where there is room.
    const double step_s = std::min(1.0, 190.0 / transactions_per_block_);
    for (int i = 0; i + 1 < transactions_per_block_; ++i)
        block.transactions.push_back(transfer(block.timestamp - 200 + i * step_s));
    if (varied_) vary(block);
    seal(block, scheme);
    tip_.hash = block.hash;
    tip_.height = block.height;
    tip_.timestamp = block.timestamp;
    return block;
}

Transaction BlockMaker::pending() {
    Transaction transaction = transfer(tip_.timestamp + random_.uniform(1, block_time_s));
    transaction.is_pending = true;
    return transaction;
}

Transaction BlockMaker::transfer(double timestamp) {
    Transaction transfer;
    transfer.sender = accounts_[random_.below(accounts_.size())];
    transfer.recipient = accounts_[random_.below(accounts_.size())];
    transfer.amount = std::round(random_.uniform(10, 100) * 1e8) / 1e8;
    transfer.timestamp = timestamp_text(timestamp, ' ');
    transfer.signature = random_.signature();
    transfer.nonce = static_cast<std::int64_t>(1 + random_.below(2'000'000'000));
    transfer.type = "transfer";
    transfer.network = tip_.network;
    transfer.hash = transfer_hash(transfer, static_cast<std::int64_t>(std::floor(timestamp)));
    return transfer;
}

/// Nothing here is a fault: it is what long-lived chains hold besides plain transfers.
void BlockMaker::vary(Block& block) {
    constexpr std::array types{"stake", "unstake", "validator", "developer"};
    auto& transactions = block.transactions;
    for (std::size_t i = 2; i < transactions.size(); ++i) {
        switch (random_.below(8)) {
            case 0: transactions[i].timestamp = transactions[i - 1].timestamp; break;
            case 1: std::get<std::string>(transactions[i].timestamp)[10] = 'T'; break;
            case 2:
                transactions[i].type = types[random_.below(types.size())];
                transactions[i].payload = R"({"memo": "B\u00fcro \u2014 5 %"})";
                transactions[i].hash = random_.hex(32);
                break;
            default: break;
        }
    }
    // Where they rest in the table has nothing to do with their order in the block.
    if (transactions.size() > 2 && random_.below(4) == 0)
        std::swap(transactions.front(), transactions.back());
}

}  // namespace bt2c::sample
