#pragma once
// Where a control plane keeps its entries: named texts in folders.

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bt2c::network {

/// Names have characters of [A-Za-z0-9._%-] only, at most 250, and do not begin with a dot; folders are such
/// names with slashes between them.
struct StoredEntry {
    std::string name, text;
};

/// Thread: one per object. Each function throws Error(busy) when the store does not answer or is not ready:
/// the same call can be made again, for all of them are idempotent, and what was asked for may have been
/// done. Error(failed) and Error(wrong_secret) are refusals.
class PlaneStore {
 public:
    virtual ~PlaneStore() = default;

    /// Makes an entry unless it is there. Whether the entry has this text now. Durable when it returns.
    virtual bool create(const std::string& folder, const StoredEntry& entry) = 0;
    /// Makes or replaces an entry. Durable when it returns.
    virtual void put(const std::string& folder, const StoredEntry& entry) = 0;
    /// The entries whose names begin with `prefix` and are greater than `after`, by name, at most `limit`.
    /// Longer texts than `text_max` come as empty ones: whoever reads did not write them.
    virtual std::vector<StoredEntry> list(const std::string& folder, const std::string& prefix,
                                          const std::string& after, std::size_t limit,
                                          std::size_t text_max) = 0;
    virtual void remove(const std::string& folder, const std::string& name) = 0;
    /// Removes all entries whose names begin with `prefix`.
    virtual void remove_all(const std::string& folder, const std::string& prefix) = 0;

    /// Waits up to `timeout_ms` for changes in the folders `subfolders` of `folder`, and tells in which there
    /// may have been some since the last call: all of them at the first call, after a connection was lost,
    /// and now and then. Always the same folders for one object. Returns early when a signal arrives.
    virtual std::set<std::string> wait(const std::string& folder, const std::set<std::string>& subfolders,
                                       int timeout_ms) = 0;
};

/// `name` with each other byte than [A-Za-z0-9_.-], and a dot at the front, as %XX: two names never become
/// one.
std::string encode_name(std::string_view name);
/// The name that encode_name() makes `encoded` of.
std::string decode_name(std::string_view encoded);

}  // namespace bt2c::network
