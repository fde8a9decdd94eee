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
