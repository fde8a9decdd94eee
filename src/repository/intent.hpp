#pragma once
// Tells prunes that a backup is being made or copied. docs/repository-format.md, "Removal", has the argument.

#include <chrono>

#include "repository/repository.hpp"

namespace bt2c::repository {

/// After so long a prune takes an intent for one that a killed process left.
constexpr base::UnixMs intent_stale_ms = base::UnixMs{72} * 3600 * 1000;
/// A backup that takes longer is not stored: the rest of the time above is for the last step, and for clocks
/// that differ.
constexpr base::UnixMs intent_fresh_ms = base::UnixMs{48} * 3600 * 1000;

/// Where an intent stands again that could not be removed at its end, since the location only lets one add.
constexpr std::string_view ended_folder = "ended";

/// While the object is there, prunes remove nothing. To be made before anything is read that a backup builds
/// on. Its end removes the object, or stores it in `ended` as well. After a kill prunes pass over it when it
/// is intent_stale_ms old.
class Intent {
 public:
    /// Stores it; throws Error when the location does not take it.
    Intent(const Repository& repository, storage::Location& location, const char* what);
    ~Intent();
    Intent(const Intent&) = delete;
    Intent& operator=(const Intent&) = delete;

    /// What one that stands there says; nullopt where it is gone or cannot be read.
    static std::optional<base::UnixMs> started_at(const Repository& repository, const ObjectId& id);

    /// Throws Error when prunes may not heed it much longer.
    void require_fresh() const;

 private:
    void end() noexcept;

    storage::Location& location_;
    ObjectId id_ = ObjectId::random();
    base::Bytes object_;
    base::UnixMs started_at_ = base::now_unix_ms();
    base::Stopwatch watch_;
};

}  // namespace bt2c::repository
