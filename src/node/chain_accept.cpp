// How blocks from others get into the chain: upon the tip, or by a switch to a better branch.

#include <algorithm>
#include <atomic>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "chaindb/network_pause.hpp"
#include "node/chain_state.hpp"
#include "node/proof.hpp"
#include "node/rows.hpp"

namespace bt2c::node {

using base::Error;
using base::ErrorKind;

namespace {

/// Blocks of one transaction: enough that its end does not count, few enough that others get to write.
constexpr std::size_t blocks_at_once = 512;
constexpr const char* paused_reason = "the network is paused";

}  // namespace

// A pause can come between two transactions: then the guard's triggers refuse what it forbids.
Taken ChainState::unless_paused(const std::function<Taken()>& work) {
    try {
        return work();
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::failed && chaindb::is_paused(database.connection(), options.network))
            return {Verdict::paused, paused_reason};
        throw;
    }
}

Taken ChainState::accept(const Block& block, double now_s) {
    return unless_paused([&] { return take(block, now_s); });
}

Taken ChainState::accept_all(const std::vector<Block>& blocks, double now_s, std::size_t& accepted) {
    accepted = 0;
    return unless_paused([&] { return take_all(blocks, now_s, accepted); });
}

Taken ChainState::take(const Block& block, double now_s) {
    refresh();
    const BlockHeader& header = block.header;
    if (has_block(database, options.network, header.hash)) return {Verdict::known, {}};
    if (chaindb::is_paused(database.connection(), options.network)) return {Verdict::paused, paused_reason};
    // One that was kept aside may have become the better one when a switch to it was cut off.
    if (side.contains(header.hash)) return prefer(header, now_s, Verdict::known);
    if (header.previous_hash == tip.hash) return extend(block, now_s);
    return take_aside(block, now_s);
}

Taken ChainState::refused(const BlockHeader& header, std::string reason) {
    if (header_fault(header, options.network, genesis).empty()) note_header(header);
    return {Verdict::refused, std::move(reason)};
}

void ChainState::note_header(const BlockHeader& header) {
    Attempt attempt(*this);
    watch.saw(header, tip.height);
    attempt.commit();
}

Taken ChainState::extend(const Block& block, double now_s) {
    std::string fault = block_fault(block, options.network, genesis);
    if (fault.empty()) {
        Attempt attempt(*this);
        if (chaindb::is_paused(database.connection(), options.network))
            return {Verdict::paused, paused_reason};
        fault = apply_block(block, now_s, true);
        if (fault.empty()) {
            finish(attempt, {&block}, {});
            attempt.commit();
            side.remove_below(tip.height - final_depth);
            return {Verdict::accepted, {}};
        }
    }
    return refused(block.header, std::move(fault));
}

Taken ChainState::take_aside(const Block& block, double now_s) {
    const BlockHeader& header = block.header;
    const Block* parent = side.find(header.previous_hash);
    const auto parent_height = parent ? std::optional(parent->header.height)
                                      : height_of(database, options.network, header.previous_hash);
    if (!parent_height) return {Verdict::unconnected, "the block's predecessor is not here"};
    if (header.height != *parent_height + 1) return refused(header, "the block's height is wrong");
    if (std::string fault = block_fault(block, options.network, genesis); !fault.empty())
        return refused(header, std::move(fault));
    // Strangers could fill the room for side blocks; new validators come up within a branch only. One that
    // was rotated on our branch has its old address on the other.
    if (!parent && !validators.find(header.validator) &&
        !database.integer("SELECT 1 FROM key_rotations WHERE network_type = ?1 AND old_address = ?2",
                          options.network, header.validator))
        return {Verdict::refused, "it is not the validator's turn"};
    if (!(header.timestamp <= now_s + clock_tolerance_s))
        return refused(header, "the block is from the future");
    note_header(header);

    const std::vector<Block> before = parent ? side.branch_to(header.previous_hash) : std::vector<Block>();
    const auto fork_height = height_of(
        database, options.network, before.empty() ? header.previous_hash : before[0].header.previous_hash);
    if (!fork_height) return {Verdict::unconnected, "the block's predecessor is not here"};
    if (is_final(*fork_height + 1))
        return {Verdict::final,
                base::format("it would undo final blocks, from height {} on", *fork_height + 1)};
    side.add(block);
    return prefer(header, now_s, Verdict::worse);
}

Taken ChainState::prefer(const BlockHeader& header, double now_s, Verdict otherwise) {
    const std::vector<Block> branch = side.branch_to(header.hash);
    const auto fork_height = branch.empty()
                                 ? std::nullopt
                                 : height_of(database, options.network, branch.front().header.previous_hash);
    if (!fork_height || is_final(*fork_height + 1) || !is_better(branch, *fork_height))
        return {otherwise, "the chain here is preferred"};
    return switch_to(branch, *fork_height, now_s);
}

bool ChainState::is_final(std::int64_t height) const {
    return height <= tip.height - final_depth || height <= base_height;
}

bool ChainState::is_better(const std::vector<Block>& branch, std::int64_t fork_height) {
    const std::int64_t height = branch.back().header.height;
    if (height != tip.height) return height > tip.height;
    const auto ours = block_hash_at(database, options.network, fork_height + 1);
    if (!ours) return true;
    const auto round = database.integer("SELECT nonce FROM blocks WHERE hash = ?1", chain::hash_text(*ours));
    const BlockHeader& theirs = branch.front().header;
    if (theirs.nonce != round) return theirs.nonce < round;
    return theirs.hash < *ours;
}

Taken ChainState::switch_to(const std::vector<Block>& branch, std::int64_t fork_height, double now_s) {
    std::vector<Block> undone;
    {
        Attempt attempt(*this);
        if (chaindb::is_paused(database.connection(), options.network))
            return {Verdict::paused, paused_reason};
        while (tip.height > fork_height) {
            if (auto block = read_block(database, options.network, tip.hash))
                undone.push_back(std::move(*block));
            if (!undo_tip())
                return {Verdict::final, base::format("the block at height {} cannot be undone", tip.height)};
        }
        std::vector<const Block*> added;
        for (const Block& block : branch) {
            if (std::string fault = apply_block(block, now_s, true); !fault.empty()) {
                side.remove(block.header.hash);
                return {Verdict::refused, std::move(fault)};
            }
            added.push_back(&block);
        }
        finish(attempt, added, undone);
        attempt.commit();
    }
    for (const Block& block : branch) side.remove(block.header.hash);
    for (Block& block : undone) side.add(std::move(block));
    side.remove_below(tip.height - final_depth);
    return {Verdict::accepted, {}};
}

Taken ChainState::take_all(const std::vector<Block>& blocks, double now_s, std::size_t& accepted) {
    Taken last{Verdict::accepted, {}};
    while (accepted < blocks.size()) {
        refresh();
        std::size_t count = 0;
        chain::Hash previous = tip.hash;
        while (count < blocks_at_once && accepted + count < blocks.size() &&
               blocks[accepted + count].header.previous_hash == previous)
            previous = blocks[accepted + count++].header.hash;
        if (count > 1 && !chaindb::is_paused(database.connection(), options.network)) {
            auto [added, taken] = extend_all(blocks, accepted, count, now_s, false);
            // Some of a transaction's blocks are kept by doing it again without the others.
            if (added < count && added > 0) extend_all(blocks, accepted, added, now_s, true);
            accepted += added;
            if (added < count) return refused(blocks[accepted].header, std::move(taken.reason));
            last = std::move(taken);
            continue;
        }
        last = take(blocks[accepted], now_s);
        if (last.verdict != Verdict::accepted && last.verdict != Verdict::known &&
            last.verdict != Verdict::worse)
            return last;
        ++accepted;
    }
    if (last.verdict == Verdict::known) last.verdict = Verdict::accepted;
    return last;
}

std::pair<std::size_t, Taken> ChainState::extend_all(const std::vector<Block>& blocks, std::size_t begin,
                                                     std::size_t count, double now_s, bool proven) {
    Attempt attempt(*this);
    std::vector<const Block*> added;
    std::atomic<bool> stopped = false;
    Taken taken{Verdict::accepted, {}};
    base::ordered_parallel(
        base::worker_count(), count,
        [&](std::uint64_t i) {
            return stopped || proven ? std::string()
                                     : block_fault(blocks[begin + i], options.network, genesis);
        },
        [&](std::uint64_t i, std::string fault) {
            if (stopped) return;
            const Block& block = blocks[begin + i];
            // Which blocks are the newest is known when none is refused; else all is done again.
            const bool record = i + static_cast<std::uint64_t>(undo_kept) >= count;
            if (fault.empty()) fault = apply_block(block, now_s, record);
            if (fault.empty()) {
                added.push_back(&block);
                return;
            }
            stopped = true;
            taken = {Verdict::refused, std::move(fault)};
        });
    if (stopped) return {added.size(), std::move(taken)};
    finish(attempt, added, {});
    attempt.commit();
    side.remove_below(tip.height - final_depth);
    return {added.size(), std::move(taken)};
}

}  // namespace bt2c::node
