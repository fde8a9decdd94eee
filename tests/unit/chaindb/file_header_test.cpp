// The header of database files.

#include "chaindb/sqlite/file_header.hpp"

#include <gtest/gtest.h>

namespace bt2c::chaindb::testing {
namespace {

using sqlite::parse_file_header;

base::Bytes header() {
    base::Bytes bytes(100);
    const std::string_view magic("SQLite format 3\0", 16);
    std::copy(magic.begin(), magic.end(), bytes.begin());
    bytes[16] = 0x10;  // 4096
    bytes[18] = bytes[19] = 1;
    bytes[27] = bytes[95] = 9;  // change counter, version-valid-for
    bytes[31] = 77;             // pages
    return bytes;
}

TEST(FileHeader, SoundOne) {
    const auto parsed = parse_file_header(header());
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->page_size, 4096U);
    EXPECT_EQ(parsed->change_counter, 9U);
    EXPECT_FALSE(parsed->wal);
    EXPECT_EQ(parsed->shape(1), (ImageShape{4096, 77}));
}

TEST(FileHeader, CountIsInForceOnlyWhenItsVersionIs) {
    base::Bytes bytes = header();
    bytes[95] = 8;
    EXPECT_EQ(parse_file_header(bytes)->shape(8193).page_count, 3U) << "that of the file's size";
    bytes = header();
    bytes[31] = 0;
    EXPECT_EQ(parse_file_header(bytes)->shape(8192).page_count, 2U);
}

TEST(FileHeader, PageSizes) {
    base::Bytes bytes = header();
    bytes[16] = 0;
    bytes[17] = 1;
    EXPECT_EQ(parse_file_header(bytes)->page_size, 65536U);
    for (const unsigned size : {0U, 2U, 256U, 511U, 1000U, 4097U, 65535U}) {
        bytes[16] = static_cast<std::uint8_t>(size >> 8);
        bytes[17] = static_cast<std::uint8_t>(size);
        EXPECT_FALSE(parse_file_header(bytes)) << size;
    }
}

TEST(FileHeader, WalModeAndForeignFiles) {
    base::Bytes bytes = header();
    bytes[19] = 2;
    EXPECT_TRUE(parse_file_header(bytes)->wal);
    EXPECT_FALSE(parse_file_header(base::ByteView(bytes).first(99)));
    bytes[3] = 'X';
    EXPECT_FALSE(parse_file_header(bytes));
    EXPECT_FALSE(parse_file_header({}));
}

}  // namespace
}  // namespace bt2c::chaindb::testing
