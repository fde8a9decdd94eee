#pragma once
// What earlier prunes found to be needed by nobody: how long an object has been waiting to be removed.

#include <vector>

#include "repository/backup_graph.hpp"

namespace bt2c::repository {

/// What one prune noted, sealed with the master key.
struct Sweep {
    ObjectId id;
    base::UnixMs at = 0;
    std::vector<ObjectKey> objects;  ///< sorted

    base::Bytes seal(const Repository& repository) const;
    /// Throws Error when it is damaged, or not sealed with the master key.
    static Sweep open(const Repository& repository, const ObjectId& id, base::ByteView object);
    bool has(const ObjectKey& object) const;
};

constexpr std::uint64_t sweep_bytes_max = std::uint64_t{64} << 20;  ///< of almost four million objects
/// An object waits for at least this before it is removed.
constexpr base::UnixMs removal_wait_ms = base::UnixMs{24} * 3600 * 1000;
/// Two sweeps that are so far apart, and the second of them so long ago, must have found it.
constexpr base::UnixMs removal_gap_ms = base::UnixMs{4} * 3600 * 1000;

class SweepHistory {
 public:
    /// Sweeps from the future are passed over.
    SweepHistory(std::vector<Sweep> sweeps, base::UnixMs now);

    /// Whether every sweep since some time found it, that time is `wait_ms` ago, and the gaps are kept.
    bool waited(const ObjectKey& object, base::UnixMs wait_ms) const;
    /// The latest one; nullptr when there is none.
    const Sweep* last() const { return sweeps_.empty() ? nullptr : &sweeps_.front(); }

 private:
    std::vector<Sweep> sweeps_;  ///< newest first
    base::UnixMs now_;
};

}  // namespace bt2c::repository
