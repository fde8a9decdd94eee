#include "repository/backup_graph.hpp"

#include "base/text.hpp"

namespace bt2c::repository {

void BackupGraph::add(const ObjectId& id, const ManifestRead& read) {
    Node node;
    node.facts.id = id;
    if (const auto* error = std::get_if<base::Error>(&read)) {
        node.unreadable = error->cause().empty() ? error->message() : error->cause();
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
    for (Node& node : nodes_)
        node.lost = node.unreadable.empty()
                        ? ""
                        : base::format("its manifest cannot be read ({})", base::printable(node.unreadable));
    // Until nothing changes: who writes manifests may have made a row of parents.
    for (bool more = true; more;) {
        more = false;
        for (Node& node : nodes_) {
            if (!node.lost.empty() || !node.facts.parent) continue;
            const Node* const parent = find(*node.facts.parent);
            if (parent && parent->lost.empty()) continue;
            node.lost = base::format("its full backup {} {}", node.facts.parent->brief(),
                                     parent ? "cannot be used: " + parent->lost : "is missing");
            more = true;
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
