// Ed25519 keys on a real token, that of SoftHSM2. [N1]

#include "crypto/ed25519.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "unit/token/soft_token.hpp"

namespace bt2c::token {
namespace {

class Ed25519OnToken : public testing::Test {
 protected:
    void SetUp() override {
        if (!soft.problem().empty()) BT2C_SKIP_OR_FAIL(soft.problem());
    }
    test::SoftToken soft;
    const base::Bytes message = base::Bytes(5000, 'm');
};

TEST_F(Ed25519OnToken, IsMadeThereAndSigns) {
    const NewKey key = generate_ed25519_key(soft.access(), "bt2c signer alice");
    EXPECT_EQ(key.public_key.size(), crypto::ed25519_public_bytes);
    EXPECT_EQ(key.token_label, "validator");
    const base::Bytes signature = sign_ed25519(soft.access(), key.public_key, message);
    EXPECT_TRUE(crypto::verify_ed25519(key.public_key, message, signature));

    const TokenInfo token = find_token(soft.access());
    ASSERT_EQ(token.keys.size(), 1U);
    EXPECT_EQ(token.keys[0].label, "bt2c signer alice");
    EXPECT_EQ(token.keys[0].public_key, crypto::ed25519_to_spki(key.public_key));
    EXPECT_EQ(token.keys[0].sensitive, true);
    EXPECT_EQ(token.keys[0].extractable, false);
    EXPECT_EQ(token.keys[0].signs, true);
}

TEST_F(Ed25519OnToken, LivesBesideOtherKeysAndGoesAway) {
    const NewKey rsa = generate_key(soft.access(), "rsa");
    const NewKey alice = generate_ed25519_key(soft.access(), "alice");
    const NewKey bob = generate_ed25519_key(soft.access(), "bob");
    EXPECT_NE(alice.public_key, bob.public_key);
    EXPECT_EQ(find_token(soft.access()).keys.size(), 3U);
    EXPECT_EQ(remove_key(soft.access(), crypto::ed25519_to_spki(alice.public_key)), 2U);
    EXPECT_THROW(sign_ed25519(soft.access(), alice.public_key, message), base::Error);
    EXPECT_NO_THROW(sign_ed25519(soft.access(), bob.public_key, message));
}

TEST_F(Ed25519OnToken, WantsThePin) {
    const NewKey key = generate_ed25519_key(soft.access(), "alice");
    try {
        sign_ed25519(soft.access("999999"), key.public_key, message);
        ADD_FAILURE();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::wrong_secret);
    }
    EXPECT_THROW(sign_ed25519(soft.access(""), key.public_key, message), base::Error);
}

TEST_F(Ed25519OnToken, DoesNotSignWithAnotherKind) {
    const NewKey rsa = generate_key(soft.access(), "rsa");
    EXPECT_THROW(sign_ed25519(soft.access(), rsa.public_key, message), base::Error);
    EXPECT_THROW(sign_ed25519(soft.access(), base::Bytes(32, 1), message), base::Error);
}

}  // namespace
}  // namespace bt2c::token
