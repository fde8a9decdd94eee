// [N1] The texts of blocks and transactions: what is written is read back, what is malformed is refused.

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "unit/node/test_network.hpp"

namespace bt2c::node {
namespace {

std::string altered(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(Codec, BlocksAndTransactionsComeBackAsTheyWere) {
    TestChain chain(2);
    ASSERT_EQ(chain.add(chain.transaction(0, "transfer", 123'456'789, address(1))).verdict,
              Verdict::accepted);
    const Block block = chain.block();
    const Block read = parse_block(to_json(block));
    EXPECT_EQ(to_json(read), to_json(block));
    EXPECT_EQ(read.transactions[0].units, 123'456'789);
    EXPECT_EQ(read.header.own_hash(), block.header.hash);
    EXPECT_EQ(to_json(parse_transaction(to_json(block.transactions[0]))), to_json(block.transactions[0]));
    EXPECT_EQ(chain.accept(read).verdict, Verdict::accepted);
}

TEST(Codec, WhatIsMalformedIsRefused) {
    TestChain chain;
    const std::string text = to_json(chain.transaction(0, "transfer", 3 * coin / 2, address(1)));
    for (const auto& [from, to] : std::initializer_list<std::pair<std::string, std::string>>{
             {"\"1.5\"", "\"1.50\""},
             {"\"1.5\"", "\"01.5\""},
             {"\"1.5\"", "\"1.500000001\""},
             {"\"1.5\"", "\"-1.5\""},
             {"\"1.5\"", "\"1.\""},
             {"\"1.5\"", "\".5\""},
             {"\"1.5\"", "\"1.+5\""},
             {"\"1.5\"", "\"1e3\""},
             {"\"1.5\"", "\"99999999999999\""},
             {"\"1.5\"", "\"\""},
             {"\"1.5\"", "1.5"},
             {"\"transfer\"", "\"developer\""},
             {"\"nonce\":1", "\"nonce\":-1"},
             {"\"nonce\":1", "\"nonce\":1.5"},
             {"\"nonce\":1", "\"nonce\":99999999999999999"},
             {"1743811200.0", "1743811200.5"},
             {"1743811200.0", "1e300"},
             {"1743811200.0", "\"now\""},
             {"\"hash\":\"", "\"hash\":\"x"},
             {"\"payload\":\"\"", "\"payload\":\"x\""},
             {"\"payload\":\"\"", "\"payload\":\"\",\"more\":1"},
             {"\"signature\":\"", "\"signature\":\"*"}})
        EXPECT_THROW(parse_transaction(altered(text, from, to)), base::Error) << to;
    EXPECT_THROW(parse_transaction("[]"), base::Error);
    EXPECT_THROW(parse_transaction(std::string(1 << 20, ' ')), base::Error);
    EXPECT_THROW(parse_block("{\"header\":{},\"transactions\":[]}"), base::Error);
    EXPECT_THROW(parse_block(std::string(block_bytes_max + 1, ' ')), base::Error);
}

TEST(Codec, AmountsHaveOneText) {
    EXPECT_EQ(amount_text(0), "0");
    EXPECT_EQ(amount_text(1), "0.00000001");
    EXPECT_EQ(amount_text(21 * coin), "21");
    EXPECT_EQ(amount_text(120 * coin + coin / 10), "120.1");
}

TEST(Codec, WhatIsSignedNamesPurposeNetworkAndGenesis) {
    BlockHeader header;
    header.height = 7;
    header.network = "devnet";
    const std::string zeros(64, '0');
    EXPECT_EQ(header.signed_text({}),
              R"({"purpose":"bt2c block","version":1,"network":"devnet","genesis_hash":")" + zeros +
                  R"(","height":"7","hash":")" + zeros + "\"}");
    EXPECT_EQ(transaction_signed_text({}, "devnet", {}),
              R"({"purpose":"bt2c transaction","version":1,"network":"devnet","genesis_hash":")" + zeros +
                  R"(","hash":")" + zeros + "\"}");
}

}  // namespace
}  // namespace bt2c::node
