// Vectors: block 0 of the sample chain fresh-mainnet.db; the others computed with Python's hashlib.

#include <gtest/gtest.h>

#include "chain/block_hash.hpp"
#include "chain/merkle.hpp"

namespace bt2c::chain {
namespace {

Hash hash_from(std::string_view text) {
    Hash hash{};
    EXPECT_TRUE(parse_hash(text, hash)) << text;
    return hash;
}

const char* const validator = "bt2c_jzaf7fjs533cphzmynrapgb36q";

TEST(HashText, IsReadStrictly) {
    Hash hash{};
    EXPECT_TRUE(parse_hash(std::string(64, 'f'), hash));
    EXPECT_EQ(hash[31], 0xFF);
    EXPECT_FALSE(parse_hash(std::string(63, 'f'), hash));
    EXPECT_FALSE(parse_hash(std::string(65, 'f'), hash));
    EXPECT_FALSE(parse_hash(std::string(64, 'F'), hash));
    EXPECT_FALSE(parse_hash(std::string(63, '0') + "g", hash));
    EXPECT_FALSE(parse_hash(std::string(63, '0') + '\0', hash));
    EXPECT_FALSE(parse_hash("", hash));
}

TEST(BlockHash, OfTheScheduledScheme) {
    const BlockContent block{
        0,         hash_from("4d06c0e7388181e3ac23e6722cae019cea6b22dd6c0edec8b61666a6a3248b3a"),
        "mainnet", 790456,
        zero_hash, 1743811200.0,
        validator};
    EXPECT_EQ(hash_text(scheduled_block_hash(block).value()),
              "32d8f0dd47a1ced063f685c63a5f020bb9b5742a1d6610bf32e7f3d7f96d9af2");
    BlockContent foreign = block;
    foreign.validator = "\xFF";
    EXPECT_EQ(scheduled_block_hash(foreign), std::nullopt);
}

TEST(BlockHash, OfTheDirectScheme) {
    BlockContent block;
    block.timestamp = 1743811200.5;
    block.height = 7;
    block.validator = "bt2c_x";
    EXPECT_EQ(hash_text(direct_block_hash(block)),
              "552af23bd1197020d5d2cc24629de7e5ad3a537cf583fe78f93c26d1fc131521");
}

TEST(RewardHash, OfTheSampleChain) {
    EXPECT_EQ(hash_text(reward_hash({21.0, 0, validator, 1743811200.0}).value()),
              "a5158c53ad1299aa8a7339c612bde99eda4525277cbf6c2effe3b20dbd13e102");
    EXPECT_EQ(reward_hash({21.0, 0, "\xC3", 1743811200.0}), std::nullopt);
}

TEST(TransferHash, OfTheSampleChain) {
    TransferContent transfer;
    transfer.amount = "26.38984843";
    transfer.network = "mainnet";
    transfer.nonce = 256678532;
    transfer.recipient = "bt2c_jpe6xeegn23iy2wxyj74j2lga4";
    transfer.sender = "bt2c_q77rpwg3fdavqw6t62c5h2zqfm";
    transfer.timestamp = 1743811000;
    EXPECT_EQ(hash_text(transfer_hash(transfer).value()),
              "ed385f89bca16653334965839fd01269c45b2c37789df19444e59f0f9966a6c0");
    transfer.payload_json = "{}";
    EXPECT_NE(hash_text(transfer_hash(transfer).value()),
              "ed385f89bca16653334965839fd01269c45b2c37789df19444e59f0f9966a6c0");
}

Hash repeated(std::uint8_t byte) {
    Hash hash;
    hash.fill(byte);
    return hash;
}

TEST(MerkleRoot, OfFewLeaves) {
    EXPECT_EQ(merkle_root({}), zero_hash);
    const std::vector<Hash> leaves = {repeated(1), repeated(2), repeated(3),
                                      repeated(4), repeated(5), repeated(6)};
    EXPECT_EQ(hash_text(merkle_root(std::span(leaves).first(1))),
              "8035f23eee32b7add60ca18d1d1b4b4f935ef1176c31926bb351b76d810985f4");
    EXPECT_EQ(hash_text(merkle_root(std::span(leaves).first(3))),
              "6ff4b1cac035d8c9f637e2513488ce64c6114d5de8e5753e5d92719f9a8d893e");
    EXPECT_EQ(hash_text(merkle_root(leaves)),
              "c400b7a0455751f47b9e891ff803fd1c76e103f8adaee1a5e9f0216172dcb867");
}

TEST(MerkleRoot, OfTheSampleChain) {
    const std::vector<Hash> leaves = {
        hash_from("a5158c53ad1299aa8a7339c612bde99eda4525277cbf6c2effe3b20dbd13e102"),
        hash_from("ed385f89bca16653334965839fd01269c45b2c37789df19444e59f0f9966a6c0"),
        hash_from("ad21ad4a428f08c8e52ac26e30851d29b464de1bcfdaf7dee0a9fa9f078b7430"),
        hash_from("4ffe5faefe7d64c68e33e38d7bfc72cda4378c5ad28774efe60361051ec3bd0f"),
    };
    EXPECT_EQ(hash_text(merkle_root(leaves)),
              "4d06c0e7388181e3ac23e6722cae019cea6b22dd6c0edec8b61666a6a3248b3a");
}

TEST(MerkleRoot, OfTheDirectScheme) {
    EXPECT_EQ(hash_text(direct_merkle_root(std::vector<Hash>{repeated(0x11), repeated(0x22)})),
              "ca9034371c79ec26ec0496b53420a1117d4f765800dfdce138138b139d591f13");
}

}  // namespace
}  // namespace bt2c::chain
