#pragma once
// Collects findings: counts all, keeps the first of each check whatever thread finds them when.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "verify/report.hpp"

namespace bt2c::verify {

/// Where a finding lies; the lowest are the ones that are kept.
struct Place {
    std::int64_t height = 0;
    std::int64_t rowid = 0;
    auto operator<=>(const Place&) const = default;
};

/// Not thread-safe: each thread has one, merged at the end.
class FindingBook {
 public:
    explicit FindingBook(std::size_t examples_max) : examples_max_(examples_max) {}

    /// `make` returns the Finding; it is called only when the finding will be kept for now.
    template <typename Make>
    void add(Check check, Place place, Make&& make) {
        Entry& entry = entries_[static_cast<std::size_t>(check)];
        ++entry.count;
        if (wanted(entry, place)) keep(entry, place, std::forward<Make>(make)());
    }
    void merge(FindingBook&& other);

    std::uint64_t count(Check check) const { return entries_[static_cast<std::size_t>(check)].count; }
    /// Hands the kept findings out, lowest place first.
    std::vector<Finding> take(Check check);

 private:
    struct Entry {
        std::uint64_t count = 0;
        std::multimap<Place, Finding> kept;
    };
    bool wanted(const Entry& entry, Place place) const {
        return entry.kept.size() < examples_max_ ||
               (!entry.kept.empty() && place < std::prev(entry.kept.end())->first);
    }
    void keep(Entry& entry, Place place, Finding finding);

    std::size_t examples_max_;
    std::array<Entry, check_count> entries_;
};

}  // namespace bt2c::verify
