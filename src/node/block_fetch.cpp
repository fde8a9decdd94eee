#include "node/block_fetch.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace bt2c::node {

using base::format;
using base::printable;

namespace {
constexpr std::size_t requests_max = 2;
}

bool BlockFetch::wanted(const Peer& peer, const ChainTip& tip) {
    if (!peer.hello || peer.status.height < tip.height || peer.useless_tip == peer.status.hash) return false;
    return peer.status.height > tip.height || peer.status.hash != tip.hash;
}

bool BlockFetch::behind() {
    const ChainTip tip = port_.tip();
    return std::ranges::any_of(peers_, [&](const auto& entry) {
        return entry.second.status.height > tip.height && wanted(entry.second, tip);
    });
}

void BlockFetch::look(Clock::time_point now) {
    // An error of the database may have come in between.
    if (asked_.empty()) end();
    if (busy()) {
        if (asked_.front().asked + answer_ < now) {
            const LinkId late = peer_;
            end();
            hooks_.misbehaved(late, "it announced blocks and does not deliver them");
        }
        return;
    }
    const ChainTip tip = port_.tip();
    const Peer* best = nullptr;
    for (const auto& [id, peer] : peers_)
        if (wanted(peer, tip) && (!best || peer.status.height > best->status.height)) best = &peer;
    if (!best || port_.paused()) return;
    const bool fork = best->status.height == tip.height;
    begin(*best, fork ? fork_start(tip) : tip.height + 1, fork);
}

std::int64_t BlockFetch::fork_start(const ChainTip& tip) {
    return std::max(port_.base_height() + 1, tip.height - final_depth);
}

void BlockFetch::begin(const Peer& peer, std::int64_t from, bool fork) {
    peer_ = peer.link.id;
    fork_ = fork;
    next_ = from;
    batch_ = blocks_count_max;
    asked_.clear();
    ask();
    // Nothing to ask for: it has the blocks that are no matter of ours.
    if (asked_.empty()) end();
}

void BlockFetch::end() {
    peer_ = 0;
    asked_.clear();
}

void BlockFetch::ask() {
    const auto found = peers_.find(peer_);
    if (found == peers_.end()) return end();
    const std::int64_t last = found->second.status.height;
    while (asked_.size() < requests_max && next_ <= last) {
        const std::int64_t count = std::min(batch_, last - next_ + 1);
        asked_.push_back({++last_id_, next_, count, Clock::now()});
        hooks_.send(peer_, GetBlocks{last_id_, next_, count});
        next_ += count;
    }
}

void BlockFetch::gone(LinkId peer) {
    if (peer == peer_) end();
}

void BlockFetch::received(Peer& from, Blocks answer) {
    // An answer to what is no longer asked is late and not wrong.
    if (from.link.id != peer_ || asked_.empty() || asked_.front().id != answer.id) return;
    const Request request = asked_.front();
    asked_.pop_front();
    const LinkId id = peer_;
    if (answer.blocks.empty()) {
        end();
        return hooks_.misbehaved(id, "it announced blocks and does not deliver them");
    }
    for (std::size_t i = 0; i < answer.blocks.size(); ++i)
        if (static_cast<std::int64_t>(i) >= request.count ||
            answer.blocks[i].header.height != request.from + static_cast<std::int64_t>(i)) {
            end();
            return hooks_.misbehaved(id, "it sent other blocks than it was asked for");
        }
    const auto count = static_cast<std::int64_t>(answer.blocks.size());
    if (count < request.count) {  // as many as fit into a message
        asked_.clear();
        next_ = request.from + count;
        batch_ = count;
    }
    for (Request& waiting : asked_) waiting.asked = Clock::now();
    ask();
    add(from, answer.blocks);
    if (peer_ != id || !asked_.empty()) return;
    // All of it was here once now.
    const bool ours = port_.hash_at(from.status.height) == from.status.hash;
    const bool was_fork = fork_;
    end();
    if (ours) return;
    if (was_fork)
        from.useless_tip = from.status.hash;
    else
        begin(from, fork_start(port_.tip()), true);
}

void BlockFetch::add(Peer& from, const std::vector<Block>& blocks) {
    const LinkId id = from.link.id;
    const chain::Hash before = port_.tip().hash;
    std::size_t accepted = 0;
    const Taken taken = port_.accept_all(blocks, accepted);
    const Verdict verdict = taken.verdict;
    if (verdict == Verdict::unconnected && !fork_) {
        end();
        begin(from, fork_start(port_.tip()), true);
    } else if (verdict == Verdict::unconnected || verdict == Verdict::final) {
        end();
        from.useless_tip = from.status.hash;
        log_.limited("fork " + from.link.name,
                     format("{} is on another chain, which parted from ours before what is final: {}",
                            printable(from.link.name), printable(taken.reason)));
    } else if (verdict == Verdict::refused) {
        end();
        hooks_.misbehaved(id, "it sent a block against the rules: " + taken.reason);
    } else if (verdict == Verdict::paused) {
        end();
    }
    if (port_.tip().hash != before) hooks_.tip_changed();
}

}  // namespace bt2c::node
