#include "base/bytes.hpp"

#include <gtest/gtest.h>

namespace bt2c::base {
namespace {

TEST(Bytes, HexGoesThereAndBack) {
    const Bytes bytes{0x00, 0x7f, 0x80, 0xff};
    EXPECT_EQ(to_hex(bytes), "007f80ff");
    EXPECT_EQ(from_hex("007F80ff"), bytes);
    EXPECT_EQ(from_hex(""), Bytes{});
}

TEST(Bytes, WhatIsNoHexIsRefused) {
    EXPECT_FALSE(from_hex("0"));
    EXPECT_FALSE(from_hex("0g"));
    EXPECT_FALSE(from_hex("0x"));
    EXPECT_FALSE(from_hex("\xff\xff"));
    Bytes three(3);
    EXPECT_FALSE(from_hex("00", three));
    EXPECT_TRUE(from_hex("010203", three));
    EXPECT_EQ(three, (Bytes{1, 2, 3}));
}

TEST(Bytes, IntegersAreLittleEndian) {
    Bytes out;
    put_le<std::uint32_t>(out, 0x01020304);
    put_le<std::int16_t>(out, -2);
    EXPECT_EQ(to_hex(out), "04030201feff");
    EXPECT_EQ(get_le<std::uint32_t>(out.data()), 0x01020304U);
    EXPECT_EQ(get_le<std::int16_t>(out.data() + 4), -2);
    EXPECT_EQ(get_be<std::uint32_t>(out.data()), 0x04030201U);
    EXPECT_EQ(get_be<std::uint64_t>(Bytes{0xff, 0, 0, 0, 0, 0, 0, 1}.data()), 0xff00000000000001U);
}

TEST(Bytes, ReaderStaysFailedAfterReadingPastTheEnd) {
    const Bytes five{1, 0, 2, 0, 3};
    Reader reader(five);
    EXPECT_EQ(reader.integer<std::uint16_t>(), 1);
    EXPECT_EQ(reader.integer<std::uint16_t>(), 2);
    EXPECT_FALSE(reader.failed());
    EXPECT_EQ(reader.left(), 1U);
    EXPECT_EQ(reader.integer<std::uint32_t>(), 0U);
    EXPECT_TRUE(reader.failed());
    // The last byte must not be handed out as if nothing had happened.
    EXPECT_EQ(reader.integer<std::uint8_t>(), 0);
    EXPECT_TRUE(reader.bytes(1).empty());
    EXPECT_TRUE(reader.failed());
}

TEST(Bytes, ReaderTakesNoHugeSize) {
    const Bytes one{1};
    Reader reader(one);
    EXPECT_TRUE(reader.bytes(SIZE_MAX).empty());
    EXPECT_TRUE(reader.failed());
}

}  // namespace
}  // namespace bt2c::base
