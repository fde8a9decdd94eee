#pragma once
// The heights that a chain has: finds those that come twice and those that are missing.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace bt2c::verify {

/// A bit for each height, in pages that exist only where heights are: a sound chain of 1.5 million
/// blocks takes 250 KiB. Not thread-safe.
class HeightSet {
 public:
    /// `height` is not negative. False when it is there already. Heights that would need more than
    /// `pages_max` pages are not kept; overflowed() tells.
    bool insert(std::int64_t height);
    bool contains(std::int64_t height) const;
    bool overflowed() const { return overflowed_; }

    struct Gap {
        std::int64_t first = 0;
        std::int64_t last = 0;
    };
    /// The gaps between the lowest and the highest height, lowest first.
    template <typename OnGap>
    void for_each_gap(OnGap&& on_gap) const {
        std::optional<std::int64_t> before;
        for (const auto& [number, page] : pages_) {
            for (std::int64_t bit = 0; bit < page_bits; ++bit) {
                if (!has(page, bit)) continue;
                const std::int64_t height = number * page_bits + bit;
                if (before && height - *before > 1) on_gap(Gap{*before + 1, height - 1});
                before = height;
            }
        }
    }

 private:
    static constexpr std::int64_t page_bits = 4096;
    static constexpr std::size_t pages_max = 20'000;
    using Page = std::array<std::uint64_t, page_bits / 64>;
    static bool has(const Page& page, std::int64_t bit) {
        return (page[static_cast<std::size_t>(bit / 64)] >> (bit % 64) & 1) != 0;
    }

    std::map<std::int64_t, Page> pages_;
    Page* last_page_ = nullptr;
    std::int64_t last_number_ = 0;
    bool overflowed_ = false;
};

}  // namespace bt2c::verify
