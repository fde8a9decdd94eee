#include "network/unlock.hpp"

#include <algorithm>
#include <cmath>

#include "base/text.hpp"

namespace bt2c::network {

using base::format;

namespace {

class Decision {
 public:
    explicit Decision(const UnlockFacts& facts) : facts_(facts) {}

    UnlockDecision make() {
        judge_node();
        for (const std::string& file : facts_.damaged_watermarks) decision_.not_checked.push_back(file);
        for (const PeerAnswer& peer : facts_.peers) judge_peer(peer);
        if (answered_ == 0)
            decision_.not_checked.push_back(
                facts_.peers.empty()
                    ? "no peer was asked: none is named (network.rest_urls in dr.toml, --peer)"
                    : "no peer answered: whether this key signs elsewhere, and whether this node is "
                      "synced, is not known");
        choose_watermark();
        return std::move(decision_);
    }

 private:
    void check(bool well, const std::string& what, std::string refusal) {
        if (well)
            decision_.checked.push_back(what);
        else
            decision_.refusals.push_back(std::move(refusal));
    }

    void judge_node() {
        check(!facts_.attestation.empty(), "the old host: " + facts_.attestation,
              "nobody says that the old host is dead (--old-host-dead TEXT)");
        check(facts_.height.has_value(), "the chain has blocks", "the chain has no block");
        check(facts_.integrity_problem.empty(), "the chain was proved",
              "the chain has problems: " + facts_.integrity_problem);
        check(!facts_.paused, "the network is not paused",
              "the network is paused: nobody signs, so nobody can be heard; resume it first");
    }

    void judge_peer(const PeerAnswer& peer) {
        if (!peer.error.empty()) {
            decision_.not_checked.push_back(format("{} could not be asked: {}", peer.name, peer.error));
            return;
        }
        ++answered_;
        highest_ = std::max(highest_, peer.height);
        if (!facts_.height) return;
        check(peer.height <= *facts_.height + 1, format("{}: this node is synced", peer.name),
              format("{} is at height {}, this node at {}: let it sync first", peer.name, peer.height,
                     *facts_.height));
        if (peer.hash_at_our_height.empty())
            decision_.not_checked.push_back(
                format("{} has no block at height {} to compare with", peer.name, *facts_.height));
        else
            check(peer.hash_at_our_height == facts_.tip_hash, format("{}: it has the same block", peer.name),
                  format("{} has another block at height {}: this is a fork", peer.name, *facts_.height));
        check(!peer.has_our_validator, format("{}: no node with this key is connected to it", peer.name),
              format("a node with this very key is connected to {}: the old host lives", peer.name));
        judge_silence(peer);
    }

    void judge_silence(const PeerAnswer& peer) {
        if (!peer.last_block_at) {
            decision_.not_checked.push_back(format("{} does not say when this key last signed", peer.name));
            return;
        }
        const double silent_s = facts_.now_s - *peer.last_block_at;
        const double needed_s = silence_needed_s(facts_.block_time_s);
        check(
            silent_s >= needed_s,
            format("{}: this key has been silent for {}", peer.name, base::human_duration(silent_s)),
            format(
                "{} saw a block by this key {} ago, less than {}: is the old host dead? wait, and ask again",
                peer.name, base::human_duration(std::max(0.0, silent_s)), base::human_duration(needed_s)));
    }

    void choose_watermark() {
        std::int64_t mark = facts_.height.value_or(0);
        const std::int64_t signed_before =
            std::max(facts_.watermark.value_or(0), facts_.highest_own.value_or(0));
        if (facts_.total_outage) {
            decision_.not_checked.push_back(
                signed_before > mark
                    ? format("total outage: this key may have signed heights {} to {} before; they are "
                             "signed anew, on "
                             "the word of who says that no copy of those blocks exists",
                             mark + 1, signed_before)
                    : "total outage: that no later block exists anywhere is on the word of who says so");
            decision_.watermark = mark;
            return;
        }
        if (facts_.other_validators == 0) {
            // Nobody else could make the heights that a margin leaves out.
            check(
                signed_before <= mark, "this is the only active validator",
                format("this key has signed up to height {}, the chain here ends at {}, and nobody else can "
                       "make the "
                       "blocks between: sync from an observer, or decide for a total outage (--total-outage)",
                       signed_before, mark));
        } else {
            const bool history_missing = answered_ == 0 || !facts_.damaged_watermarks.empty();
            if (history_missing && facts_.block_time_s > 0)
                mark += static_cast<std::int64_t>(
                    std::ceil(std::max(0.0, facts_.now_s - facts_.tip_at_s) / facts_.block_time_s));
            mark = std::max(mark, highest_) + unlock_margin;
        }
        decision_.watermark = std::max(mark, signed_before);
    }

    const UnlockFacts& facts_;
    UnlockDecision decision_;
    int answered_ = 0;
    std::int64_t highest_ = 0;
};

}  // namespace

double silence_needed_s(double block_time_s) {
    constexpr double least_s = 10;
    return std::max(2 * block_time_s, least_s);
}

UnlockDecision decide_unlock(const UnlockFacts& facts) {
    return Decision(facts).make();
}

}  // namespace bt2c::network
