// [N1] The texts that nodes exchange.

#include "node/wire.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "node/transport.hpp"
#include "unit/node_net/fake_chain.hpp"

namespace bt2c::node {
namespace {

Hello sample_hello() {
    Hello hello;
    hello.network = "testnet";
    hello.genesis[0] = 7;
    hello.name = "node-1";
    hello.instance = std::string(32, 'a');
    hello.time = 1'743'811'500'123;
    hello.height = 12;
    hello.hash[1] = 9;
    hello.paused = true;
    hello.pause_sequence = 3;
    hello.public_key = {1, 2, 3};
    hello.signature = {4, 5};
    return hello;
}

std::vector<Message> samples() {
    const Block block = fake_block(5, chain::zero_hash);
    return {sample_hello(),
            Status{5, {}, true, 2},
            GetBlocks{1, 2, 3},
            Blocks{4, {block, fake_block(6, block.header.hash)}},
            Blocks{5, {}},
            NewBlock{block},
            NewTransaction{fake_transaction(1)},
            Ping{},
            Pong{},
            Twin{"a text", {1, 2}},
            Bye{"a \"reason\"\nof two lines"}};
}

TEST(Wire, MessagesComeBackAsTheyWere) {
    for (const Message& message : samples()) {
        const std::string text = message_text(message);
        const auto read = parse_message(text);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(read->index(), message.index()) << text;
        EXPECT_EQ(message_text(*read), text);
    }
}

TEST(Wire, WhatIsCutOffIsNoMessage) {
    for (const Message& message : samples()) {
        const std::string text = message_text(message);
        for (std::size_t size = 0; size < text.size(); ++size) {
            // Blocks may be fewer than they were; what is there has to be whole.
            const bool whole_line = text[size] == '\n' || (size > 0 && text[size - 1] == '\n');
            if (whole_line && std::holds_alternative<Blocks>(message)) continue;
            EXPECT_THROW(parse_message(text.substr(0, size)), base::Error) << text.substr(0, size);
        }
    }
}

TEST(Wire, UnknownTypesArePassedOver) {
    EXPECT_FALSE(parse_message("{\"type\":\"gossip\",\"about\":\"you\"}"));
}

TEST(Wire, EachTypeHasItsBounds) {
    const std::string block = to_json(fake_block(5, chain::zero_hash));
    std::string many = "{\"type\":\"blocks\",\"id\":1}";
    for (int i = 0; i < 257; ++i) many += "\n" + block;
    for (const std::string& bad : {
             std::string("[]"),
             std::string("\"hello\""),
             std::string("{}"),
             std::string("{\"type\":1}"),
             std::string("{\"type\":\"status\",\"height\":-2,\"hash\":\"") + std::string(64, '0') +
                 "\",\"paused\":false,\"pause_sequence\":0}",
             std::string("{\"type\":\"status\",\"height\":1,\"hash\":\"") + std::string(64, 'A') +
                 "\",\"paused\":false,\"pause_sequence\":0}",
             std::string("{\"type\":\"get_blocks\",\"id\":1,\"from\":1,\"count\":257}"),
             std::string("{\"type\":\"get_blocks\",\"id\":1,\"from\":1,\"count\":0}"),
             std::string("{\"type\":\"get_blocks\",\"id\":1,\"from\":1.5,\"count\":1}"),
             std::string("{\"type\":\"new_block\"}"),
             "{\"type\":\"new_block\"}\n" + block + "\n" + block,
             std::string("{\"type\":\"ping\",\"padding\":\"") + std::string(2000, 'a') + "\"}",
             std::string("{\"type\":\"bye\",\"reason\":\"") + std::string(900, 'a') + "\"}",
             many,
             std::string(message_bytes_max + 1, ' '),
             std::string(hello_bytes_max + 1, '['),
             std::string(8000, '['),
         })
        EXPECT_THROW(parse_message(bad), base::Error) << bad.substr(0, 100);
}

TEST(Wire, OtherVersionsAreTold) {
    std::string text = message_text(sample_hello());
    text.replace(text.find("\"version\":1"), 11, "\"version\":2");
    try {
        parse_message(text);
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_NE(error.message().find("version 2"), std::string::npos);
    }
}

TEST(Wire, AHelloIsSignedForOneConnectionAndOneDirection) {
    const Hello hello = sample_hello();
    const base::Bytes here(32, 1), there(32, 2);
    const std::string text = hello_signed_text(hello, here, true);
    EXPECT_NE(text, hello_signed_text(hello, there, true));
    EXPECT_NE(text, hello_signed_text(hello, here, false));
    const auto origin = origin_of_hello(text);
    ASSERT_TRUE(origin);
    EXPECT_EQ(origin->instance, hello.instance);
    EXPECT_EQ(origin->time, hello.time);
    for (const char* other : {"", "{}", "{\"purpose\":\"bt2c block\",\"instance\":\"a\",\"time\":1}"})
        EXPECT_FALSE(origin_of_hello(other)) << other;
}

TEST(Wire, FramesBeginWithTheirLength) {
    EXPECT_EQ(*frame_of("abc"), std::string("\0\0\0\3abc", 7));
    EXPECT_EQ(frame_of(std::string(70'000, 'a'))->substr(0, 4), std::string("\0\1\x11\x70", 4));
}

}  // namespace
}  // namespace bt2c::node
