#include "backup/pack_numbers.hpp"

#include <algorithm>

namespace bt2c::backup {

using repository::BlobReference;
using repository::PackInfo;

namespace {
constexpr std::uint32_t first_foreign = 1U << 31;
}

BlobReference PackNumbers::foreign(const std::vector<PackInfo>& packs, BlobReference reference) {
    const PackInfo& pack = packs.at(reference.pack);
    const auto found = std::find_if(foreign_.begin(), foreign_.end(),
                                    [&](const PackInfo& known) { return known.id == pack.id; });
    const auto number = static_cast<std::uint32_t>(found - foreign_.begin());
    if (found == foreign_.end()) foreign_.push_back(pack);
    return {first_foreign + number, reference.blob};
}

void PackNumbers::need(BlobReference reference) {
    if (reference.pack < first_foreign) return;
    const std::uint32_t place = reference.pack - first_foreign;
    if (places_.emplace(place, static_cast<std::uint32_t>(needed_.size())).second)
        needed_.push_back(foreign_.at(place));
}

BlobReference PackNumbers::final(BlobReference reference) const {
    if (reference.pack >= first_foreign) return {places_.at(reference.pack - first_foreign), reference.blob};
    return {reference.pack + static_cast<std::uint32_t>(needed_.size()), reference.blob};
}

std::vector<PackInfo> PackNumbers::list(const repository::ObjectId& backup,
                                        const std::vector<repository::StoredPack>& own) const {
    std::vector<PackInfo> packs = needed_;
    for (const repository::StoredPack& pack : own) packs.push_back({pack.id, backup, pack.bytes});
    return packs;
}

}  // namespace bt2c::backup
