#include "repository/backup_graph.hpp"

#include <map>
#include <vector>

#include "base/text.hpp"
#include "repository/copies.hpp"

namespace bt2c::repository {

void BackupGraph::add(const ObjectId& id, const ManifestRead& read) {
    Node node;
    node.facts.id = id;
    if (const auto* unusable = std::get_if<UnusableManifest>(&read)) {
        const base::Error& error = unusable->error;
        node.unreadable = error.cause().empty() ? error.message() : error.cause();
        node.unread = unusable->unread;
        node.disk = unusable->unread && is_disk_failure(error);
    } else {
        const auto& manifest = std::get<Manifest>(read);
        node.facts.type = manifest.type;
        node.facts.parent = manifest.parent;
        node.facts.sequence = manifest.sequence;
        node.facts.made_at = manifest.finished_at;
        node.facts.chain = chain_of(manifest);
        node.networks = manifest.networks;
        node.stored_bytes = manifest.stored_bytes;
        node.packs.reserve(manifest.packs.size());
        for (const PackInfo& pack : manifest.packs) {
            const auto number = static_cast<std::uint32_t>(pack_bytes_.size());
            const auto [at, fresh] = pack_numbers_.try_emplace(pack.id, number);
            if (fresh) pack_bytes_.push_back(pack.bytes);
            node.packs.push_back(at->second);
        }
    }
    by_id_[id] = nodes_.size();
    nodes_.push_back(std::move(node));
}

void BackupGraph::find_lost() {
    std::multimap<ObjectId, Node*> children;
    std::vector<const Node*> found;
    for (Node& node : nodes_) {
        node.lost.clear();
        if (node.unreadable.empty()) node.unread = node.disk = false;
        if (!node.unreadable.empty()) {
            node.lost = base::format("its manifest cannot be read ({})", base::printable(node.unreadable));
        } else if (node.facts.parent && !find(*node.facts.parent)) {
            node.lost = base::format("its full backup {} is missing", node.facts.parent->brief());
        } else if (node.facts.parent) {
            children.emplace(*node.facts.parent, &node);
        }
        if (!node.lost.empty()) found.push_back(&node);
    }
    // Who writes manifests may have made a long row of parents.
    while (!found.empty()) {
        const Node& parent = *found.back();
        found.pop_back();
        const auto [begin, end] = children.equal_range(parent.facts.id);
        for (auto at = begin; at != end; ++at) {
            Node& child = *at->second;
            if (!child.lost.empty()) continue;
            child.lost = base::format("its full backup {} cannot be used{}", parent.facts.id.brief(),
                                      parent.unreadable.empty() ? "" : ": " + parent.lost);
            child.unread = parent.unread;
            child.disk = parent.disk;
            found.push_back(&child);
        }
    }
}

const BackupGraph::Node* BackupGraph::find(const ObjectId& backup) const {
    const auto found = by_id_.find(backup);
    return found == by_id_.end() ? nullptr : &nodes_[found->second];
}

void BackupGraph::reach(std::size_t number, Closure& closure) const {
    if (closure.backups[number]) return;
    closure.backups[number] = true;
    const Node& node = nodes_[number];
    if (!node.unreadable.empty()) closure.known = false;
    for (const std::uint32_t pack : node.packs) closure.packs[pack] = true;
    if (!node.facts.parent) return;
    if (const auto parent = by_id_.find(*node.facts.parent); parent != by_id_.end())
        reach(parent->second, closure);
    else
        closure.known = false;
}

bool BackupGraph::holds(const Closure& closure, const ObjectKey& object) const {
    if (object.type == ObjectType::pack) {
        const auto pack = pack_numbers_.find(object.id);
        return pack != pack_numbers_.end() && closure.packs[pack->second];
    }
    const auto backup = by_id_.find(object.id);
    return backup != by_id_.end() && closure.backups[backup->second];
}

std::uint64_t BackupGraph::bytes_between(const Closure& more, const Closure& less) const {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < pack_bytes_.size(); ++i)
        if (more.packs[i] && !less.packs[i]) bytes += pack_bytes_[i];
    return bytes;
}

}  // namespace bt2c::repository
