#pragma once
// All backups of a repository and the packs that they name, small enough to have ten thousand in memory.

#include <unordered_map>
#include <vector>

#include "repository/repository.hpp"
#include "repository/retention.hpp"

namespace bt2c::repository {

/// An object by type and id.
struct ObjectKey {
    ObjectType type = ObjectType::pack;
    ObjectId id;
    auto operator<=>(const ObjectKey&) const = default;
    std::string name() const { return object_name(type, id); }
};

class BackupGraph {
 public:
    struct Node {
        BackupFacts facts;
        std::vector<NetworkState> networks;
        std::uint64_t stored_bytes = 0;
        std::vector<std::uint32_t> packs;  ///< numbers of this graph's own
        std::string unreadable;            ///< why, else empty
        std::string lost;     ///< why it cannot be restored, as far as manifests tell: one clause, else empty
        bool unread = false;  ///< `lost` is only since its manifest, or its full backup's, was not read
        bool disk = false;    ///< that was not read since a disk cannot give it
        bool retired = false;
        /// Whatever the rules say. What is lost is of no use to whoever wanted it kept.
        bool stays() const { return (lost.empty() || unread) && (facts.pin || !facts.kept_for.empty()); }
    };

    void add(const ObjectId& id, const ManifestRead& read);
    /// Tells which are lost, once all were added: a backup is without what it is made against.
    void find_lost();
    bool has(const ObjectId& backup) const { return by_id_.contains(backup); }
    /// nullptr when there is no such backup.
    const Node* find(const ObjectId& backup) const;
    const std::vector<Node>& nodes() const { return nodes_; }
    std::vector<Node>& nodes() { return nodes_; }

    /// What backups need: themselves, what they are made against, and all packs that these name.
    struct Closure {
        std::vector<bool> backups, packs;  ///< by number
        /// One whose manifest cannot be read, or is not there, is among them: what it needs is not known.
        bool known = true;
    };
    template <typename Wanted>
    Closure closure(Wanted wanted) const {
        Closure closure{std::vector<bool>(nodes_.size()), std::vector<bool>(pack_bytes_.size()), true};
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            if (wanted(nodes_[i])) reach(i, closure);
        return closure;
    }
    bool holds(const Closure& closure, const ObjectKey& object) const;
    /// Of all packs that `more` has and `less` has not.
    std::uint64_t bytes_between(const Closure& more, const Closure& less) const;

 private:
    struct Hash {
        std::size_t operator()(const ObjectId& id) const noexcept {
            return base::get_le<std::size_t>(id.bytes.data());  // ids are random
        }
    };
    void reach(std::size_t node, Closure& closure) const;

    std::vector<Node> nodes_;
    std::unordered_map<ObjectId, std::size_t, Hash> by_id_;
    std::unordered_map<ObjectId, std::uint32_t, Hash> pack_numbers_;
    std::vector<std::uint64_t> pack_bytes_;
};

}  // namespace bt2c::repository
