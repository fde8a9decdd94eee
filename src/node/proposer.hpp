#pragma once
// Who may make the next block: drawn from the previous block's hash, by stake and reputation.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chain/hash.hpp"

namespace bt2c::node {

struct Candidate {
    std::string_view address;
    std::int64_t stake_units = 0;
    std::int64_t reputation = 0;  ///< in thousandths
};

inline constexpr std::size_t proposers_max = 16;
inline constexpr std::int64_t reputation_min = 1, reputation_max = 2000;

/// The positions in `candidates` (sorted by address) of the first `count` proposers.
std::vector<std::size_t> draw_proposers(std::span<const Candidate> candidates, const chain::Hash& previous,
                                        std::string_view network, std::int64_t height, std::size_t count);

}  // namespace bt2c::node
