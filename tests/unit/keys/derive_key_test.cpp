// [K1] Keys out of phrases, bit for bit those of the chain's Python tools.

#include "keys/derive_key.hpp"

#include "crypto/base64.hpp"
#include "crypto/hash.hpp"
#include "keys/phrase.hpp"
#include "reference.hpp"

namespace bt2c::keys {
namespace {

constexpr const char* open_vectors = "vectors-open.json";

crypto::SecretBytes seed_of(std::string_view phrase) {
    return seed_of_phrase(base::as_bytes(phrase));
}

TEST(DeriveKey, OfTheBestKnownPhrase) {
    const crypto::SecretBytes seed = seed_of(
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about");
    EXPECT_EQ(base::to_hex(seed.view()),
              "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1"
              "9a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4");
    const DerivedKey derived = derive_key(seed.view());
    EXPECT_EQ(derived.first_prime_bytes, 2432U);
    EXPECT_EQ(derived.bytes_drawn, 49408U);
    EXPECT_EQ(derived.candidates[0], 8U);
    EXPECT_EQ(derived.candidates[1], 214U);
    EXPECT_EQ(base::to_hex(crypto::sha256(encode_pkcs1(derived.key).view())),
              "2b865316544a0a9cc163aa2a58d5998914d20bfcea568a160217e911f9ba6659");
    EXPECT_EQ(address_of(encode_public_key(derived.key)), "bt2c_zmav5edjfrkm5xayqtgfpfkg2q");
}

TEST(DeriveKey, AgreesWithAllReferenceVectors) {
    BT2C_NEEDS_REFERENCE(open_vectors);
    for (const base::Json& vector : reference(open_vectors).elements()) {
        const std::string& phrase = vector.string_at("mnemonic");
        EXPECT_EQ(clean_phrase(phrase).text(), phrase);
        const crypto::SecretBytes seed = seed_of(phrase);
        EXPECT_EQ(base::to_hex(seed.view()), vector.string_at("bip39_seed_hex"));
        const DerivedKey derived = derive_key(seed.view());
        const RsaKey& key = derived.key;
        SCOPED_TRACE(vector.string_at("address"));
        EXPECT_EQ(derived.bytes_drawn, vector.unsigned_at("randfunc_bytes"));
        EXPECT_EQ(derived.first_prime_bytes, vector.unsigned_at("first_prime_end_byte"));
        for (std::size_t i = 0; i < 2; ++i)
            EXPECT_EQ(derived.candidates[i], vector.array_at("candidates_drawn").at(i).integer());
        EXPECT_EQ(number(key.n.view()), vector.string_at("n_hex"));
        EXPECT_EQ(number(key.p.view()), vector.string_at("p_hex"));
        EXPECT_EQ(number(key.q.view()), vector.string_at("q_hex"));
        EXPECT_EQ(number(key.d.view()), vector.string_at("d_hex"));
        const crypto::SecretBytes der = encode_pkcs1(key);
        EXPECT_EQ(der.size(), vector.unsigned_at("private_key_pkcs1_len"));
        EXPECT_EQ(base::to_hex(crypto::sha256(der.view())), vector.string_at("private_key_pkcs1_sha256"));
        const base::Bytes public_key = encode_public_key(key);
        EXPECT_EQ(crypto::to_base64(public_key), vector.string_at("public_key_spki_b64"));
        EXPECT_EQ(address_of(public_key), vector.string_at("address"));

        const auto found = find_key(seed.view(), key.n.view());
        ASSERT_TRUE(found);
        EXPECT_TRUE(crypto::equal(encode_pkcs1(*found).view(), der.view()));
    }
}

TEST(DeriveKey, OlderVariantAgreesWithItsVectors) {
    BT2C_NEEDS_REFERENCE("vectors-variant39-open.json");
    for (const base::Json& vector : reference("vectors-variant39-open.json").elements()) {
        const crypto::SecretBytes seed = seed_of(vector.string_at("mnemonic"));
        const DerivedKey derived = derive_key(seed.view(), Variant::older_3_9);
        EXPECT_EQ(address_of(encode_public_key(derived.key)), vector.string_at("address"));
        EXPECT_EQ(number(derived.key.d.view()), vector.string_at("d_hex"));
        EXPECT_TRUE(find_key(seed.view(), derived.key.n.view()));
    }
}

TEST(DeriveKey, TakesPhrasesAsTheyWereTyped) {
    BT2C_NEEDS_REFERENCE("vectors-raw-open.json");
    for (const base::Json& vector : reference("vectors-raw-open.json").elements()) {
        SCOPED_TRACE(vector.string_at("description"));
        const base::Bytes typed = base::from_hex(vector.string_at("phrase_utf8_hex")).value();
        const crypto::SecretBytes seed = seed_of_phrase(normalised(base::as_text(typed)).view());
        EXPECT_EQ(base::to_hex(seed.view()), vector.string_at("bip39_seed_hex"));
        EXPECT_EQ(base::to_hex(crypto::sha256(typed)), vector.string_at("seed_phrase_hash"));
        EXPECT_EQ(address_of(encode_public_key(derive_key(seed.view()).key)), vector.string_at("address"));
    }
}

TEST(DeriveKey, StopsAfterTheFirstPrimeWhenAskedTo) {
    const crypto::SecretBytes seed = seed_of("zoo");
    const DerivedKey stopped =
        derive_key(seed.view(), Variant::current, [](base::ByteView) { return false; });
    EXPECT_TRUE(stopped.key.n.empty());
    EXPECT_EQ(stopped.bytes_drawn, stopped.first_prime_bytes);
}

TEST(DeriveKey, ForeignModulusIsNotFound) {
    const crypto::SecretBytes seed = seed_of("zoo");
    base::Bytes n(256, 0xff);
    EXPECT_FALSE(find_key(seed.view(), n, 500));
}

}  // namespace
}  // namespace bt2c::keys
