#include "platform/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::platform {
namespace {

using base::as_text;
using base::Error;
using support::TemporaryFolder;

TEST(File, IsReadWhole) {
    const TemporaryFolder folder;
    EXPECT_EQ(as_text(read_file(folder.write("a", "contents"), 8)), "contents");
    EXPECT_EQ(as_text(read_file(folder.write("empty", ""), 0)), "");
    // Files of /proc say that they are empty.
    EXPECT_FALSE(read_file("/proc/self/status", 1 << 16).empty());
}

TEST(File, LargerThanAllowedIsAnError) {
    const TemporaryFolder folder;
    EXPECT_THROW(read_file(folder.write("a", "contents"), 7), Error);
    EXPECT_THROW(read_file("/proc/self/status", 10), Error);
    EXPECT_THROW(read_file("/dev/zero", 100), Error);
}

TEST(File, WhatIsNoFileIsAnErrorAndNeverWaitedFor) {
    const TemporaryFolder folder;
    EXPECT_THROW(read_file(folder / "gone", 10), Error);
    EXPECT_THROW(read_file(folder.path(), 10), Error);
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    EXPECT_THROW(read_file(folder / "pipe", 10), Error);
}

TEST(File, LinksAreFollowedOnlyWhenAskedFor) {
    const TemporaryFolder folder;
    fs::create_symlink(folder.write("a", "contents"), folder / "link");
    EXPECT_TRUE(open_for_reading(folder / "link"));
    EXPECT_THROW(open_for_reading(folder / "link", false), Error);
}

TEST(File, ReadingPastTheEndGivesLess) {
    const TemporaryFolder folder;
    const Descriptor fd = open_for_reading(folder.write("a", "contents"));
    base::Bytes out(6);
    EXPECT_EQ(read_at(fd.get(), out, 4, "a"), 4U);
    EXPECT_EQ(read_at(fd.get(), out, 100, "a"), 0U);
    EXPECT_EQ(file_size(fd.get(), "a"), 8U);
}

TEST(File, ReadsPastTheCacheAtAnyPlace) {
    for (const char* place : {"/tmp", "/dev/shm"}) {
        const TemporaryFolder folder(place);
        base::Bytes whole((std::size_t{3} << 20) + 123);
        for (std::size_t i = 0; i < whole.size(); ++i)
            whole[i] = static_cast<std::uint8_t>((i * 2654435761U) >> 13);
        write_durably(folder / "a", whole, 0600);
        const std::size_t mib = std::size_t{1} << 20;
        for (const auto& [offset, size] : {std::pair<std::size_t, std::size_t>{0, whole.size()},
                                           {4096, 2 * mib},
                                           {1, 2 * mib + 1},
                                           {mib - 3, 300'000},
                                           {whole.size() - 400'000, mib},
                                           {whole.size() - 5, 20},
                                           {whole.size() + 9, mib}}) {
            for (const bool cached : {false, true}) {
                const Descriptor fd = open_for_reading(folder / "a");
                if (!cached) ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
                base::Bytes out(size);
                out.resize(read_past_cache(fd.get(), out, offset, "a"));
                const std::size_t from = std::min(offset, whole.size());
                const std::size_t count = std::min(size, whole.size() - from);
                EXPECT_TRUE(std::ranges::equal(out, base::ByteView(whole).subspan(from, count)))
                    << place << " " << offset << " " << size;
            }
        }
    }
}

TEST(File, ScratchSpaceHasNoName) {
    const TemporaryFolder folder;
    const Descriptor fd = open_scratch_file(folder.path());
    write_at(fd.get(), base::as_bytes("abc"), 1, "scratch");
    base::Bytes out(4);
    EXPECT_EQ(read_at(fd.get(), out, 0, "scratch"), 4U);
    EXPECT_EQ(as_text(out), std::string_view("\0abc", 4));
    EXPECT_TRUE(fs::is_empty(folder.path()));
    EXPECT_THROW(open_scratch_file(folder / "gone"), Error);
}

TEST(File, FreeSpaceIsThatOfTheNearestFolder) {
    const TemporaryFolder folder;
    EXPECT_GT(free_space(folder.path()), 0U);
    EXPECT_GT(free_space(folder / "not/there/yet"), 0U);
    EXPECT_GT(free_space("relative"), 0U);
}

TEST(File, DescriptorsMove) {
    const TemporaryFolder folder;
    Descriptor a = open_for_reading(folder.write("a", ""));
    const int number = a.get();
    Descriptor b = std::move(a);
    EXPECT_FALSE(a);
    EXPECT_EQ(b.get(), number);
    b = open_for_reading(folder / "a");
    b.reset();
    EXPECT_FALSE(b);
    EXPECT_LT(::lseek(number, 0, SEEK_CUR), 0) << "the first one was not closed";
}

}  // namespace
}  // namespace bt2c::platform
