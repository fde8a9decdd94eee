#include "verify/block_pool.hpp"

#include "base/text.hpp"

namespace bt2c::verify {

void BlockPool::open(std::uint32_t block) {
    close();
    current_ = block;
}

void BlockPool::close() {
    if (current_ == BlockTable::none) return;
    const std::uint32_t block = current_;
    current_ = BlockTable::none;
    states_.add_rows(block, run_rows_);
    const bool whole = run_rows_ == run_.leaves.size();
    run_rows_ = 0;
    if (states_.has(block, BlockStates::evicted)) {
        run_.clear();
    } else if (!whole) {
        run_.clear();
        evict(block);
    } else if (waiting_.contains(block) || states_.has(block, BlockStates::proved)) {
        wait(block);
    } else if (prover_.matches(table_[block], run_) && states_.set(block, BlockStates::proved)) {
        prover_.conclude(table_[block], run_, true);
        run_.clear();
    } else {
        wait(block);
    }
}

void BlockPool::wait(std::uint32_t block) {
    const auto [found, is_new] = waiting_.try_emplace(block);
    Waiting& waiting = found->second;
    waiting_leaves_ += run_.leaves.size();
    waiting.transactions.append(std::move(run_));
    run_.clear();
    if (is_new) {
        order_.push_back(block);
        waiting.tried = waiting.transactions.leaves.size();
    } else if (!states_.has(block, BlockStates::proved)) {
        // Computing the root again for each new row would make a large block's cost its square.
        static constexpr int tries_max = 16;
        const std::size_t size = waiting.transactions.leaves.size();
        if (waiting.tries < tries_max || size >= 2 * waiting.tried) {
            ++waiting.tries;
            waiting.tried = size;
            if (prover_.matches(table_[block], waiting.transactions) &&
                states_.set(block, BlockStates::proved)) {
                prover_.conclude(table_[block], waiting.transactions, true);
                waiting_leaves_ -= size;
                waiting_.erase(found);
            }
        }
    }
    while (waiting_leaves_ > leaves_max_ && !order_.empty()) {
        if (waiting_.contains(order_.front())) evict(order_.front());
        order_.pop_front();
    }
    if (order_.size() > 2 * waiting_.size() + 1024)
        std::erase_if(order_, [&](std::uint32_t old) { return !waiting_.contains(old); });
}

void BlockPool::evict(std::uint32_t block) {
    const auto found = waiting_.find(block);
    if (found != waiting_.end()) {
        waiting_leaves_ -= found->second.transactions.leaves.size();
        waiting_.erase(found);
    }
    states_.set(block, BlockStates::evicted);
}

void BlockPool::merge(BlockPool& other) {
    for (auto& [block, waiting] : other.waiting_) {
        if (states_.has(block, BlockStates::evicted)) continue;
        waiting_leaves_ += waiting.transactions.leaves.size();
        waiting_[block].transactions.append(std::move(waiting.transactions));
    }
    other.waiting_.clear();
    other.order_.clear();
    other.waiting_leaves_ = 0;
}

void BlockPool::conclude_all() {
    for (auto& [number, waiting] : waiting_) {
        if (states_.has(number, BlockStates::evicted)) continue;
        const Block& block = table_[number];
        if (states_.has(number, BlockStates::proved)) {
            report_surplus(block, waiting.transactions);
            continue;
        }
        const bool matched = prover_.matches(block, waiting.transactions);
        states_.set(number, BlockStates::proved);
        prover_.conclude(block, waiting.transactions, matched);
    }
    waiting_.clear();
    order_.clear();
    waiting_leaves_ = 0;
}

void BlockPool::report_surplus(const Block& block, const Gathered& transactions) {
    if (block.network == no_network) return;
    for (const Leaf& leaf : transactions.leaves) {
        prover_.book().add(Check::merkle_roots, {block.height, leaf.rowid}, [&] {
            Finding finding;
            finding.table = "transactions";
            finding.key = chain::hash_text(leaf.hash);
            finding.network = prover_.network_name(block);
            if (!block.is(Block::bad_height)) finding.height = block.height;
            finding.expected =
                base::format("no further transaction in block {}: its Merkle root holds without",
                             prover_.lookup().key_of(block));
            finding.found = "one more";
            finding.text = "a transaction is none of its block's";
            return finding;
        });
    }
}

}  // namespace bt2c::verify
