#include "crypto/secret.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "crypto/password.hpp"
#include "crypto/random.hpp"

namespace bt2c::crypto {
namespace {

using base::as_bytes;
using base::Bytes;

TEST(Secret, IsCopiedMovedAndCompared) {
    SecretBytes secret = SecretBytes::copy_of(as_bytes("word"));
    EXPECT_EQ(secret.text(), "word");
    EXPECT_EQ(secret.first(2).text(), "wo");
    const SecretBytes moved = std::move(secret);
    EXPECT_TRUE(secret.empty());  // NOLINT(bugprone-use-after-move): it is defined to be empty
    EXPECT_TRUE(equal(moved.view(), moved.copy().view()));
    EXPECT_FALSE(equal(moved.view(), as_bytes("wore")));
    EXPECT_FALSE(equal(moved.view(), as_bytes("words")));
    EXPECT_TRUE(SecretBytes(0).empty());
    EXPECT_EQ(base::to_hex(SecretBytes(3).view()), "000000");
    EXPECT_EQ(SecretBytes::copy_of({}).size(), 0U);
}

TEST(Secret, MemoryThatWasUsedIsZeroAgain) {
    for (const std::size_t size : {1U, 32U, 64U, 65U, 5000U}) {
        std::vector<SecretBytes> secrets;
        for (int round = 0; round < 3; ++round) {
            for (int i = 0; i < 200; ++i) {
                secrets.emplace_back(size);
                const auto bytes = secrets.back().bytes();
                ASSERT_TRUE(std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; })) << size;
                std::ranges::fill(bytes, std::uint8_t{0xa5});
            }
            secrets.clear();
        }
    }
}

TEST(Secret, ThoseOfSeveralThreadsAreApart) {
    std::vector<std::thread> threads;
    for (int fill = 1; fill <= 4; ++fill)
        threads.emplace_back([fill] {
            const Bytes mine(32, static_cast<std::uint8_t>(fill));
            for (int round = 0; round < 300; ++round) {
                std::vector<SecretBytes> secrets;
                for (int i = 0; i < 20; ++i) secrets.push_back(SecretBytes::copy_of(mine));
                for (const SecretBytes& secret : secrets) EXPECT_TRUE(equal(secret.view(), mine));
            }
        });
    for (std::thread& thread : threads) thread.join();
}

TEST(Secret, RandomOnesDiffer) {
    EXPECT_FALSE(equal(SecretBytes::random(32).view(), SecretBytes::random(32).view()));
    EXPECT_NE(random_array<16>(), random_array<16>());
}

// libsodium, test/default/pwhash_argon2id.c, first vector, which the Argon2 reference gives too.
TEST(Password, IsStretchedByArgon2id) {
    const Bytes password =
        base::from_hex(
            "a347ae92bce9f80f6f595a4480fc9c2fe7e7d7148d371e9487d75f5c23008ffae065577a928febd9b1973a5a95073acd"
            "beb6a030cfc0d79caa2dc5cd011cef02c08da232d76d52dfbca38ca8dcbd665b17d1665f7cf5fe59772ec909733b24de"
            "97d6f58d220b20c60d7c07ec1fd93c52c31020300c6c1facd77937a597c7a6")
            .value();
    const Bytes salt = base::from_hex("5541fbc995d5c197ba290346d2c559de").value();
    const SecretBytes key = argon2id(password, salt, {5, 7256678}, 155);
    EXPECT_EQ(
        base::to_hex(key.view()),
        "18acec5d6507739f203d1f5d9f1d862f7c2cdac4f19d2bdff64487e60d969e3ced615337b9eec6ac4461c6ca07f0939741e5"
        "7c24d0005c7ea171a0ee1e7348249d135b38f222e4dad7b9a033ed83f5ca27277393e316582033c74affe2566a2bea47f91f"
        "0fd9fe49ece7e1f79f3ad6e9b23e0277c8ecc4b313225748dd2a80f5679534a0700e246a79a49b3f74eb89ec6205fe1eeb94"
        "1c73b1fcf1");
}

TEST(Password, CostsOutOfBoundsAreRefused) {
    const Bytes salt(argon2_salt_bytes);
    for (const Argon2Cost cost :
         {Argon2Cost{0, 1 << 20}, Argon2Cost{17, 1 << 20}, Argon2Cost{1, 0},
          Argon2Cost{1, (std::uint64_t{1} << 30) + 1}, Argon2Cost{UINT64_MAX, UINT64_MAX}}) {
        EXPECT_FALSE(is_sound(cost));
        EXPECT_THROW(argon2id(as_bytes("x"), salt, cost, 32), base::Error);
    }
    EXPECT_TRUE(is_sound(Argon2Cost()));
    EXPECT_THROW(argon2id(as_bytes("x"), Bytes(15), Argon2Cost(), 32), base::Error);
}

}  // namespace
}  // namespace bt2c::crypto
