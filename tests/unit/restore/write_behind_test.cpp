#include "restore/write_behind.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::restore {
namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 20;

std::shared_ptr<platform::AlignedBuffer> piece_of(std::uint8_t byte) {
    auto memory = std::make_shared<platform::AlignedBuffer>(piece_bytes);
    std::ranges::fill(memory->bytes(), byte);
    return memory;
}

TEST(WriteBehind, WritesEachPieceToItsPlace) {
    const support::TemporaryFolder folder;
    platform::DurableFile file(folder / "database", 0600);
    constexpr std::uint8_t count = 40;
    {
        WriteBehind disk(file);
        std::vector<std::weak_ptr<const void>> unwritten;
        for (std::uint8_t i = 0; i < count; ++i)  // back to front
            unwritten.push_back(disk.write(piece_of(i), i == 0 ? 1000 : piece_bytes,
                                           std::uint64_t{count - 1U - i} * piece_bytes));
        disk.finish();
        for (const auto& piece : unwritten) EXPECT_TRUE(piece.expired());
    }
    file.commit(platform::DurableFile::Existing::refuse);
    const base::Bytes written = platform::read_file(folder / "database", 1U << 30);
    ASSERT_EQ(written.size(), (count - 1U) * piece_bytes + 1000);
    for (std::size_t at = 0; at < written.size(); at += 500)
        ASSERT_EQ(written[at], count - 1U - at / piece_bytes) << at;
}

TEST(WriteBehind, SaysWhatFailed) {
    const support::TemporaryFolder folder;
    platform::DurableFile file(folder / "database", 0600);
    WriteBehind disk(file);
    constexpr std::uint64_t too_far = std::uint64_t{1} << 62;  // for any file system
    const auto write_much = [&] {
        for (std::uint64_t i = 0; i < 40; ++i)
            disk.write(piece_of(1), piece_bytes, too_far + i * piece_bytes);
        disk.finish();
    };
    EXPECT_THROW(write_much(), base::Error);
    EXPECT_THROW(disk.write(piece_of(1), piece_bytes, 0), base::Error);
    EXPECT_THROW(disk.finish(), base::Error);
}

TEST(WriteBehind, GivesUpWhatWasNotBegun) {
    const support::TemporaryFolder folder;
    platform::DurableFile file(folder / "database", 0600);
    std::weak_ptr<const void> last;
    {
        WriteBehind disk(file);
        for (std::uint64_t i = 0; i < 8; ++i) last = disk.write(piece_of(1), piece_bytes, i * piece_bytes);
    }
    EXPECT_TRUE(last.expired());
}

}  // namespace
}  // namespace bt2c::restore
