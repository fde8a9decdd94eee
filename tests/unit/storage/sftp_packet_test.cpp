// SFTP's packets, sound and hostile.

#include <gtest/gtest.h>

#include "storage/sftp/packet.hpp"

namespace bt2c::storage::sftp {
namespace {

using base::Bytes;
using base::ByteView;

Bytes bytes_of(ByteView view) {
    return {view.begin(), view.end()};
}

/// An answer as a server sends it, made as a request is: the layouts are the same.
Bytes from_server(Packet packet) {
    return bytes_of(packet.finish(7).subspan(4));
}

TEST(SftpPacket, IsWrittenAsTheDraftSays) {
    Packet packet(Type::open);
    packet.text("a/b").number(open_write | open_create).mode(0400);
    const Bytes expected{0,   0,   0, 24, 3, 0,  0, 0, 9, 0, 0, 0, 3, 'a',
                         '/', 'b', 0, 0,  0, 10, 0, 0, 0, 4, 0, 0, 1, 0};
    EXPECT_EQ(bytes_of(packet.finish(9)), expected);
    const Bytes extended{0, 0, 0, 14, 200, 0, 0, 0, 2, 0, 0, 0, 1, 'x', 0, 0, 0, 0};
    EXPECT_EQ(bytes_of(Packet("x").text("").finish(2)), extended);
}

TEST(SftpPacket, EveryAnswerIsRead) {
    std::uint32_t id = 0;
    auto answer = read_answer(from_server(Packet(Type::status).number(3).text("no").text("en")), id);
    ASSERT_TRUE(answer);
    EXPECT_EQ(id, 7U);
    EXPECT_EQ(answer->status, Status::permission_denied);
    EXPECT_EQ(answer->message, "no");
    answer = read_answer(from_server(Packet(Type::status).number(0)), id);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->is_ok());

    answer = read_answer(from_server(Packet(Type::handle).text("h")), id);
    EXPECT_EQ(read_handle(*answer), "h");
    EXPECT_FALSE(read_data(*answer));
    answer = read_answer(from_server(Packet(Type::data).text("data")), id);
    EXPECT_EQ(bytes_of(*read_data(*answer)), Bytes({'d', 'a', 't', 'a'}));

    // All attributes there are: size, owner, mode, times, and two that nobody knows.
    Packet attributes(Type::attrs);
    attributes.number(0x8000000F)
        .offset(5'000'000'000)
        .number(1)
        .number(2)
        .number(0100400)
        .number(3)
        .number(4);
    attributes.number(1).text("a").text("b");
    answer = read_answer(from_server(attributes), id);
    const auto found = read_attributes(*answer);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->bytes, 5'000'000'000U);
    EXPECT_TRUE(found->is_file());
    EXPECT_EQ(found->modified_at, 4U);
    answer = read_answer(from_server(Packet(Type::attrs).number(0)), id);
    EXPECT_FALSE(read_attributes(*answer)->bytes);
}

TEST(SftpPacket, ADisksStateIsReadWithoutOverflow) {
    std::uint32_t id = 0;
    const auto state = [&](std::uint64_t block, std::uint64_t blocks_free, std::uint64_t files,
                           std::uint64_t flags) {
        Packet packet(Type::extended_reply);
        packet.offset(1)
            .offset(block)
            .offset(9)
            .offset(9)
            .offset(blocks_free)
            .offset(files)
            .offset(3)
            .offset(2);
        packet.offset(0).offset(flags).offset(255);
        return *read_disk_state(*read_answer(from_server(packet), id));
    };
    EXPECT_EQ(state(4096, 10, 5, 0).free_bytes, 40960U);
    EXPECT_EQ(state(4096, 10, 5, 0).free_files, 2U);
    EXPECT_EQ(state(4096, 10, 0, 0).free_files, UINT64_MAX);
    EXPECT_EQ(state(UINT64_MAX, 10, 5, 0).free_bytes, UINT64_MAX);
    EXPECT_EQ(state(0, 10, 5, 0).free_bytes, 0U);
    EXPECT_TRUE(state(4096, 10, 5, 3).read_only);
}

TEST(SftpPacket, LimitsAreReadAndNoughtIsNone) {
    std::uint32_t id = 0;
    const auto most = [&](std::uint64_t read, std::uint64_t write) {
        Packet packet(Type::extended_reply);
        packet.offset(262'144).offset(read).offset(write).offset(1000);
        return *read_piece_bytes_max(*read_answer(from_server(packet), id));
    };
    EXPECT_EQ(most(100, 200), 100U);
    EXPECT_EQ(most(200, 100), 100U);
    EXPECT_EQ(most(0, 200), 200U);
    EXPECT_EQ(most(0, 0), UINT64_MAX);
    const Bytes cut = from_server(Packet(Type::extended_reply).offset(1).offset(2));
    EXPECT_FALSE(read_piece_bytes_max(*read_answer(cut, id)));
}

TEST(SftpPacket, WhatIsCutOrLiesIsRefused) {
    std::uint32_t id = 0;
    Packet packet(Type::name);
    packet.number(1).text("file").text("-r--r--r-- file").number(4).number(0100400);
    const Bytes whole = from_server(packet);
    ASSERT_EQ(read_entries(*read_answer(whole, id)).value().at(0).name, "file");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto answer = read_answer(ByteView(whole).first(size), id);
        EXPECT_TRUE(!answer || !read_entries(*answer)) << size;
    }
    const auto endless = read_answer(from_server(Packet(Type::name).number(UINT32_MAX)), id);
    EXPECT_FALSE(read_entries(*endless));
    const auto lying = read_answer(from_server(Packet(Type::handle).number(UINT32_MAX)), id);
    EXPECT_FALSE(read_handle(*lying));
    const auto extended =
        read_answer(from_server(Packet(Type::attrs).number(0x80000000).number(UINT32_MAX)), id);
    EXPECT_FALSE(read_attributes(*extended));
    EXPECT_FALSE(read_extensions(*read_answer(from_server(Packet(Type::version).text("x")), id)));
}

}  // namespace
}  // namespace bt2c::storage::sftp
