// Keys on a real token, that of SoftHSM2. [K3]

#include "token/token.hpp"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <p11-kit/pkcs11.h>

#include "base/error.hpp"
#include "crypto/hash.hpp"
#include "crypto/rsa.hpp"
#include "keys/derive_key.hpp"
#include "platform/isolated.hpp"
#include "unit/token/soft_token.hpp"

namespace bt2c::token {
namespace {

using base::ErrorKind;
using testing::HasSubstr;

template <typename Call>
base::Error error_of(Call call) {
    try {
        call();
    } catch (const base::Error& error) {
        return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {ErrorKind::failed, ""};
}

/// The key of the chain's tools for a phrase; the same for all tests.
const keys::RsaKey& key() {
    static const keys::RsaKey derived =
        keys::derive_key(keys::seed_of_phrase(base::as_bytes("a phrase of the token tests")).view()).key;
    return derived;
}

class Token : public testing::Test {
 protected:
    void SetUp() override {
        if (!soft.problem().empty()) BT2C_SKIP_OR_FAIL(soft.problem());
    }
    void import() const { import_key(soft.access(), key().numbers(), "bt2c_label"); }

    test::SoftToken soft;
    const base::Bytes public_key = keys::encode_public_key(key());
    const crypto::Digest digest = crypto::sha256(base::as_bytes("a message"));
};

TEST_F(Token, IsListedWithItsNames) {
    const auto tokens = list_tokens(soft.access(""));
    ASSERT_EQ(tokens.size(), 1U);
    EXPECT_EQ(tokens[0].label, "validator");
    EXPECT_EQ(tokens[0].serial.size(), 16U);
    EXPECT_EQ(tokens[0].manufacturer, "SoftHSM project");
    EXPECT_FALSE(tokens[0].logged_in);
    EXPECT_TRUE(tokens[0].keys.empty());
}

TEST_F(Token, TakesAKeyAndSignsWithIt) {
    import();
    const TokenInfo open = find_token(soft.access(""));
    ASSERT_EQ(open.keys.size(), 1U);
    EXPECT_FALSE(open.keys[0].has_private);
    EXPECT_EQ(open.keys[0].public_key, public_key);

    const TokenInfo token = find_token(soft.access());
    ASSERT_EQ(token.keys.size(), 1U);
    const KeyInfo& there = token.keys[0];
    EXPECT_TRUE(token.logged_in && there.has_private);
    EXPECT_EQ(there.label, "bt2c_label");
    EXPECT_EQ(base::to_hex(there.id), base::to_hex(crypto::sha256(public_key)).substr(0, 40));
    EXPECT_EQ(there.sensitive, true);
    EXPECT_EQ(there.extractable, false);
    EXPECT_EQ(there.signs, true);
    EXPECT_EQ(there.decrypts, false);

    const base::Bytes signature = sign(soft.access(), public_key, digest);
    EXPECT_TRUE(crypto::verify_pkcs1_sha256(public_key, base::as_bytes("a message"), signature));
    // PKCS#1 v1.5 has no randomness: the key on the token is the very key.
    EXPECT_EQ(signature, crypto::sign_pkcs1_sha256(key().numbers(), base::as_bytes("a message")));
}

/// What the module returns when it is asked for an attribute of the private key, by another program as it
/// were.
std::vector<std::uint8_t> returned_for(std::initializer_list<unsigned long> types) {
    const auto job = [&] {
        void* library = ::dlopen(test::softhsm_module.c_str(), RTLD_NOW | RTLD_LOCAL);
        const auto get_list = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
        ck_function_list* calls = nullptr;
        get_list(&calls);
        calls->C_Initialize(nullptr);
        ck_slot_id_t slots[2] = {};
        unsigned long count = 2;
        calls->C_GetSlotList(1, slots, &count);
        ck_session_handle_t session = 0;
        calls->C_OpenSession(slots[0], CKF_SERIAL_SESSION, nullptr, nullptr, &session);
        unsigned char pin[] = "123456";
        calls->C_Login(session, CKU_USER, pin, 6);
        unsigned long object_class = CKO_PRIVATE_KEY;
        ck_attribute wanted{CKA_CLASS, &object_class, sizeof object_class};
        calls->C_FindObjectsInit(session, &wanted, 1);
        ck_object_handle_t key = 0;
        calls->C_FindObjects(session, &key, 1, &count);
        base::Bytes results;
        for (const unsigned long type : types) {
            base::Bytes value(1024);
            ck_attribute asked{type, value.data(), value.size()};
            results.push_back(static_cast<std::uint8_t>(calls->C_GetAttributeValue(session, key, &asked, 1)));
        }
        return results;
    };
    return platform::run_isolated(job, 100, 20'000).answer;
}

TEST_F(Token, DoesNotGiveTheKeyOut) {
    import();
    EXPECT_THAT(returned_for({CKA_MODULUS, CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_PRIME_2, CKA_COEFFICIENT}),
                testing::ElementsAre(CKR_OK, CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_SENSITIVE,
                                     CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_SENSITIVE));
}

TEST_F(Token, DoesNotDecryptWithAKeyThatSigns) {
    import();
    const base::Bytes sealed = crypto::encrypt_oaep(public_key, base::as_bytes("text"));
    EXPECT_EQ(error_of([&] { decrypt(soft.access(), public_key, sealed); }).kind(), ErrorKind::failed);
}

TEST_F(Token, NeverHasAKeyTwice) {
    import();
    const base::Error error = error_of([&] { import(); });
    EXPECT_EQ(error.kind(), ErrorKind::failed);
    EXPECT_THAT(error.cause(), HasSubstr("already"));
    EXPECT_EQ(find_token(soft.access()).keys.size(), 1U);
}

TEST_F(Token, OfAnUnsoundKeyKeepsNothing) {
    const keys::RsaKey& k = key();
    const crypto::RsaPrivateNumbers unsound{k.n.view(), k.e.view(),  k.q.view(),  k.q.view(),
                                            k.p.view(), k.dq.view(), k.dq.view(), k.dq.view()};
    const base::Error error = error_of([&] { import_key(soft.access(), unsound, "bt2c_label"); });
    EXPECT_EQ(error.kind(), ErrorKind::failed);
    EXPECT_THAT(error.state(), testing::Not(testing::IsEmpty()));
    EXPECT_TRUE(find_token(soft.access()).keys.empty());
}

TEST_F(Token, WrongPinIsToldApart) {
    import();
    const base::Error error = error_of([&] { sign(soft.access("999999"), public_key, digest); });
    EXPECT_EQ(error.kind(), ErrorKind::wrong_secret);
    EXPECT_THAT(error.cause(), HasSubstr("wrong PIN was given"));
    EXPECT_THAT(find_token(soft.access("")).pin_warning, HasSubstr("wrong PIN"));
    EXPECT_EQ(find_token(soft.access()).pin_warning.empty(), false) << "read before this login";
    EXPECT_EQ(find_token(soft.access("")).pin_warning, "");
    EXPECT_EQ(error_of([&] { sign(soft.access("1"), public_key, digest); }).kind(), ErrorKind::wrong_secret);
}

TEST_F(Token, KeysAreRemoved) {
    import();
    EXPECT_EQ(remove_key(soft.access(), public_key), 2U);
    EXPECT_TRUE(find_token(soft.access()).keys.empty());
    EXPECT_EQ(error_of([&] { remove_key(soft.access(), public_key); }).kind(), ErrorKind::failed);
    EXPECT_EQ(error_of([&] { sign(soft.access(), public_key, digest); }).kind(), ErrorKind::failed);
}

TEST_F(Token, MakesAKeyThatDecrypts) {
    const NewKey made = generate_key(soft.access(), "bt2c repository");
    EXPECT_TRUE(keys::is_public_key(made.public_key));
    EXPECT_EQ(made.token_label, "validator");
    const crypto::SecretBytes secret = crypto::SecretBytes::random(32);
    base::Bytes sealed = crypto::encrypt_oaep(made.public_key, secret.view());
    EXPECT_TRUE(crypto::equal(decrypt(soft.access(), made.public_key, sealed).view(), secret.view()));
    const KeyInfo there = find_token(soft.access()).keys.at(0);
    EXPECT_EQ(there.id, made.id);
    EXPECT_EQ(there.decrypts, true);
    EXPECT_EQ(there.signs, false);
    EXPECT_EQ(there.sensitive, true);
    EXPECT_EQ(there.extractable, false);
    EXPECT_EQ(error_of([&] { sign(soft.access(), made.public_key, digest); }).kind(), ErrorKind::failed);
    sealed[100] ^= 1;
    EXPECT_EQ(error_of([&] { decrypt(soft.access(), made.public_key, sealed); }).kind(), ErrorKind::failed);
}

TEST_F(Token, OfSeveralOneIsNamed) {
    soft.add("second");
    const auto tokens = list_tokens(soft.access());
    ASSERT_EQ(tokens.size(), 2U);
    EXPECT_FALSE(tokens[0].logged_in || tokens[1].logged_in) << "a PIN was tried on several tokens";
    EXPECT_THAT(error_of([&] { find_token(soft.access()); }).cause(), HasSubstr("'second'"));
    EXPECT_EQ(find_token(soft.access("123456", "second")).label, "second");
    EXPECT_EQ(find_token(soft.access("123456", tokens[0].serial)).serial, tokens[0].serial);
    EXPECT_THAT(error_of([&] { find_token(soft.access("", "third")); }).message(), HasSubstr("third"));
}

}  // namespace
}  // namespace bt2c::token
