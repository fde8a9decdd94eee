// The parser of write-ahead logs, on logs made by hand.

#include "chaindb/sqlite/wal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "wal_builder.hpp"

namespace bt2c::chaindb::testing {
namespace {

using sqlite::WalMap;

std::optional<WalMap> scan(const base::Bytes& log, std::uint32_t frame_max = 0xFFFFFFFF) {
    return WalMap::scan(
        [&](base::MutableBytes out, std::uint64_t offset) {
            const std::uint64_t begin = std::min<std::uint64_t>(offset, log.size());
            const std::size_t size = std::min<std::size_t>(out.size(), log.size() - begin);
            std::copy_n(log.begin() + static_cast<std::ptrdiff_t>(begin), size, out.begin());
            return size;
        },
        frame_max);
}

std::map<std::uint32_t, std::uint32_t> frames_of(const WalMap& map) {
    std::map<std::uint32_t, std::uint32_t> frames;
    for (const auto entry : map.find(1, 0xFFFFFFFF)) frames[entry.page] = entry.frame;
    return frames;
}
using Frames = std::map<std::uint32_t, std::uint32_t>;

class WalOfOrder : public ::testing::TestWithParam<bool> {
 protected:
    WalBuilder two_commits() const {
        WalBuilder wal(1024, GetParam());
        wal.frame(1, 0, 10).frame(2, 0, 11).frame(3, 3, 12);
        wal.frame(2, 0, 20).frame(4, 4, 21);
        return wal;
    }
};
INSTANTIATE_TEST_SUITE_P(ByteOrder, WalOfOrder, ::testing::Bool());

TEST_P(WalOfOrder, NewestFrameOfEachPageCounts) {
    const WalBuilder wal = two_commits();
    const auto map = scan(wal.log());
    ASSERT_TRUE(map);
    EXPECT_EQ(map->shape(), (ImageShape{1024, 4}));
    EXPECT_EQ(map->position().frame, 5U);
    EXPECT_EQ(map->position().sequence, 7U);
    EXPECT_EQ(frames_of(*map), (Frames{{1, 1}, {2, 4}, {3, 3}, {4, 5}}));
    EXPECT_EQ(wal.log()[map->page_offset(4)], 20);
    EXPECT_EQ(map->page_offset(1), 56U);
}

TEST_P(WalOfOrder, FramesAfterTheLastCommitDoNotCount) {
    WalBuilder wal = two_commits();
    wal.frame(1, 0, 30).frame(9, 0, 31);
    EXPECT_EQ(frames_of(*scan(wal.log())), (Frames{{1, 1}, {2, 4}, {3, 3}, {4, 5}}));
}

TEST_P(WalOfOrder, EndsAtTheCommitThatWasAskedFor) {
    WalBuilder wal = two_commits();
    for (const std::uint32_t limit : {3U, 4U}) {
        const auto map = scan(wal.log(), limit);
        ASSERT_TRUE(map);
        EXPECT_EQ(frames_of(*map), (Frames{{1, 1}, {2, 2}, {3, 3}}));
        EXPECT_EQ(map->shape().page_count, 3U);
    }
    EXPECT_FALSE(scan(wal.log(), 2));
    EXPECT_FALSE(scan(wal.log(), 0));
}

TEST_P(WalOfOrder, TornTailEndsTheLog) {
    const WalBuilder wal = two_commits();
    for (std::size_t size = wal.frame_offset(4); size < wal.log().size(); size += 511) {
        const base::Bytes torn(wal.log().begin(), wal.log().begin() + static_cast<std::ptrdiff_t>(size));
        ASSERT_EQ(frames_of(*scan(torn)), (Frames{{1, 1}, {2, 2}, {3, 3}})) << size;
    }
}

TEST_P(WalOfOrder, EachFlippedByteEndsTheLogThere) {
    const WalBuilder wal = two_commits();
    for (std::size_t at = 0; at < wal.log().size(); at += 5) {
        base::Bytes log = wal.log();
        log[at] ^= 0x40;
        const auto map = scan(log);
        if (at < wal.frame_offset(4))
            ASSERT_FALSE(map) << at;
        else
            ASSERT_EQ(map->position().frame, 3U) << at;
    }
}

TEST_P(WalOfOrder, FramesOfAnOlderGenerationEndTheLog) {
    // The log was restarted: the first commit is new, what follows has the salts of before.
    const WalBuilder older = two_commits();
    WalBuilder newer(1024, GetParam(), 0x99);
    newer.frame(7, 8, 50);
    base::Bytes log = older.log();
    std::copy(newer.log().begin(), newer.log().end(), log.begin());
    const auto map = scan(log);
    ASSERT_TRUE(map);
    EXPECT_EQ(frames_of(*map), (Frames{{7, 1}}));
    EXPECT_EQ(map->shape().page_count, 8U);
}

TEST_P(WalOfOrder, WrongSaltsWithSoundChecksumsEndTheLog) {
    WalBuilder wal = two_commits();
    wal.log()[wal.frame_offset(2) + 8] ^= 1;  // salts are not part of the checksum
    EXPECT_FALSE(scan(wal.log()));
    wal.log()[wal.frame_offset(2) + 8] ^= 1;
    wal.log()[wal.frame_offset(5) + 15] ^= 1;
    EXPECT_EQ(scan(wal.log())->position().frame, 3U);
}

TEST(Wal, PagesAboveTheCommitsSizeAreLeftOut) {
    WalBuilder wal(512, false);
    wal.frame(1, 0, 1).frame(90, 90, 2).frame(1, 10, 3);
    const auto map = scan(wal.log());
    EXPECT_EQ(frames_of(*map), (Frames{{1, 3}}));
    EXPECT_EQ(map->shape().page_count, 10U);
}

TEST(Wal, PageZeroEndsTheLog) {
    WalBuilder wal(512, false);
    wal.frame(1, 1, 1).frame(0, 1, 2).frame(2, 2, 3);
    EXPECT_EQ(scan(wal.log())->position().frame, 1U);
}

TEST(Wal, FindTellsARangeInOrder) {
    WalBuilder wal(512, true);
    for (const std::uint32_t page : {9U, 3U, 5U, 4U, 30U}) wal.frame(page, 0, 0);
    wal.frame(0xFFFFFFFE, 0xFFFFFFFF, 0);
    const auto map = scan(wal.log());
    ASSERT_TRUE(map);
    std::vector<std::uint32_t> pages;
    for (const auto entry : map->find(4, 6)) pages.push_back(entry.page);
    EXPECT_EQ(pages, (std::vector<std::uint32_t>{4, 5, 9}));
    EXPECT_TRUE(map->find(10, 20).empty());
    EXPECT_EQ(map->find(30, 1).size(), 1U);
    EXPECT_EQ(map->find(0xFFFFFFFE, 0xFFFFFFFF).size(), 1U);
}

TEST(Wal, HeadersThatAreNoneAreRefused) {
    EXPECT_FALSE(scan({}));
    EXPECT_FALSE(scan(base::Bytes(31)));
    EXPECT_FALSE(scan(base::Bytes(4096)));
    EXPECT_FALSE(scan(WalBuilder(512, false).log())) << "no commit";
    for (const std::uint32_t page_size : {0U, 1U, 256U, 1000U, 131072U, 0x80000000U}) {
        WalBuilder header(page_size, false);
        header.log().resize(header.log().size() + (1 << 18));
        EXPECT_FALSE(scan(header.log())) << page_size;
    }
}

TEST(Wal, LogsOfManyBatchesAreReadWhole) {
    for (const std::uint32_t page_size : {512U, 65536U}) {
        WalBuilder wal(page_size, false);
        const std::uint32_t frames = page_size == 512 ? 3000 : 25;
        for (std::uint32_t i = 1; i <= frames; ++i) wal.frame(i % 100 + 1, 101, 1);
        const auto map = scan(wal.log());
        ASSERT_TRUE(map);
        EXPECT_EQ(map->position().frame, frames);
        EXPECT_EQ(map->size(), std::min(frames, 100U));
    }
}

}  // namespace
}  // namespace bt2c::chaindb::testing
