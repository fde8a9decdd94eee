#include "crypto/hash.hpp"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "crypto/random.hpp"
#include "crypto/sha3_pairs.hpp"

namespace bt2c::crypto {
namespace {

using base::as_bytes;
using base::Bytes;
using base::to_hex;

Bytes hex(std::string_view text) {
    return base::from_hex(text).value();
}

TEST(BoundedText, KeepsWhatAHashCanBeAndTellsLongerOnesApart) {
    for (const std::string& text : {std::string(), std::string("ab\n"), std::string(100, 'a')})
        EXPECT_EQ(bounded_text(text), text);
    const std::string bounded = bounded_text(std::string(50'000'000, 'a') + "b");
    EXPECT_EQ(bounded.find(std::string(24, 'a') + "... (50000001 bytes, SHA-256 "), 0U) << bounded;
    EXPECT_LE(bounded.size(), 100U);
    EXPECT_EQ(bounded_text(bounded), bounded);
    EXPECT_NE(bounded_text(std::string(50'000'000, 'a') + "c"), bounded);
    EXPECT_EQ(bounded_text(std::string(101, '\x1b')).find("\\x1b\\x1b"), 0U);
}

// FIPS 180-4, examples of NIST's Cryptographic Standards and Guidelines.
TEST(Sha256Hash, GivesTheStandardsValues) {
    EXPECT_EQ(to_hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(sha256(Bytes(1'000'000, 'a'))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// FIPS 202, examples of NIST's Cryptographic Standards and Guidelines.
TEST(Sha3Hash, GivesTheStandardsValues) {
    EXPECT_EQ(to_hex(sha3_256({})), "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
    EXPECT_EQ(to_hex(sha3_256(as_bytes("abc"))),
              "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
    EXPECT_EQ(to_hex(sha3_256(Bytes(200, 0xA3))),
              "79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787");
}

// RFC 1321, appendix A.5.
TEST(Md5Hash, GivesTheStandardsValues) {
    EXPECT_EQ(to_hex(md5({})), "d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(to_hex(md5(as_bytes("message digest"))), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Sha256Hash, OfPiecesIsThatOfTheWholeAndStartsAnew) {
    Sha256 hash;
    for (int round = 0; round < 2; ++round) {
        hash.update(as_bytes("a")).update({}).update(as_bytes("bc"));
        EXPECT_EQ(hash.finish(), sha256(as_bytes("abc")));
    }
    Sha256 moved = std::move(hash);
    EXPECT_EQ(moved.finish(), sha256({}));
}

TEST(Sha256Hash, IsTheSameOnEveryThread) {
    std::vector<std::thread> threads;
    std::vector<Digest> digests(4);
    for (Digest& digest : digests) threads.emplace_back([&digest] { digest = sha256(as_bytes("abc")); });
    for (std::thread& thread : threads) thread.join();
    for (const Digest& digest : digests) EXPECT_EQ(digest, sha256(as_bytes("abc")));
}

// RFC 5869, appendix A.1 to A.3.
TEST(Hkdf, GivesTheStandardsValues) {
    std::string info;
    for (int c = 0xf0; c <= 0xf9; ++c) info += static_cast<char>(c);
    EXPECT_EQ(to_hex(hkdf_sha256(Bytes(22, 0x0b), hex("000102030405060708090a0b0c"), info, 42).view()),
              "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");

    Bytes key, salt;
    info.clear();
    for (int i = 0; i < 80; ++i) {
        key.push_back(static_cast<std::uint8_t>(i));
        salt.push_back(static_cast<std::uint8_t>(0x60 + i));
        info += static_cast<char>(0xb0 + i);
    }
    EXPECT_EQ(
        to_hex(hkdf_sha256(key, salt, info, 82).view()),
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da"
        "3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");

    EXPECT_EQ(to_hex(hkdf_sha256(Bytes(22, 0x0b), Bytes(), "", 42).view()),
              "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

// RFC 4231, cases 1 and 2.
TEST(Hmac, AgreesWithThePublishedVectors) {
    EXPECT_EQ(to_hex(hmac_sha256(Bytes(20, 0x0b), as_bytes("Hi There"))),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(ContentIds, AreTheFormats) {
    const SecretBytes key = SecretBytes::copy_of(Bytes(64, 9));
    const ContentHasher hasher(key);
    const Digest expected = hmac_sha256(key.view(), as_bytes("x"));
    const ContentId id = hasher(as_bytes("x"));
    EXPECT_TRUE(std::equal(id.begin(), id.end(), expected.begin()));
    EXPECT_NE(hasher(as_bytes("y")), id);
    const SecretBytes other = SecretBytes::copy_of(Bytes(64, 8));
    EXPECT_NE(ContentHasher(other)(as_bytes("x")), id);
}

TEST(ContentIds, OfManyPiecesAreThoseOfEach) {
    const ContentHasher hasher(SecretBytes::random(64));
    for (const std::size_t piece : {1U, 64U, 512U, 4096U, 65536U})
        for (const std::size_t size : {std::size_t{0}, std::size_t{1}, piece, piece * 3 + 1, piece * 37}) {
            Bytes contents(size);
            fill_random(contents);
            const std::vector<ContentId> ids = hasher.of_pieces(contents, piece);
            ASSERT_EQ(ids.size(), (size + piece - 1) / piece);
            for (std::size_t i = 0; i < ids.size(); ++i)
                ASSERT_EQ(ids[i], hasher(base::ByteView(contents).subspan(i * piece,
                                                                          std::min(piece, size - i * piece))))
                    << piece << " " << i;
        }
}

// Each digest is hashed with its neighbour, by every way that the processor has.
TEST(Sha3Pairs, AreThoseOfOneMessageEach) {
    std::mt19937_64 random(20261128);
    const auto ways = ways_to_hash_pairs();
    ASSERT_FALSE(ways.empty());
    for (std::size_t count = 0; count <= 41; ++count) {
        for (int round = 0; round < 20; ++round) {
            std::vector<Digest> digests(count);
            for (Digest& digest : digests)
                for (std::uint8_t& byte : digest) byte = static_cast<std::uint8_t>(round == 0 ? 0 : random());
            std::vector<Digest> expected = digests;
            for (std::size_t pair = 0; pair < count / 2; ++pair) {
                Bytes message(digests[2 * pair].begin(), digests[2 * pair].end());
                message.insert(message.end(), digests[2 * pair + 1].begin(), digests[2 * pair + 1].end());
                expected[pair] = sha3_256(message);
            }
            for (const HashPairs way : ways) {
                std::vector<Digest> made = digests;
                way(made);
                made.resize(count / 2);
                EXPECT_TRUE(std::equal(made.begin(), made.end(), expected.begin())) << count;
            }
        }
    }
}

}  // namespace
}  // namespace bt2c::crypto
