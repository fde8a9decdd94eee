#include "crypto/rsa.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/file.hpp"

namespace bt2c::crypto {
namespace {

base::Bytes bytes_of(const std::string& hex) {
    base::Bytes bytes(hex.size() / 2);
    EXPECT_TRUE(base::from_hex(hex, bytes));
    return bytes;
}

TEST(Rsa, SignaturesOfWycheproofAreToldApart) {
    const std::filesystem::path file =
        std::filesystem::path(BT2C_SOURCE_DIR) /
        "../shared/reference/vectors/standards/wycheproof-rsa_signature_2048_sha256_test.json";
    if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not there";
    const base::Json document = base::Json::parse(base::as_text(platform::read_file(file, 8 << 20)));
    int seen = 0;
    for (const base::Json& group : document.array_at("testGroups")) {
        const base::Bytes key = bytes_of(group.string_at("publicKeyDer"));
        for (const base::Json& test : group.array_at("tests")) {
            const std::string& result = test.string_at("result");
            if (result == "acceptable") continue;
            EXPECT_EQ(verify_pkcs1_sha256_digest(key, sha256(bytes_of(test.string_at("msg"))),
                                                 bytes_of(test.string_at("sig"))),
                      result == "valid")
                << test.integer_at("tcId");
            EXPECT_EQ(
                verify_pkcs1_sha256(key, bytes_of(test.string_at("msg")), bytes_of(test.string_at("sig"))),
                result == "valid")
                << test.integer_at("tcId") << ": " << test.string_at("comment");
            ++seen;
        }
    }
    EXPECT_GT(seen, 200);
}

TEST(Rsa, WhatIsNoKeyIsRefused) {
    const base::Bytes nonsense{0x30, 0x03, 0x02, 0x01, 0x00};
    EXPECT_FALSE(verify_pkcs1_sha256(nonsense, {}, {}));
    EXPECT_FALSE(verify_pkcs1_sha256({}, {}, {}));
    EXPECT_THROW(sign_pkcs1_sha256({}, {}), base::Error);
    EXPECT_THROW(encrypt_oaep(nonsense, {}), base::Error);
    EXPECT_FALSE(verify_pkcs1_sha256_digest(nonsense, {}, {}));
    EXPECT_THROW(rsa_public_key({}, {}), base::Error);
    EXPECT_THROW(rsa_public_key(base::Bytes{7}, {}), base::Error);
}

}  // namespace
}  // namespace bt2c::crypto
