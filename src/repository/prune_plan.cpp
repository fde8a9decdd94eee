#include <algorithm>

#include "repository/prune_state.hpp"

namespace bt2c::repository {

void read_backups(const Repository& repository, const std::vector<ObjectId>& ids, BackupGraph& graph) {
    repository.read_manifests(ids,
                              [&](const ObjectId& id, const ManifestRead& read) { graph.add(id, read); });
    graph.find_lost();
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
        if (pin != pins.end() && pin->second.pinned) node.facts.pin = pin->second.reason;
        const auto wanted = request.keep.find(id);
        node.facts.kept_for = wanted == request.keep.end() ? "" : wanted->second;
    }
}

BackupGraph::Closure needed_by_listed(const BackupGraph& graph) {
    return graph.closure([](const BackupGraph::Node& node) { return !node.retired; });
}

PrunePlan make_plan(const BackupGraph& graph, const PruneRequest& request, std::vector<std::string> unasked,
                    base::UnixMs now) {
    PrunePlan plan;
    plan.damaged_leave = request.damaged && unasked.empty();
    plan.unasked = std::move(unasked);
    std::vector<BackupFacts> facts;
    std::set<ObjectId> kept;
    for (const BackupGraph::Node& node : graph.nodes()) {
        if (node.retired) {
            ++plan.retired;
        } else if (node.unread) {
            plan.unread.push_back({node.facts.id.hex(), node.lost, true, node.disk});
            kept.insert(node.facts.id);
        } else if (!node.lost.empty()) {
            plan.damaged.push_back({node.facts.id.hex(), node.lost});
            if (!plan.damaged_leave) kept.insert(node.facts.id);
        } else {
            facts.push_back(node.facts);
        }
    }
    std::vector<Verdict> verdicts = decide_retention(facts, request.rules, now);
    for (std::size_t i = 0; i < facts.size(); ++i) {
        if (verdicts[i].kept)
            kept.insert(facts[i].id);
        else
            ++plan.leaving;
        const BackupGraph::Node* node = graph.find(facts[i].id);
        plan.backups.push_back({facts[i], node->networks, node->stored_bytes, std::move(verdicts[i])});
    }
    if (plan.damaged_leave) plan.leaving += plan.damaged.size();
    std::ranges::sort(plan.backups, [](const PlannedBackup& a, const PlannedBackup& b) {
        return std::tuple(a.facts.sequence, a.facts.made_at, a.facts.id) >
               std::tuple(b.facts.sequence, b.facts.made_at, b.facts.id);
    });
    plan.leaving_bytes = graph.bytes_between(
        needed_by_listed(graph),
        graph.closure([&](const BackupGraph::Node& node) { return kept.contains(node.facts.id); }));
    return plan;
}

void correct_plan(PrunePlan& plan, const BackupGraph& graph, const BackupGraph::Closure& before) {
    for (PlannedBackup& backup : plan.backups) {
        const BackupGraph::Node* const node = graph.find(backup.facts.id);
        if (backup.verdict.kept || node->retired) continue;
        backup.facts = node->facts;
        const auto& pin = node->facts.pin;
        backup.verdict = {true,
                          {pin ? Reason{"pinned", "pinned meanwhile" + (pin->empty() ? "" : ": " + *pin)}
                               : Reason{"proved", "proved last, meanwhile"}}};
        --plan.leaving;
    }
    plan.leaving_bytes = graph.bytes_between(before, needed_by_listed(graph));
}

}  // namespace bt2c::repository
