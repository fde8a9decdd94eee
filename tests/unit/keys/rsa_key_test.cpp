// [K1] Keys as DER: what is written is read, and what does not belong together is refused.

#include "keys/rsa_key.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "keys/derive_key.hpp"

namespace bt2c::keys {
namespace {

const RsaKey& sample() {
    static const RsaKey key = derive_key(seed_of_phrase(base::as_bytes("zoo")).view()).key;
    return key;
}

std::string fault_of(base::ByteView der) {
    try {
        decode_pkcs1(der);
    } catch (const base::Error& error) {
        return error.cause();
    }
    return "";
}

TEST(RsaKey, IsReadAsItWasWritten) {
    const crypto::SecretBytes der = encode_pkcs1(sample());
    EXPECT_TRUE(crypto::equal(encode_pkcs1(decode_pkcs1(der.view())).view(), der.view()));
}

TEST(RsaKey, EveryAlteredByteIsNoticed) {
    const crypto::SecretBytes der = encode_pkcs1(sample());
    for (std::size_t at = 0; at < der.size(); ++at) {
        crypto::SecretBytes altered = der.copy();
        altered.data()[at] ^= 1;
        EXPECT_NE(fault_of(altered.view()), "") << at;
    }
    for (std::size_t size = 0; size < der.size(); size += 7) EXPECT_NE(fault_of(der.view().first(size)), "");
    crypto::SecretBytes longer(der.size() + 1);
    std::copy_n(der.data(), der.size(), longer.data());
    EXPECT_NE(fault_of(longer.view()), "");
}

TEST(RsaKey, OtherSizesAreRefused) {
    // n = 3·11: small, but consistent.
    const base::Bytes small = base::from_hex(
                                  "30"
                                  "1b"
                                  "020100"
                                  "020121"
                                  "020103"
                                  "020107"
                                  "020103"
                                  "02010b"
                                  "020101"
                                  "020107"
                                  "020102")
                                  .value();
    EXPECT_NE(fault_of(small).find("bits"), std::string::npos) << fault_of(small);
}

TEST(RsaKey, AddressFollowsFromThePublicKey) {
    const base::Bytes der = encode_public_key(sample());
    EXPECT_EQ(der.size(), 294U);
    const std::string address = address_of(der);
    EXPECT_TRUE(is_address(address));
    const base::Bytes n = modulus_of(der);
    EXPECT_TRUE(std::equal(n.begin(), n.end(), sample().n.view().begin(), sample().n.view().end()));
    for (const std::size_t at : {0U, 10U, 32U, 293U}) {
        base::Bytes altered = der;
        altered[at] ^= 0xff;
        EXPECT_THROW(modulus_of(altered), base::Error) << at;
    }
    EXPECT_THROW(modulus_of({}), base::Error);
}

TEST(RsaKey, AddressesHaveOneForm) {
    EXPECT_TRUE(is_address("bt2c_zmav5edjfrkm5xayqtgfpfkg2q"));
    for (const char* text : {"", "bt2c_", "bt2c_zmav5edjfrkm5xayqtgfpfkg2r", "bt2c_zmav5edjfrkm5xayqtgfpfkg2",
                             "bt2c_ZMAV5EDJFRKM5XAYQTGFPFKG2Q", "bt2d_zmav5edjfrkm5xayqtgfpfkg2q",
                             "bt2c_zmav5edjfrkm5xayqtgfpfkg1q", "bt2c_zmav5edjfrkm5xayqtgfpfkg2qq"})
        EXPECT_FALSE(is_address(text)) << text;
}

}  // namespace
}  // namespace bt2c::keys
