#include "crypto/seal.hpp"

#include <gtest/gtest.h>

namespace bt2c::crypto {
namespace {

using base::Bytes;

Bytes seal(const SecretBytes& key, std::uint64_t number, base::ByteView plain) {
    Bytes out(plain.size() + seal_tag_bytes);
    Sealer(key).seal(number, plain, out);
    return out;
}
std::optional<Bytes> open(const SecretBytes& key, std::uint64_t number, base::ByteView sealed) {
    Bytes out(sealed.size() - std::min(sealed.size(), seal_tag_bytes), 0xEE);
    if (!unseal(key, number, sealed, out)) {
        EXPECT_EQ(out, Bytes(out.size(), 0)) << "what did not verify is left behind";
        return std::nullopt;
    }
    return out;
}

// The Galois/Counter Mode of Operation (McGrew, Viega), test cases 13 and 14: key and nonce are zeros,
// which is number 0.
TEST(Seal, IsAes256Gcm) {
    const SecretBytes key(32);
    EXPECT_EQ(base::to_hex(seal(key, 0, {})), "530f8afbc74536b9a963b4f1c4cb738b");
    EXPECT_EQ(base::to_hex(seal(key, 0, Bytes(16))),
              "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

TEST(Seal, OpensWithItsKeyAndNumberAlone) {
    const SecretBytes key = SecretBytes::random(32);
    const SecretBytes other = SecretBytes::random(32);
    for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 4096U, 300'000U}) {
        const Bytes plain(size, 0x5A);
        for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1} << 40, UINT64_MAX}) {
            const Bytes sealed = seal(key, number, plain);
            EXPECT_EQ(open(key, number, sealed), plain);
            EXPECT_EQ(open(key, number ^ 1, sealed), std::nullopt);
            EXPECT_EQ(open(key, number ^ (std::uint64_t{1} << 63), sealed), std::nullopt);
            EXPECT_EQ(open(other, number, sealed), std::nullopt);
        }
    }
}

// Long messages are sealed by another library than short ones, where the processor allows it.
TEST(Seal, LongAndShortOnesAreOfOneCipher) {
    const SecretBytes key = SecretBytes::random(32);
    const Bytes plain(100'000, 0x5A);
    const Bytes whole = seal(key, 9, plain);
    for (const std::size_t size : {4095U, 4096U, 4097U}) {
        const Bytes part = seal(key, 9, base::ByteView(plain).first(size));
        EXPECT_TRUE(std::equal(part.begin(), part.end() - seal_tag_bytes, whole.begin())) << size;
    }
    // The tag of 4096 zeros under a key and number of zeros, by another implementation (Python's
    // cryptography).
    const Bytes zeros = seal(SecretBytes(32), 0, Bytes(4096));
    EXPECT_EQ(base::to_hex(base::ByteView(zeros).last(seal_tag_bytes)), "02f2e46a9e9e45511dcd94ac24f1f9b6");
    EXPECT_EQ(base::to_hex(base::ByteView(seal(SecretBytes(32), 0, Bytes(4095))).last(seal_tag_bytes)),
              "7354dc36289dcae215e20d358245b57d");
}

TEST(Seal, OpensInPlace) {
    const SecretBytes key = SecretBytes::random(32);
    for (const std::size_t size : {100U, 100'000U}) {
        const Bytes plain(size, 0x5A);
        Bytes sealed = seal(key, 7, plain);
        EXPECT_TRUE(unseal(key, 7, sealed, base::MutableBytes(sealed).first(size)));
        EXPECT_TRUE(std::equal(plain.begin(), plain.end(), sealed.begin()));
        sealed = seal(key, 7, plain);
        sealed.back() ^= 1;
        EXPECT_FALSE(unseal(key, 7, sealed, base::MutableBytes(sealed).first(size)));
        EXPECT_TRUE(
            std::all_of(sealed.begin(), sealed.end() - seal_tag_bytes, [](auto byte) { return byte == 0; }));
    }
}

TEST(Seal, EveryBitCounts) {
    const SecretBytes key = SecretBytes::random(32);
    Bytes sealed = seal(key, 3, Bytes(40, 7));
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        sealed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        EXPECT_EQ(open(key, 3, sealed), std::nullopt) << bit;
        sealed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    }
    EXPECT_TRUE(open(key, 3, sealed));
}

TEST(Seal, CutOffOrLengthenedItDoesNotOpen) {
    const SecretBytes key = SecretBytes::random(32);
    Bytes sealed = seal(key, 3, Bytes(40, 7));
    for (std::size_t size = 0; size < sealed.size(); ++size)
        EXPECT_EQ(open(key, 3, base::ByteView(sealed).first(size)), std::nullopt) << size;
    sealed.push_back(0);
    EXPECT_EQ(open(key, 3, sealed), std::nullopt);
}

TEST(Seal, OneSealerSealsManyMessages) {
    const SecretBytes key = SecretBytes::random(32);
    Sealer sealer(key);
    Sealer moved = std::move(sealer);
    for (std::uint64_t number = 0; number < 5; ++number) {
        const Bytes plain(number * 10, static_cast<std::uint8_t>(number));
        Bytes out(plain.size() + seal_tag_bytes);
        moved.seal(number, plain, out);
        EXPECT_EQ(out, seal(key, number, plain));
    }
}

}  // namespace
}  // namespace bt2c::crypto
