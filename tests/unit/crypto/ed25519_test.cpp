// Ed25519 against the vectors of RFC 8032, 7.1. [N1]

#include "crypto/ed25519.hpp"

#include <gtest/gtest.h>

namespace bt2c::crypto {
namespace {

using base::Bytes;

Bytes hex(std::string_view text) {
    return base::from_hex(text).value();
}

struct Vector {
    const char *seed, *public_key, *message, *signature;
};
constexpr Vector vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f"
     "0"
     "595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2ea"
     "e"
     "b4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e"
     "9"
     "716ed28dc027beceea1ec40a"},
};

TEST(Ed25519, SignsAsTheStandardSays) {
    for (const Vector& vector : vectors) {
        const SecretBytes seed = SecretBytes::copy_of(hex(vector.seed));
        EXPECT_EQ(base::to_hex(ed25519_public_key(seed)), vector.public_key);
        const Bytes signature = sign_ed25519(seed, hex(vector.message));
        EXPECT_EQ(base::to_hex(signature), vector.signature);
        EXPECT_TRUE(verify_ed25519(hex(vector.public_key), hex(vector.message), signature));
    }
}

TEST(Ed25519, RefusesEveryFlippedBit) {
    const Vector& vector = vectors[2];
    const Bytes key = hex(vector.public_key), message = hex(vector.message),
                signature = hex(vector.signature);
    const auto flipped = [](Bytes bytes, std::size_t bit) {
        bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << (bit % 8)));
        return bytes;
    };
    for (std::size_t bit = 0; bit < signature.size() * 8; ++bit)
        EXPECT_FALSE(verify_ed25519(key, message, flipped(signature, bit))) << bit;
    for (std::size_t bit = 0; bit < key.size() * 8; ++bit)
        EXPECT_FALSE(verify_ed25519(flipped(key, bit), message, signature)) << bit;
    for (std::size_t bit = 0; bit < message.size() * 8; ++bit)
        EXPECT_FALSE(verify_ed25519(key, flipped(message, bit), signature)) << bit;
}

TEST(Ed25519, RefusesOtherSizesAndKeysOfSmallOrder) {
    const Vector& vector = vectors[1];
    const Bytes key = hex(vector.public_key), message = hex(vector.message),
                signature = hex(vector.signature);
    EXPECT_FALSE(verify_ed25519({}, message, signature));
    EXPECT_FALSE(verify_ed25519(key, message, {}));
    EXPECT_FALSE(verify_ed25519(base::ByteView(key).first(31), message, signature));
    EXPECT_FALSE(verify_ed25519(key, message, base::ByteView(signature).first(63)));
    // The neutral element as key and as R, with S = 0, would verify for every message.
    Bytes neutral(32), both(64);
    neutral[0] = both[0] = 1;
    EXPECT_FALSE(verify_ed25519(neutral, message, both));
}

TEST(Ed25519, RefusesASecondFormOfASignature) {
    const Vector& vector = vectors[1];
    Bytes signature = hex(vector.signature);
    // S + L, which is the same number modulo the group's order.
    const Bytes order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    unsigned carry = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        carry += unsigned{signature[32 + i]} + order[i];
        signature[32 + i] = static_cast<std::uint8_t>(carry);
        carry >>= 8;
    }
    EXPECT_FALSE(verify_ed25519(hex(vector.public_key), hex(vector.message), signature));
}

TEST(Ed25519, NewKeysDiffer) {
    EXPECT_NE(ed25519_public_key(new_ed25519_seed()), ed25519_public_key(new_ed25519_seed()));
}

TEST(Ed25519, KnowsItsSubjectPublicKeyInfo) {
    const Bytes key = hex(vectors[0].public_key);
    const Bytes spki = ed25519_to_spki(key);
    EXPECT_EQ(base::to_hex(spki).substr(0, 24), "302a300506032b6570032100");
    EXPECT_EQ(ed25519_from_spki(spki), key);
    EXPECT_FALSE(ed25519_from_spki(key));
}

}  // namespace
}  // namespace bt2c::crypto
