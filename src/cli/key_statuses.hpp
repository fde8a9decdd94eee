#pragma once
// How the keys of this home stand, as far as it can be known.

#include <string>
#include <vector>

#include "base/time.hpp"
#include "cli/context.hpp"
#include "keys/key_status.hpp"

namespace bt2c::cli {

struct KeyStatuses {
    std::vector<keys::KeyStatus> keys;
    std::vector<std::string> unknown;  ///< what could not be looked at, and why
    base::UnixMs now = base::now_unix_ms();

    bool overdue(const keys::KeyStatus& status) const { return status.due && *status.due < now; }
};

/// Fills `statuses`; a database that cannot be read adds to what is unknown.
/// @param backups null where they are not known
void read_key_statuses(Context& context, const std::vector<repository::Manifest>* backups,
                       KeyStatuses& statuses);

}  // namespace bt2c::cli
