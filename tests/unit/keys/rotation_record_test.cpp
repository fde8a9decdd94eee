// [K3] The record that both keys of a rotation sign.

#include "keys/rotation_record.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "keys/derive_key.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::keys {
namespace {

RsaKey key_of(std::string_view phrase) {
    return derive_key(seed_of_phrase(base::as_bytes(phrase)).view()).key;
}

/// Deriving a key takes long under the sanitizers.
const RsaKey& old_key() {
    static const RsaKey key = key_of("an old key");
    return key;
}
const RsaKey& new_key() {
    static const RsaKey key = key_of("a new key");
    return key;
}

RotationRecord sample() {
    RotationRecord record;
    record.network = "mainnet";
    record.genesis_hash = std::string(64, 'a');
    record.reason = "half a year has \"passed\", as it does \xc3\xa9";
    record.rotated_at = 1743811500123;
    sign_rotation(record, signer_of(old_key()), signer_of(new_key()));
    return record;
}

std::string altered(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(RotationRecord, ComesBackAsItWasSigned) {
    const RotationRecord record = sample();
    const RotationRecord read = RotationRecord::parse(record.text());
    EXPECT_EQ(read.text(), record.text());
    EXPECT_EQ(read.old_address(), address_of(encode_public_key(old_key())));
    EXPECT_EQ(read.new_address(), address_of(encode_public_key(new_key())));
    EXPECT_EQ(read.rotated_at, 1743811500123);
    EXPECT_FALSE(read.compromised);
}

TEST(RotationRecord, SaysWhatItIsForInWhatIsSigned) {
    const std::string text = sample().signed_text();
    EXPECT_TRUE(
        text.starts_with("{\"purpose\":\"bt2c key rotation\",\"version\":1,\"network\":\"mainnet\","));
    EXPECT_EQ(text.find("signature"), std::string::npos);
}

TEST(RotationRecord, AnAlteredOneIsNotValid) {
    const std::string text = sample().text();
    for (const auto& [from, to] :
         {std::pair("mainnet", "testnet"), std::pair("false", "true"), std::pair("half a year", "half a day"),
          std::pair("aaaa", "aaab"), std::pair("2025-04-05", "2025-04-06")})
        try {
            RotationRecord::parse(altered(text, from, to));
            ADD_FAILURE() << from;
        } catch (const base::Error& error) {
            EXPECT_EQ(error.kind(), base::ErrorKind::wrong_secret) << from;
        }
}

TEST(RotationRecord, EachOfTheTwoKeysHasToSign) {
    RotationRecord record = sample();
    std::swap(record.old_signature, record.new_signature);
    EXPECT_THROW(RotationRecord::parse(record.text()), base::Error);
    record = sample();
    record.new_signature = record.old_signature;
    EXPECT_THROW(RotationRecord::parse(record.text()), base::Error);
    record.new_signature.clear();
    EXPECT_THROW(RotationRecord::parse(record.text()), base::Error);
}

TEST(RotationRecord, MalformedOnesAreDamaged) {
    const std::string text = sample().text();
    for (const std::string& bad :
         {std::string(), std::string("[]"), std::string("{}"), text.substr(0, text.size() / 2),
          altered(text, "bt2c key rotation", "a love letter"),
          altered(text, "\"version\":1", "\"version\":2"),
          altered(text, "\"old_address\":\"bt2c_", "\"old_address\":\"bt2d_"),
          altered(text, "2025-04-05T", "2025-04-95T"),
          altered(text, "\"compromised\":false", "\"compromised\":0"),
          altered(text, "\"new_public_key\":\"M", "\"new_public_key\":\"N")})
        try {
            RotationRecord::parse(bad);
            ADD_FAILURE() << bad.substr(0, 100);
        } catch (const base::Error& error) {
            EXPECT_EQ(error.kind(), base::ErrorKind::failed) << bad.substr(0, 100);
        }
}

TEST(RotationRecord, AKeyIsNotRotatedToItself) {
    RotationRecord record = sample();
    sign_rotation(record, signer_of(old_key()), signer_of(old_key()));
    EXPECT_THROW(RotationRecord::parse(record.text()), base::Error);
}

TEST(RotationRecord, StoredOnesAreFoundAgain) {
    const support::TemporaryFolder folder;
    const config::Home home{folder.path()};
    EXPECT_TRUE(stored_rotations(home).empty());
    const RotationRecord record = sample();
    const auto file = store_rotation_record(home, record);
    folder.write("keys/rotation-damaged.json", "{");
    folder.write("keys/other.json", record.text());
    const auto stored = stored_rotations(home);
    ASSERT_EQ(stored.size(), 1U);
    EXPECT_EQ(stored[0].file, file);
    EXPECT_EQ(stored[0].record.text(), record.text());
}

}  // namespace
}  // namespace bt2c::keys
