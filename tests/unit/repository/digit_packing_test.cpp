#include "repository/digit_packing.hpp"

#include <gtest/gtest.h>

#include <string>

#include "repository/compression.hpp"

namespace bt2c::repository {
namespace {

using base::as_bytes;
using base::Bytes;

Bytes joined(const PackedDigits& packed) {
    Bytes all(packed.text.begin(), packed.text.end());
    all.insert(all.end(), packed.bytes.begin(), packed.bytes.end());
    return all;
}

/// As packed by each way, which must agree, and unpacked again.
std::optional<Bytes> packed_by_all(const std::string& plain) {
    std::optional<Bytes> first;
    bool any = false;
    for (const DigitPacking& way : ways_to_pack_digits()) {
        const auto packed = way.pack(as_bytes(plain));
        const auto whole = packed ? std::optional(joined(*packed)) : std::nullopt;
        EXPECT_TRUE(!any || whole == first);
        any = true;
        first = whole;
        if (!whole) continue;
        Bytes again(plain.size());
        EXPECT_TRUE(way.unpack(*whole, again));
        EXPECT_EQ(base::as_text(again), plain);
    }
    return first;
}

const std::string hash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const std::string signature =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn";

TEST(DigitPacking, StandsAsTheFormatSays) {
    const auto packed = packed_by_all("_" + hash + "g!" + signature + "==");
    ASSERT_TRUE(packed);
    Bytes expected{2, 0, 0, 0, 5, 0, 0, 0, '_', 'g', '!', '=', '=', 1, 0, 2, 0, 64, 0, 53, 0};
    for (int copy = 0; copy < 2; ++copy)
        for (int byte = 0; byte < 16; ++byte) expected.push_back(static_cast<std::uint8_t>(byte * 0x11));
    ASSERT_EQ(packed->size(), expected.size() + 78);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), packed->begin()));
    // RFC 4648: base64 of 00 10 83 10 51 87 begins the alphabet.
    EXPECT_EQ(base::to_hex(base::ByteView(*packed).subspan(expected.size(), 6)), "001083105187");
}

TEST(DigitPacking, HoldsRunsAndGapsBeyondItsFields) {
    std::string text(70000, '.'), long_hex, long_base64;
    for (int i = 0; i < 3000; ++i) long_hex += hash;
    for (int i = 0; i < 3000; ++i) long_base64 += signature;
    EXPECT_TRUE(packed_by_all(long_hex + text + hash));
    EXPECT_TRUE(packed_by_all(text + long_base64));
    EXPECT_TRUE(packed_by_all(text + text + long_base64 + "." + long_hex.substr(1) + text));
}

TEST(DigitPacking, IsLeftWhereItWouldNotPay) {
    EXPECT_FALSE(packed_by_all(""));
    EXPECT_FALSE(packed_by_all(hash.substr(0, 31)));
    EXPECT_FALSE(packed_by_all(std::string(1000, '.') + hash));
    EXPECT_FALSE(packed_by_all(std::string(4096, '\0')));
}

TEST(DigitPacking, TakesLowerCaseOnlyForHex) {
    std::string upper = hash;
    for (char& digit : upper) digit = static_cast<char>(std::toupper(digit));
    packed_by_all("." + upper + "." + upper + ".");
    packed_by_all(hash + upper);
}

TEST(DigitPacking, RefusesWhatIsNotThePackedFormOfSoManyBytes) {
    const std::string plain = "_" + hash + "!" + hash + "__";
    const auto packed = packed_by_all(plain);
    ASSERT_TRUE(packed);
    for (const DigitPacking& way : ways_to_pack_digits()) {
        Bytes out(plain.size());
        for (std::size_t size = 0; size < packed->size(); ++size)
            EXPECT_FALSE(way.unpack(base::ByteView(*packed).first(size), out)) << size;
        Bytes longer = *packed;
        longer.push_back(0);
        EXPECT_FALSE(way.unpack(longer, out));
        Bytes room(plain.size() + 1);
        EXPECT_FALSE(way.unpack(*packed, room));
        EXPECT_FALSE(way.unpack(*packed, base::MutableBytes(out).first(out.size() - 1)));
        EXPECT_FALSE(way.unpack(*packed, {}));
        // The number of runs, of literals, the first gap, and the first length.
        for (const std::size_t at : std::initializer_list<std::size_t>{0, 3, 4, 7, 12, 13, 16, 17}) {
            Bytes changed = *packed;
            changed[at] ^= 0x40;
            EXPECT_FALSE(way.unpack(changed, out)) << at;
        }
    }
}

TEST(Payload, IsPackedWhereThatPaysAndAFrameElsewhere) {
    std::string digits;
    for (int i = 0; i < 100; ++i) digits += hash + "|";
    Bytes packed{7}, frame;
    compress_payload(as_bytes(digits), 1, packed);
    EXPECT_EQ(packed[1], 1);
    const base::ByteView payload = base::ByteView(packed).subspan(1);
    Bytes out(digits.size());
    ASSERT_TRUE(decompress_payload(payload, out));
    EXPECT_EQ(base::as_text(out), digits);
    out.push_back(0);
    EXPECT_FALSE(decompress_payload(payload, out));
    compress_payload(as_bytes("neither hex nor base64, neither hex nor base64"), 1, frame);
    EXPECT_EQ(base::to_hex(base::ByteView(frame).first(4)), "28b52ffd");
    out.resize(46);
    EXPECT_TRUE(decompress_payload(frame, out));
    EXPECT_FALSE(decompress_payload({}, out));
    EXPECT_FALSE(decompress_payload(payload.first(1), out));
}

}  // namespace
}  // namespace bt2c::repository
