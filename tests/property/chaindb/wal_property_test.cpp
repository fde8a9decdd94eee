// Random logs, damaged at random places, against a model that keeps whole pages.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "chaindb/sqlite/wal.hpp"
#include "unit/chaindb/wal_builder.hpp"

namespace bt2c::chaindb::testing {
namespace {

using sqlite::WalMap;

struct Model {
    std::map<std::uint32_t, std::uint32_t> frames;  // by page
    std::uint32_t page_count = 0;
    std::uint32_t last_frame = 0;
};

TEST(WalProperty, MapIsThatOfTheLastWholeCommit) {
    const bool held = rc::check([] {
        const std::uint32_t page_size = 512U << *rc::gen::inRange(0, 3);
        WalBuilder wal(page_size, *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<std::uint64_t>());
        std::vector<Model> commits{{}};
        std::map<std::uint32_t, std::uint32_t> pending;
        const auto frames = *rc::gen::inRange<std::uint32_t>(1, 60);
        for (std::uint32_t frame = 1; frame <= frames; ++frame) {
            const auto page = *rc::gen::inRange<std::uint32_t>(1, 30);
            const auto page_count = *rc::gen::weightedOneOf<std::uint32_t>(
                {{2, rc::gen::just(0U)}, {1, rc::gen::inRange<std::uint32_t>(1, 30)}});
            wal.frame(page, page_count, *rc::gen::arbitrary<std::uint8_t>());
            pending[page] = frame;
            if (page_count) commits.push_back({pending, page_count, frame});
        }
        // Everything from the first damaged frame on is lost, and with it commits that end there.
        auto limit = *rc::gen::inRange<std::uint32_t>(0, frames + 1);
        base::Bytes log = wal.log();
        if (*rc::gen::arbitrary<bool>()) {
            const auto at = *rc::gen::inRange<std::size_t>(0, log.size());
            log[at] ^= *rc::gen::inRange<std::uint8_t>(1, 255);
            limit = at < 32 ? 0 : std::min(limit, static_cast<std::uint32_t>((at - 32) / (page_size + 24)));
        }
        Model expected;
        for (const Model& commit : commits)
            if (commit.last_frame <= limit) expected = commit;
        std::erase_if(expected.frames, [&](const auto& entry) { return entry.first > expected.page_count; });

        const auto map = WalMap::scan(
            [&](base::MutableBytes out, std::uint64_t offset) {
                const std::size_t begin = std::min<std::size_t>(offset, log.size());
                const std::size_t size = std::min(out.size(), log.size() - begin);
                std::copy_n(log.begin() + static_cast<std::ptrdiff_t>(begin), size, out.begin());
                return size;
            },
            limit);
        RC_ASSERT(map.has_value() == (expected.last_frame > 0));
        if (!map) return;
        RC_ASSERT(map->position().frame == expected.last_frame);
        RC_ASSERT(map->shape().page_count == expected.page_count);
        std::map<std::uint32_t, std::uint32_t> found;
        for (const auto entry : map->find(1, 100)) found[entry.page] = entry.frame;
        RC_ASSERT(found == expected.frames);
    });
    EXPECT_TRUE(held);
}

}  // namespace
}  // namespace bt2c::chaindb::testing
