#include "restore/image_in_flight.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::restore {
namespace {

using base::Bytes;

constexpr std::uint32_t page_bytes = 4096;
constexpr std::uint64_t unit_bytes = 8 * page_bytes;
constexpr std::uint32_t pages = 8 * 400 + 3;

Bytes page_of(std::uint32_t number) {
    Bytes page(page_bytes);
    for (std::size_t i = 0; i < page.size(); ++i) page[i] = static_cast<std::uint8_t>(number * 31 + i * 7);
    return page;
}

/// A database whose pages are made of their numbers.
class InFlight : public testing::Test {
 protected:
    void write(std::uint64_t unit) {
        auto memory = flight_.begin_unit(unit);
        const auto first = static_cast<std::uint32_t>(unit * 8 + 1);
        const std::uint32_t count = std::min<std::uint32_t>(8, pages - first + 1);
        const base::MutableBytes bytes = memory->bytes().first(std::size_t{count} * page_bytes);
        for (std::uint32_t i = 0; i < count; ++i)
            std::ranges::copy(page_of(first + i), bytes.begin() + std::ptrdiff_t{i} * page_bytes);
        file_.write_at(bytes, unit * unit_bytes);
        most_in_memory_ = std::max<std::uint64_t>(most_in_memory_, unit);
        flight_.made(unit, std::move(memory));
    }
    void write_all() {
        base::ordered_parallel(
            2, (pages + 7) / 8,
            [&](std::uint64_t unit) {
                write(unit);
                return 0;
            },
            [](std::uint64_t, int) {});
    }
    Bytes read(std::uint32_t page) {
        Bytes out(page_bytes);
        flight_.image().read(page, out);
        return out;
    }

    support::TemporaryFolder folder_;
    platform::DurableFile file_{folder_.path() / "database", 0600};
    std::atomic<int> from_source_ = 0;
    std::atomic<std::uint64_t> most_in_memory_ = 0;
    ImageInFlight flight_{
        {page_bytes, pages}, unit_bytes, file_, [this](std::uint32_t page, base::MutableBytes out) {
            ++from_source_;
            for (std::size_t i = 0; i < out.size() / page_bytes; ++i)
                std::ranges::copy(page_of(page + static_cast<std::uint32_t>(i)),
                                  out.begin() + static_cast<std::ptrdiff_t>(i * page_bytes));
        }};
};

TEST_F(InFlight, ReadersSideBySideSeeEveryPage) {
    const auto walk = [&](std::uint32_t step, std::uint32_t from) {
        for (std::uint32_t page = from; page <= pages; page += step)
            if (read(page) != page_of(page)) return page;
        return std::uint32_t{0};
    };
    auto slow = std::async(std::launch::async, walk, 1, 1);
    auto fast = std::async(std::launch::async, walk, 26, 20);
    auto ended = std::async(std::launch::async, [&] {
        const std::pair<std::uint32_t, std::uint32_t> bad{slow.get(), fast.get()};
        flight_.reading_ended();
        return bad;
    });
    write_all();
    const std::pair<std::uint32_t, std::uint32_t> none{0, 0};
    EXPECT_EQ(ended.get(), none);
}

TEST_F(InFlight, WhatIsFarAheadComesFromTheSource) {
    EXPECT_EQ(read(pages), page_of(pages));
    EXPECT_EQ(from_source_, 1);
}

TEST_F(InFlight, WhatIsLongPastComesFromTheFile) {
    auto written = std::async(std::launch::async, [&] { write_all(); });
    for (std::uint32_t page = 1; page <= pages; page += 8) ASSERT_EQ(read(page), page_of(page));
    written.get();
    EXPECT_EQ(from_source_, 0);
    EXPECT_EQ(read(1), page_of(1));
    EXPECT_EQ(from_source_, 0);
}

TEST_F(InFlight, WhatIsNotInTheFileYetStaysInMemory) {
    // Of the first unit nothing was written; all others are.
    auto unwritten = std::make_shared<int>();
    auto memory = flight_.begin_unit(0);
    for (std::uint32_t i = 0; i < 8; ++i)
        std::ranges::copy(page_of(1 + i), memory->bytes().begin() + std::ptrdiff_t{i} * page_bytes);
    flight_.made(0, std::move(memory), unwritten);
    auto rest = std::async(std::launch::async, [&] {
        for (std::uint64_t unit = 1; unit < 80; ++unit) write(unit);
    });
    for (std::uint32_t page = 1; page < 80 * 8; page += 8) ASSERT_EQ(read(page), page_of(page));
    rest.get();
    EXPECT_EQ(read(1), page_of(1));
    EXPECT_EQ(from_source_, 0);
    unwritten.reset();
    write(80);  // now it is let go
    EXPECT_NE(read(1), page_of(1)) << "it is still in memory";
}

TEST_F(InFlight, WritersWaitForReadersThatFallBehind) {
    auto written = std::async(std::launch::async, [&] { write_all(); });
    EXPECT_EQ(read(1), page_of(1));
    EXPECT_EQ(written.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);
    EXPECT_LT(most_in_memory_, 100U);  // of 400 units
    flight_.reading_ended();
    written.get();
}

TEST_F(InFlight, ReadersThatWaitLearnThatNothingComes) {
    auto waiting = std::async(std::launch::async, [&] { return read(8); });
    EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    flight_.abandon();
    EXPECT_THROW(waiting.get(), base::Error);
}

TEST_F(InFlight, AReadMayCrossUnits) {
    write(0);
    write(1);
    Bytes both(4 * page_bytes);
    flight_.image().read(7, both);
    for (std::uint32_t i = 0; i < 4; ++i)
        EXPECT_TRUE(std::equal(both.begin() + std::ptrdiff_t{i} * page_bytes,
                               both.begin() + std::ptrdiff_t{i + 1} * page_bytes, page_of(7 + i).begin()));
}

}  // namespace
}  // namespace bt2c::restore
