// Sealed boxes open for one key alone. [B5]
#include "crypto/sealed_box.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace bt2c::crypto {
namespace {

const base::Bytes plain{1, 2, 3, 4};

TEST(SealedBox, OpensForTheHolderOfTheSecretKeyAlone) {
    const SecretBytes mine = SecretBytes::random(box_secret_key_bytes);
    const SecretBytes other = SecretBytes::random(box_secret_key_bytes);
    const base::Bytes box = seal_box(box_public_key(mine), plain);
    EXPECT_EQ(box.size(), plain.size() + box_overhead_bytes);
    EXPECT_TRUE(equal(open_box(mine, box).value().view(), plain));
    EXPECT_FALSE(open_box(other, box));
    EXPECT_NE(seal_box(box_public_key(mine), plain), box);
}

TEST(SealedBox, AnyDamageIsNoticed) {
    const SecretBytes key = SecretBytes::random(box_secret_key_bytes);
    const base::Bytes box = seal_box(box_public_key(key), plain);
    for (std::size_t i = 0; i < box.size(); ++i) {
        base::Bytes damaged = box;
        damaged[i] ^= 1;
        EXPECT_FALSE(open_box(key, damaged)) << i;
        EXPECT_FALSE(open_box(key, base::ByteView(box).first(i))) << i;
    }
}

TEST(SealedBox, APublicKeyThatGivesNoSecretIsRefused) {
    EXPECT_THROW(seal_box(BoxPublicKey{}, plain), base::Error);
}

}  // namespace
}  // namespace bt2c::crypto
