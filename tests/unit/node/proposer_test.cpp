// [N1] The draw of proposers: the same everywhere, fair by weight, each validator once.

#include "node/proposer.hpp"

#include <gtest/gtest.h>

#include <set>

namespace bt2c::node {
namespace {

const std::vector<Candidate> three{
    {"bt2c_a", 100'000'000, 1000}, {"bt2c_b", 300'000'000, 1000}, {"bt2c_c", 200'000'000, 2000}};

TEST(Draw, IsPinned) {
    // What other implementations have to come to.
    chain::Hash previous{};
    for (std::size_t i = 0; i < previous.size(); ++i) previous[i] = static_cast<std::uint8_t>(i);
    EXPECT_EQ(draw_proposers(three, previous, "devnet", 1, 16), (std::vector<std::size_t>{2, 1, 0}));
    EXPECT_EQ(draw_proposers(three, previous, "devnet", 2, 16), (std::vector<std::size_t>{2, 1, 0}));
}

TEST(Draw, FollowsTheWeights) {
    std::vector<int> first(3);
    chain::Hash previous{};
    for (int i = 0; i < 8000; ++i) {
        previous[0] = static_cast<std::uint8_t>(i);
        previous[1] = static_cast<std::uint8_t>(i >> 8);
        ++first[draw_proposers(three, previous, "devnet", 7, 1)[0]];
    }
    EXPECT_NEAR(first[0], 1000, 150);
    EXPECT_NEAR(first[1], 3000, 200);
    EXPECT_NEAR(first[2], 4000, 200);
}

TEST(Draw, GivesEachOnceAndAtMostThoseAsked) {
    std::vector<Candidate> many(40, {"bt2c_x", 2'100'000'000'000'000, 2000});
    const auto drawn = draw_proposers(many, {}, "devnet", 1, proposers_max);
    EXPECT_EQ(drawn.size(), 16U);
    EXPECT_EQ(std::set<std::size_t>(drawn.begin(), drawn.end()).size(), 16U);
    EXPECT_TRUE(draw_proposers({}, {}, "devnet", 1, 16).empty());
    // A reputation out of range counts as the nearest one in range.
    const std::vector<Candidate> odd{{"bt2c_a", 100'000'000, 0}, {"bt2c_b", 100'000'000, -5}};
    EXPECT_EQ(draw_proposers(odd, {}, "devnet", 1, 16).size(), 2U);
}

}  // namespace
}  // namespace bt2c::node
