#include <algorithm>

#include "repository/prune_state.hpp"

namespace bt2c::repository {

void read_backups(const Repository& repository, const std::vector<ObjectId>& ids, BackupGraph& graph) {
    repository.read_manifests(ids,
                              [&](const ObjectId& id, const ManifestRead& read) { graph.add(id, read); });
}

void note_proofs_and_pins(const Repository& repository, const PruneRequest& request, BackupGraph& graph) {
    const auto pins = read_pins(repository);
    const auto proofs = repository.proofs(Repository::Unread::refuse);
    for (BackupGraph::Node& node : graph.nodes()) {
        const std::string id = node.facts.id.hex();
        const auto test = proofs.find(id);
        const auto [proved_at, failed_at] = test == proofs.end() ? Repository::Tested{} : test->second;
        node.facts.proved_at = proved_at;
        node.facts.failed = failed_at.has_value();
        const auto pin = pins.find(id);
        node.facts.pin.reset();
        if (pin != pins.end() && pin->second.pinned)
            node.facts.pin = pin->second.reason;
        else if (const auto wanted = request.keep.find(id); wanted != request.keep.end())
            node.facts.pin = wanted->second;
    }
}

PrunePlan make_plan(const BackupGraph& graph, const PruneRequest& request, base::UnixMs now) {
    PrunePlan plan;
    std::vector<BackupFacts> facts;
    for (const BackupGraph::Node& node : graph.nodes()) {
        if (node.retired)
            ++plan.retired;
        else if (!node.unreadable.empty())
            plan.damaged.push_back({node.facts.id.hex(), node.unreadable});
        else
            facts.push_back(node.facts);
    }
    std::vector<Verdict> verdicts = decide_retention(facts, request.rules, now);
    std::set<ObjectId> kept;
    for (std::size_t i = 0; i < facts.size(); ++i) {
        if (verdicts[i].kept)
            kept.insert(facts[i].id);
        else
            ++plan.leaving;
        const BackupGraph::Node* node = graph.find(facts[i].id);
        plan.backups.push_back({facts[i], node->networks, node->stored_bytes, std::move(verdicts[i])});
    }
    if (request.damaged) plan.leaving += plan.damaged.size();
    std::ranges::sort(plan.backups, [](const PlannedBackup& a, const PlannedBackup& b) {
        return std::tuple(a.facts.sequence, a.facts.made_at, a.facts.id) >
               std::tuple(b.facts.sequence, b.facts.made_at, b.facts.id);
    });
    plan.leaving_bytes = graph.bytes_between(
        graph.closure([](const BackupGraph::Node& node) { return !node.retired; }),
        graph.closure([&](const BackupGraph::Node& node) { return kept.contains(node.facts.id); }));
    return plan;
}

}  // namespace bt2c::repository
