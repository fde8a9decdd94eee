#pragma once
// Makes this validator's blocks when it is its turn, and refuses to when it may not sign.

#include <functional>
#include <optional>
#include <string>

#include "config/home.hpp"
#include "keys/rotation_record.hpp"
#include "node/chain.hpp"

namespace bt2c::node {

/// What the network knows of the peers at this moment.
struct PeerView {
    std::int64_t awake_stake_units =
        0;  ///< active stake of connected validators that are not paused; not ours
    std::optional<std::int64_t> best_height;  ///< the highest tip that a peer told of
    std::int64_t pause_sequence = 0;          ///< the newest order that a peer has applied
    /// Another connection to a peer claims this validator's address.
    bool twin = false;
};

/// Why no block was made; for status pages and metrics.
enum class Abstained {
    nothing,  ///< a block was made
    no_key,
    not_active,  ///< no validator, or not ACTIVE
    not_our_turn,
    too_early,
    paused,
    locked,     ///< the signing lock
    behind,     ///< a peer has more blocks, or a newer order
    minority,   ///< too little stake is connected
    watermark,  ///< at or below it, or it cannot be read or written
    twin,       ///< somebody else signs with this key
};
std::string_view abstained_name(Abstained reason);

class Producer {
 public:
    /// Without a signer it only says no_key. `settle_s`: after the start, and after each sign of a twin, it
    /// listens for so long before it signs. When rounds are long overdue, as after a pause, each proposer
    /// still leaves the ones before it their block time.
    Producer(config::Home home, std::optional<keys::Signer> signer, double settle_s);

    struct Outcome {
        Abstained abstained = Abstained::no_key;
        std::string detail;
        std::optional<Block> block;  ///< signed; not yet given to the chain
        double next_try_s = 0;       ///< Unix time before which nothing changes by itself
    };
    /// Called by the chain's thread, again and again. A block that was signed but never got into the chain
    /// (a kill) is given again, the very same, as long as it follows the tip. The watermark is durable before
    /// the signature exists. Never throws for what an operator can mend: that is an abstention with its
    /// detail.
    Outcome try_produce(Chain& chain, const PeerView& peers, double now_s);

    /// To be called with every sound block header that comes in: one by our key that we did not make locks
    /// signing. Ours are known by the watermark and the database.
    void observe(const Chain& chain, const BlockHeader& header);

    /// Whether the signing lock is there.
    bool locked() const;

    const std::string& address() const { return address_; }  ///< empty without a signer

 private:
    config::Home home_;
    std::optional<keys::Signer> signer_;
    std::string address_;
    /// Why nothing may be signed now, but for the turn and the watermark.
    Outcome obstacle(Chain& chain, const PeerView& peers, double now_s);
    Outcome produce(Chain& chain, const PeerView& peers, double now_s);
    Outcome sign_again(Chain& chain, std::int64_t watermark);

    double settle_s_ = 0;
    std::optional<double> silent_until_s_;  ///< nothing before the first call
    chain::Hash waiting_on_{};              ///< the tip upon which it could sign when last asked
    double waiting_since_s_ = 0;            ///< since when it could
};

}  // namespace bt2c::node
