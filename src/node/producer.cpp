#include "node/producer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "keys/signing_state.hpp"
#include "node/signing.hpp"

namespace bt2c::node {

namespace {

constexpr std::array<std::string_view, 11> names{"nothing",   "no_key",    "not_active", "not_our_turn",
                                                 "too_early", "paused",    "locked",     "behind",
                                                 "minority",  "watermark", "twin"};
/// How long it makes sense to wait before looking again where nothing but others can change it.
constexpr double look_again_s = 1;

Producer::Outcome abstain(Abstained reason, std::string detail, double next_try_s) {
    return {reason, std::move(detail), std::nullopt, next_try_s};
}

keys::SigningIdentity identity_of(const Chain& chain, const std::string& address) {
    return {chain.options().network, chain::hash_text(chain.genesis()), address};
}

}  // namespace

std::string_view abstained_name(Abstained reason) {
    return names[static_cast<std::size_t>(reason)];
}

Producer::Producer(config::Home home, std::optional<keys::Signer> signer, double settle_s)
    : home_(std::move(home)),
      signer_(std::move(signer)),
      address_(signer_ ? keys::address_of(signer_->public_key) : std::string()),
      settle_s_(settle_s) {}

Producer::Outcome Producer::try_produce(Chain& chain, const PeerView& peers, double now_s) {
    try {
        Outcome outcome = obstacle(chain, peers, now_s);
        if (outcome.abstained != Abstained::nothing) {
            waiting_on_ = {};
            return outcome;
        }
        return produce(chain, peers, now_s);
    } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::interrupted) throw;
        std::string detail = error.message();
        for (const std::string* more : {&error.cause(), &error.hint()})
            if (!more->empty()) detail += ": " + *more;
        return abstain(Abstained::watermark, std::move(detail), now_s + look_again_s);
    }
}

Producer::Outcome Producer::obstacle(Chain& chain, const PeerView& peers, double now_s) {
    const double later = now_s + look_again_s;
    if (!signer_) return abstain(Abstained::no_key, "this node has no validator's key", later);
    if (!silent_until_s_) silent_until_s_ = now_s + settle_s_;
    if (peers.twin) {
        silent_until_s_ = now_s + settle_s_;
        keys::lock_signing(home_, base::format("another node claims the address {}", address_));
        return abstain(Abstained::twin, "another node claims this validator's address", later);
    }
    if (const auto lock = keys::signing_lock(home_)) {
        silent_until_s_ = now_s + settle_s_;  // unlocked, it listens first whether another node has the key
        return abstain(Abstained::locked, lock->reason, later);
    }
    if (chain.paused()) return abstain(Abstained::paused, "the network is paused", later);
    const auto self = chain.validator(address_);
    if (!self || self->status != "ACTIVE")
        return abstain(Abstained::not_active,
                       self ? "the validator is " + self->status : "this key is no validator's", later);
    if (now_s < *silent_until_s_)
        return abstain(Abstained::too_early, "listening before the first signature", *silent_until_s_);
    if (peers.best_height && *peers.best_height > chain.tip().height)
        return abstain(Abstained::behind, base::format("a peer has block {}", *peers.best_height), later);
    if (peers.pause_sequence > chain.pause_sequence())
        return abstain(Abstained::behind, base::format("a peer knows order {}", peers.pause_sequence), later);
    const std::int64_t all = chain.active_stake_units();
    const std::int64_t awake = self->stake_units + peers.awake_stake_units;
    if (awake <= all - awake)
        return abstain(Abstained::minority,
                       base::format("validators with {} of {} coins of active stake are there",
                                    amount_text(awake), amount_text(all)),
                       later);
    return abstain(Abstained::nothing, {}, now_s);
}

Producer::Outcome Producer::produce(Chain& chain, const PeerView&, double now_s) {
    const ChainTip tip = chain.tip();
    const std::int64_t height = tip.height + 1;
    const keys::SigningIdentity identity = identity_of(chain, address_);
    const std::optional<std::int64_t> watermark = keys::read_watermark(home_, identity);
    // Nobody signed the lowest block.
    const auto highest = chain.highest_block_by(address_);
    if (!watermark && highest && chain.hash_at(*highest) != chain.genesis())
        return abstain(Abstained::watermark,
                       "the chain has blocks by this key, but no file says up to which height it has signed: "
                       "run 'bt2c-dr network unlock-signing'",
                       now_s + look_again_s);
    if (watermark && *watermark >= height) return sign_again(chain, *watermark);

    if (waiting_on_ != tip.hash) {
        waiting_on_ = tip.hash;
        waiting_since_s_ = now_s;
    }
    const std::vector<std::string> proposers = chain.proposers();
    const auto ours = std::ranges::find(proposers, address_);
    if (ours == proposers.end())
        return abstain(Abstained::not_our_turn, "it is not among the proposers of this height",
                       now_s + look_again_s);
    const std::int64_t round = ours - proposers.begin();
    const double when =
        std::max(chain.earliest_s(round),
                 waiting_since_s_ + static_cast<double>(round) * chain.options().block_time_s);
    if (now_s < when)
        return abstain(round == 0 ? Abstained::too_early : Abstained::not_our_turn,
                       base::format("it may make block {} in round {}", height, round), when);

    Block block = chain.build(address_, round, now_s);
    if (block.header.height != height)  // another process moved the chain meanwhile
        return abstain(Abstained::behind, "the chain has just moved", now_s);
    // In this order: what a watermark forbids to sign anew can then be signed again as it was.
    chain.keep_made(block);
    keys::raise_watermark(home_, identity, height);
    sign_header(block.header, chain.genesis(), *signer_);
    return {Abstained::nothing, {}, std::move(block), now_s};
}

Producer::Outcome Producer::sign_again(Chain& chain, std::int64_t watermark) {
    const ChainTip tip = chain.tip();
    const std::int64_t height = tip.height + 1;
    if (watermark == height) {
        std::optional<Block> made = chain.made_at(address_, height);
        if (made && made->header.previous_hash == tip.hash && made->header.hash == made->header.own_hash()) {
            sign_header(made->header, chain.genesis(), *signer_);
            return {Abstained::nothing, "the block that was made before", std::move(made), 0};
        }
    }
    return abstain(Abstained::watermark,
                   base::format("this key may have signed up to height {}, and block {} would be next",
                                watermark, height),
                   0);
}

bool Producer::locked() const {
    return keys::signing_lock(home_).has_value();
}

void Producer::observe(const Chain& chain, const BlockHeader& header) {
    if (address_.empty() || header.validator != address_) return;
    std::string reason;
    try {
        const auto watermark = keys::read_watermark(home_, identity_of(chain, address_));
        const auto made = chain.made_at(address_, header.height);
        // At or below the watermark, blocks from before the database's own records are ours.
        if (watermark && header.height <= *watermark && (!made || made->header.hash == header.hash)) return;
        reason = base::format("a block of height {} by {} was not made here", header.height, address_);
    } catch (const base::Error& error) {
        reason = base::format("a block by {} came in, and the watermark cannot be read: {}", address_,
                              error.message());
    }
    keys::lock_signing(home_, reason);
}

}  // namespace bt2c::node
