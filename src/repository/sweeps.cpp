#include "repository/sweeps.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::repository {

using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::UnixMs;

Bytes Sweep::seal(const Repository& repository) const {
    Bytes plain;
    base::put_le(plain, static_cast<std::uint64_t>(at));
    base::put_le(plain, static_cast<std::uint32_t>(objects.size()));
    for (const ObjectKey& object : objects) {
        plain.push_back(static_cast<std::uint8_t>(object.type));
        plain.insert(plain.end(), object.id.bytes.begin(), object.id.bytes.end());
    }
    return repository.seal_object(ObjectType::sweep, id, plain, {});
}

Sweep Sweep::open(const Repository& repository, const ObjectId& id, base::ByteView object) {
    const Bytes plain = repository.open_object(ObjectType::sweep, id, object);
    Repository::require_master_seal(ObjectType::sweep, id, object);
    constexpr std::size_t entry_bytes = 1 + sizeof(ObjectId::bytes);
    base::Reader reader(plain);
    Sweep sweep{id, static_cast<UnixMs>(reader.integer<std::uint64_t>()), {}};
    const auto count = reader.integer<std::uint32_t>();
    if (reader.failed() || reader.left() != std::uint64_t{count} * entry_bytes)
        throw Error(ErrorKind::failed, base::format("sweep {} is damaged", id.brief()))
            .cause("its length does not fit");
    sweep.objects.resize(count);
    for (ObjectKey& key : sweep.objects) {
        key.type = static_cast<ObjectType>(reader.integer<std::uint8_t>());
        const base::ByteView bytes = reader.bytes(key.id.bytes.size());
        std::ranges::copy(bytes, key.id.bytes.begin());
    }
    return sweep;
}

bool Sweep::has(const ObjectKey& object) const {
    return std::ranges::binary_search(objects, object);
}

SweepHistory::SweepHistory(std::vector<Sweep> sweeps, UnixMs now) : sweeps_(std::move(sweeps)), now_(now) {
    std::erase_if(sweeps_, [&](const Sweep& sweep) { return sweep.at > now + clock_tolerance_ms; });
    std::ranges::sort(sweeps_, std::ranges::greater(), &Sweep::at);
}

bool SweepHistory::waited(const ObjectKey& object, UnixMs wait_ms) const {
    const auto unbroken =
        std::ranges::find_if(sweeps_, [&](const Sweep& sweep) { return !sweep.has(object); });
    if (unbroken == sweeps_.begin()) return false;
    const UnixMs first = (unbroken - 1)->at;
    if (now_ - first < wait_ms) return false;
    return std::any_of(sweeps_.begin(), unbroken, [&](const Sweep& sweep) {
        return sweep.at - first >= removal_gap_ms && now_ - sweep.at >= removal_gap_ms;
    });
}

}  // namespace bt2c::repository
