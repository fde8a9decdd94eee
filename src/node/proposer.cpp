#include "node/proposer.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace bt2c::node {

namespace {

__extension__ using Wide = unsigned __int128;

void put_be(base::Bytes& out, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

Wide weight_of(const Candidate& candidate) {
    return static_cast<Wide>(candidate.stake_units) *
           static_cast<Wide>(std::clamp(candidate.reputation, reputation_min, reputation_max));
}

/// The first 16 bytes of SHA-256(previous hash ‖ network ‖ height ‖ index) as a number.
Wide drawn_number(const chain::Hash& previous, std::string_view network, std::int64_t height,
                  std::size_t index) {
    base::Bytes text(previous.begin(), previous.end());
    text.insert(text.end(), network.begin(), network.end());
    put_be(text, static_cast<std::uint64_t>(height));
    put_be(text, index);
    const chain::Hash hash = crypto::sha256(text);
    return static_cast<Wide>(base::get_be<std::uint64_t>(hash.data())) << 64 |
           base::get_be<std::uint64_t>(hash.data() + 8);
}

}  // namespace

std::vector<std::size_t> draw_proposers(std::span<const Candidate> candidates, const chain::Hash& previous,
                                        std::string_view network, std::int64_t height, std::size_t count) {
    std::vector<std::size_t> left(candidates.size());
    Wide total = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
        left[i] = i;
        total += weight_of(candidates[i]);
    }
    std::vector<std::size_t> drawn;
    while (drawn.size() < std::min(count, candidates.size())) {
        Wide number = drawn_number(previous, network, height, drawn.size()) % total;
        const auto chosen = std::ranges::find_if(left, [&](std::size_t i) {
            const Wide weight = weight_of(candidates[i]);
            if (number < weight) return true;
            number -= weight;
            return false;
        });
        BT2C_ASSERT(chosen != left.end());
        total -= weight_of(candidates[*chosen]);
        drawn.push_back(*chosen);
        left.erase(chosen);
    }
    return drawn;
}

}  // namespace bt2c::node
