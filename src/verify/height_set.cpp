#include "verify/height_set.hpp"

namespace bt2c::verify {

bool HeightSet::insert(std::int64_t height) {
    const std::int64_t number = height / page_bits;
    if (!last_page_ || number != last_number_) {
        if (pages_.size() >= pages_max && !pages_.contains(number)) {
            overflowed_ = true;
            return true;
        }
        last_page_ = &pages_[number];
        last_number_ = number;
    }
    std::uint64_t& word = (*last_page_)[static_cast<std::size_t>(height % page_bits / 64)];
    const std::uint64_t bit = std::uint64_t{1} << (height % 64);
    const bool is_new = (word & bit) == 0;
    word |= bit;
    return is_new;
}

bool HeightSet::contains(std::int64_t height) const {
    if (height < 0) return false;
    const auto page = pages_.find(height / page_bits);
    return page != pages_.end() && has(page->second, height % page_bits);
}

}  // namespace bt2c::verify
