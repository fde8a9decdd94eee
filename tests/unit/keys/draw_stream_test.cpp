// [K1] The generator against words and bytes that CPython gives.

#include "keys/draw_stream.hpp"

#include <gtest/gtest.h>

namespace bt2c::keys {
namespace {

base::Bytes hex(std::string_view text) {
    return base::from_hex(text).value();
}
std::string drawn(DrawStream& stream, std::size_t count) {
    base::Bytes bytes(count);
    stream.read(bytes);
    return base::to_hex(bytes);
}

TEST(DrawStream, GivesTheWordsOfTheReferenceImplementation) {
    // mt19937ar.out of the generator's authors, key 0x123, 0x234, 0x345, 0x456.
    DrawStream stream(hex("00000456000003450000023400000123"));
    for (const std::uint32_t word : {1067595299U, 955945823U, 477289528U, 4107218783U, 4228976476U})
        EXPECT_EQ(stream.next_word(), word);
}

TEST(DrawStream, SeedOfZeroIsOneWord) {
    DrawStream words({});
    for (const std::uint32_t word : {3626764237U, 1654615998U, 3255389356U})
        EXPECT_EQ(words.next_word(), word);
    DrawStream bytes(hex("0000"));
    EXPECT_EQ(drawn(bytes, 16), "c5d71484f8cf9bf4b76f47904730804b");
    EXPECT_EQ(bytes.bytes_read(), 16U);
}

TEST(DrawStream, LeadingZeroWordsOfTheSeedDoNotCount) {
    // 2^479 + 12345678901234567890, in 64 bytes.
    base::Bytes seed(64);
    seed[4] = 0x80;
    const base::Bytes low = hex("ab54a98ceb1f0ad2");
    std::copy(low.begin(), low.end(), seed.end() - 8);
    DrawStream stream(seed);
    EXPECT_EQ(drawn(stream, 16), "bf54735043eaf658c9c7e596bc08faf2");
}

TEST(DrawStream, GoesOnFarAndInAnyPortions) {
    base::Bytes seed(64);
    seed[0] = 0x80;
    seed[63] = 1;
    DrawStream stream(seed);
    EXPECT_EQ(drawn(stream, 16), "a4769098a75757c8012a7f57ddb0c317");
    base::Bytes skipped(1'000'000 - 16);
    stream.read(skipped);
    EXPECT_EQ(drawn(stream, 7), "70eff91fe956ef");
    EXPECT_EQ(drawn(stream, 9), "484173c9da592876f7");
}

}  // namespace
}  // namespace bt2c::keys
