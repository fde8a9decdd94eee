#pragma once
// Whether a restored validator may sign again, and from which height on. docs/network.md.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bt2c::network {

/// What one peer answered of the chain and of our key.
struct PeerAnswer {
    std::string name;                     ///< its URL
    std::string error;                    ///< why it could not be asked; empty when it answered
    std::int64_t height = 0;              ///< of its tip
    std::string hash_at_our_height;       ///< its block at the height of our tip; empty where it has none
    std::optional<double> last_block_at;  ///< of our validator, Unix time, s
    bool has_our_validator = false;       ///< a node that proves our validator's key is connected to it
};

/// All that is known when signing is asked to be unlocked.
struct UnlockFacts {
    double now_s = 0;
    double block_time_s = 0;             ///< as the chain's last blocks have it
    std::optional<std::int64_t> height;  ///< of our tip
    std::string tip_hash;
    double tip_at_s = 0;  ///< when our tip was made, Unix time
    bool paused = false;
    std::string integrity_problem;                ///< the first finding; empty when the chain was proved
    std::int64_t other_validators = 0;            ///< that are ACTIVE beside ours
    std::optional<std::int64_t> watermark;        ///< the highest that any file of this home has
    std::vector<std::string> damaged_watermarks;  ///< files of this home that could not be read
    std::optional<std::int64_t> highest_own;      ///< our validator's highest block here
    std::vector<PeerAnswer> peers;
    std::string attestation;    ///< how it is known that the old host is dead; empty: it is not
    bool total_outage = false;  ///< a person answers for it that no other copy of a later block exists
};

struct UnlockDecision {
    std::vector<std::string> refusals;     ///< empty: it may sign again
    std::vector<std::string> checked;      ///< what was looked at and found well
    std::vector<std::string> not_checked;  ///< what could not be looked at
    std::int64_t watermark = 0;            ///< the new one: it signs above it
};

/// Heights that are left out beyond the highest one known, since the old host may have signed blocks that
/// nobody got.
inline constexpr std::int64_t unlock_margin = 2;

/// How long the key has to have been silent: a block time is late at twice its length.
double silence_needed_s(double block_time_s);

UnlockDecision decide_unlock(const UnlockFacts& facts);

}  // namespace bt2c::network
