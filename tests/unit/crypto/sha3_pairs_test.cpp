#include "crypto/sha3_pairs.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bt2c::crypto {
namespace {

// Every number of pairs up to three full rounds of eight lanes, apart and in place.
TEST(Sha3Pairs, AreThoseOfTheOrdinaryFunction) {
    for (std::size_t pairs = 0; pairs <= 25; ++pairs) {
        std::vector<Digest> in;
        for (std::size_t i = 0; i < 2 * pairs; ++i)
            in.push_back(sha256(base::as_bytes(std::to_string(1000 * pairs + i))));
        std::vector<Digest> expected;
        for (std::size_t i = 0; i < pairs; ++i) {
            base::Bytes both(in[2 * i].begin(), in[2 * i].end());
            both.insert(both.end(), in[2 * i + 1].begin(), in[2 * i + 1].end());
            expected.push_back(sha3_256(both));
        }
        std::vector<Digest> out(pairs);
        sha3_256_pairs(in, out);
        EXPECT_EQ(out, expected) << pairs;
        sha3_256_pairs(in, std::span(in).first(pairs));
        in.resize(pairs);
        EXPECT_EQ(in, expected) << pairs;
    }
}

}  // namespace
}  // namespace bt2c::crypto
