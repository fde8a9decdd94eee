#include "verify/networks.hpp"

namespace bt2c::verify {

NetworkId Networks::id(std::string_view name) {
    if (only_ && name != *only_) return no_network;
    const std::lock_guard lock(mutex_);
    const auto known = ids_.find(name);
    if (known != ids_.end()) return known->second;
    if (size_ >= networks_max) {
        overflowed_ = true;
        return no_network;
    }
    const auto id = static_cast<NetworkId>(size_);
    states_[size_++].name = name;
    ids_.emplace(name, id);
    return id;
}

std::string Networks::name(NetworkId id) const {
    if (id == no_network) return {};
    const std::lock_guard lock(mutex_);
    return states_[id].name;
}

}  // namespace bt2c::verify
