#pragma once
// Backups that an operator wants to keep whatever the rules say.

#include <map>
#include <string>

#include "repository/repository.hpp"

namespace bt2c::repository {

/// A pin and its end are both objects that are added: so a location that only lets one add takes both, and
/// one that was away learns of both. Of those of one backup the one with the highest number counts.
struct Pin {
    bool pinned = false;
    std::uint64_t number = 0;
    base::UnixMs at = 0;
    std::string reason;
};

/// The pin that counts, of each backup that ever had one; by its id in hex. One that is damaged, or was
/// written by a write-only node, does not count.
std::map<std::string, Pin> read_pins(const Repository& repository);

constexpr std::size_t pin_reason_bytes_max = 200;
/// Pins a backup, or ends that, in every location of `repository`. False when it was so already, for that
/// reason or with none given now. Throws Error when the backup was retired, also while this was being done:
/// then it is not pinned.
bool set_pin(const Repository& repository, const ObjectId& backup, bool pinned, const std::string& reason);

}  // namespace bt2c::repository
