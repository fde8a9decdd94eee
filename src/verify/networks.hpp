#pragma once
// The networks of one database and what is known of each.

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "chain/hash.hpp"
#include "verify/height_set.hpp"

namespace bt2c::verify {

using NetworkId = std::uint16_t;
/// Of rows that are not checked: their network is not the one asked for, or has no name.
inline constexpr NetworkId no_network = 0xFFFF;

/// One network's chain as the passes find it. Written by one thread at a time.
struct NetworkState {
    std::string name;
    std::uint64_t blocks = 0;
    std::uint64_t transactions = 0;
    std::uint64_t validators = 0;
    std::uint64_t proved = 0;
    std::uint64_t unproved = 0;
    HeightSet heights;

    struct End {
        std::int64_t height = 0;
        std::int64_t rowid = 0;
        double timestamp = 0;
    };
    std::optional<End> first;
    std::optional<End> tip;

    /// The lowest block whose hash was proved, and the lowest whose Merkle root held.
    std::optional<std::int64_t> lowest_proved;
    std::optional<std::int64_t> lowest_matched;
    /// Smallest units paid to validators and developers so far; cut at ten times the supply.
    std::int64_t paid_units = 0;
};

/// Thread-safe as far as names are concerned.
class Networks {
 public:
    static constexpr std::size_t networks_max = 64;
    /// `only`: the one network to check, where there is a choice.
    explicit Networks(std::optional<std::string> only) : only_(std::move(only)) {}

    /// The network's id, given when first seen; no_network when it is not to be checked.
    NetworkId id(std::string_view name);
    std::string name(NetworkId id) const;
    bool overflowed() const { return overflowed_; }

    /// Only while no other thread gives ids.
    std::size_t size() const { return size_; }
    NetworkState& operator[](NetworkId id) { return states_[id]; }
    const NetworkState& operator[](NetworkId id) const { return states_[id]; }

 private:
    std::optional<std::string> only_;
    mutable std::mutex mutex_;
    std::map<std::string, NetworkId, std::less<>> ids_;
    std::array<NetworkState, networks_max> states_;  // as many as have ids, which never move
    std::size_t size_ = 0;
    bool overflowed_ = false;
};

/// Networks::id for rows that come one after the other from the same few networks. One per thread.
class NetworkNames {
 public:
    explicit NetworkNames(Networks& networks) : networks_(networks) {}
    NetworkId id(std::string_view name) {
        if (!known_ || name != last_name_) {
            last_id_ = networks_.id(name);
            last_name_ = name;
            known_ = true;
        }
        return last_id_;
    }

 private:
    Networks& networks_;
    std::string last_name_;
    NetworkId last_id_ = no_network;
    bool known_ = false;
};

}  // namespace bt2c::verify
