#include "repository/prune.hpp"

#include <algorithm>

#include "base/parallel.hpp"
#include "base/text.hpp"
#include "repository/copies.hpp"
#include "repository/prune_state.hpp"

namespace bt2c::repository {

using base::Error;
using base::ErrorKind;
using base::format;
using base::UnixMs;

namespace {

Error clock_error(const std::string& cause) {
    return Error(ErrorKind::failed, "cannot prune: this machine's clock does not fit")
        .cause(cause)
        .state("nothing was changed")
        .hint("see which clock is wrong (timedatectl), and set it; then run the same command again");
}

std::string off_by(UnixMs difference) {
    return base::human_duration(static_cast<double>(difference < 0 ? -difference : difference) / 1000);
}

class Prune {
 public:
    Prune(const Repository& repository, const std::vector<PrunePlace>& places, const PruneRequest& request,
          base::Progress& progress)
        : repository_(repository), request_(request), progress_(progress) {
        for (const PrunePlace& place : places) {
            places_.push_back({place, {}});
            places_.back().report.name = place.name;
        }
    }

    PruneReport run() {
        repository_.keys().require_reader();
        survey();
        check_newest();
        PruneReport report;
        report.plan = make_plan(graph_, request_, places_unasked(), base::now_unix_ms());
        report.held_for_good = !held_.empty() || (!report.plan.damaged.empty() && !report.plan.damaged_leave);
        report.unread = !report.plan.unread.empty();
        if (request_.dry_run) {
            report.held = held_;
            for (PlaceState& state : places_)
                if (!state.usable()) report.places.push_back(std::move(state.report));
            return report;
        }
        if (request_.agree) request_.agree(report.plan);
        const auto before = needed_by_listed(graph_);
        retire(report.plan);
        correct_plan(report.plan, graph_, before);
        Sweeper sweeper(repository_, places_, graph_, request_, progress_);
        report.held = sweeper.run(held_);
        const Sweeper::NotKnown not_known = sweeper.not_known();
        report.held_for_good |= not_known.lost;
        report.unread |= not_known.unread;
        extend_locks();
        for (PlaceState& state : places_) report.places.push_back(std::move(state.report));
        return report;
    }

 private:
    void check_place_clocks() {
        const auto check = [](const std::string& name, const storage::Location& location) {
            const UnixMs off = -location.clock_ahead().value_or(0);
            if (off > clock_tolerance_ms || off < -clock_tolerance_ms)
                throw clock_error(format("it is {} {} that of location '{}'", off_by(off),
                                         off > 0 ? "ahead of" : "behind", name));
        };
        for (const PlaceState& state : places_) check(state.place.name, *state.place.location);
        for (const PrunePlace& away : request_.away) check(away.name, *away.location);
    }

    /// @param refused places that did not take their marks, and are left out since
    void require_marked(std::size_t refused) const {
        if (refused == 0 || std::ranges::any_of(places_, &PlaceState::usable)) return;
        throw Error(ErrorKind::failed, "cannot prune: no location takes the marks of what is to go")
            .cause(places_.front().report.error)
            .state("nothing was removed; what was not marked is listed as before")
            .hint(
                "is a disk full or read-only? Room comes from elsewhere: marks need little, and bytes are "
                "removed days after them");
    }

    /// All manifests, wherever they are, and which of them are retired.
    void survey() {
        std::set<ObjectId> ids;
        for (PlaceState& state : places_)
            state.attempt([&] {
                for (const auto& [id, bytes] : state.list(ObjectType::manifest)) ids.insert(id);
                for (const auto& [id, bytes] : state.list(ObjectType::retired)) marks_[&state].insert(id);
            });
        check_place_clocks();
        if (std::ranges::none_of(places_, &PlaceState::usable))
            throw Error(ErrorKind::failed, "cannot prune: no location can be used")
                .cause(places_.empty() ? "all are away" : places_.front().report.error)
                .state("nothing was changed");
        progress_.items_phase("reading manifests", ids.size());
        read_backups(repository_, {ids.begin(), ids.end()}, graph_);
        for (PlaceState& state : places_) check_marks(state);
        note_retired();
        note_proofs_and_pins(repository_, request_, graph_);
    }

    /// Places that may have a sound copy of a manifest that could not be read: those that are away, were left
    /// out since, or have it and were lost to the others' reader meanwhile. Empty where all can be read. A
    /// place that is there and cannot give one that is unread was asked.
    std::vector<std::string> places_unasked() {
        std::set<ObjectId> wanted;
        bool any_unread = false;
        for (const BackupGraph::Node& node : graph_.nodes())
            if (!node.unreadable.empty()) {
                if (node.retired && !is_needed(node.facts.id)) continue;
                any_unread |= node.unread;
                if (!node.unread) wanted.insert(node.facts.id);
            } else if (!node.retired && node.facts.parent && !graph_.find(*node.facts.parent)) {
                wanted.insert(*node.facts.parent);
            }
        std::vector<std::string> names;
        if (wanted.empty() && !any_unread) return names;
        for (const PrunePlace& away : request_.away) names.push_back(away.name);
        for (const PlaceState& state : places_)
            if (!state.usable() || std::ranges::any_of(wanted, [&](const ObjectId& id) {
                    return may_be_sound(*state.place.location, id);
                }))
                names.push_back(state.place.name);
        return names;
    }
    /// A backup that is not retired was made against it.
    bool is_needed(const ObjectId& backup) const {
        return std::ranges::any_of(graph_.nodes(), [&](const BackupGraph::Node& node) {
            return !node.retired && node.facts.parent == backup;
        });
    }
    bool may_be_sound(storage::Location& location, const ObjectId& backup) const {
        std::optional<base::Bytes> contents;
        try {
            contents = location.get_range(object_name(ObjectType::manifest, backup), 0, manifest_bytes_max);
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            return !is_failure_damage(location, error);
        }
        try {
            if (!contents) return false;
            static_cast<void>(repository_.open_manifest(backup, *contents));
            return true;
        } catch (const Error&) {
            return false;
        }
    }

    /// Tells marks that do not count: damaged ones, and those of somebody who has no say in it. One of a
    /// newer program, or of whoever claims that, cannot be opened: it retires nothing, and nothing is removed
    /// before somebody has looked.
    void check_marks(PlaceState& state) {
        std::vector<ObjectId> ids;
        for (const ObjectId& id : marks_[&state])
            if (graph_.has(id)) ids.push_back(id);
        state.attempt([&] {
            base::ordered_parallel(
                std::max(1U, state.place.at_once), ids.size(),
                [&](std::uint64_t i) { return look_at_mark(*state.place.location, ids[i]); },
                [&](std::uint64_t i, Mark mark) {
                    if (mark == Mark::counts) return;
                    marks_[&state].erase(ids[i]);
                    if (mark == Mark::counts_not) false_marks_[&state].push_back(ids[i]);
                    if (mark == Mark::unknown)
                        held_ = format(
                            "{} in location '{}' is of a version that this program does not know: "
                            "use a newer bt2c-dr, or remove that object if there is none",
                            object_name(ObjectType::retired, ids[i]), state.place.name);
                });
        });
    }
    enum class Mark { counts, counts_not, unknown };
    Mark look_at_mark(storage::Location& location, const ObjectId& backup) const {
        const auto contents =
            location.get_range(object_name(ObjectType::retired, backup), 0, small_object_bytes_max);
        if (!contents) return Mark::counts_not;
        if (has_unknown_version(*contents)) return Mark::unknown;
        try {
            const base::Json mark = repository_.open_small(ObjectType::retired, backup, *contents);
            return mark.string_at("backup") == backup.hex() ? Mark::counts : Mark::counts_not;
        } catch (const Error&) {
            return Mark::counts_not;
        }
    }
    void note_retired() {
        for (BackupGraph::Node& node : graph_.nodes())
            node.retired = std::ranges::any_of(
                marks_, [&](const auto& marks) { return marks.second.contains(node.facts.id); });
    }

    /// By the sequence, not the clock: one backup with a wild stamp does not stop all prunes that come later.
    void check_newest() {
        const BackupGraph::Node* newest = nullptr;
        for (const BackupGraph::Node& node : graph_.nodes())
            if (node.unreadable.empty() && (!newest || node.facts.sequence > newest->facts.sequence ||
                                            (node.facts.sequence == newest->facts.sequence &&
                                             node.facts.made_at < newest->facts.made_at)))
                newest = &node;  // of one number, at the end of all numbers, one with a sane stamp will do
        const UnixMs ahead = newest ? newest->facts.made_at - base::now_unix_ms() : 0;
        if (ahead > clock_tolerance_ms)
            throw clock_error(
                format("the newest backup {} was made {} from now", newest->facts.id.brief(), off_by(ahead)))
                .hint(
                    "set the clock (timedatectl); if it is right, that backup's was wrong: make another "
                    "backup");
    }

    /// A mark is the same whoever writes it: its key must seal one text only.
    void put_mark(PlaceState& state, const ObjectId& backup) {
        static_cast<void>(repository_.store_small(*state.place.location, ObjectType::retired, backup,
                                                  base::Json::object({{"backup", backup.hex()}})));
    }
    void remove_mark(PlaceState& state, const ObjectId& backup) {
        state.place.location->remove(object_name(ObjectType::retired, backup));
        marks_[&state].erase(backup);
    }

    template <typename Job>
    void for_all(PlaceState& state, const std::vector<ObjectId>& ids, Job job) {
        base::ordered_parallel(
            std::max(1U, state.place.at_once), ids.size(),
            [&](std::uint64_t i) {
                job(ids[i]);
                return true;
            },
            [](std::uint64_t, bool) {});
    }

    /// Marks go to every place, also those of earlier prunes: a backup that can reach one place only must
    /// see them.
    void retire(const PrunePlan& plan) {
        std::set<ObjectId> leaving;
        for (const PlannedBackup& backup : plan.backups)
            if (!backup.verdict.kept) leaving.insert(backup.facts.id);
        for (const DamagedBackup& backup : plan.damaged)
            if (plan.damaged_leave) leaving.insert(ObjectId::parse(backup.id));
        for (PlaceState& state : places_)
            for (const ObjectId& id : false_marks_[&state]) state.attempt([&] { remove_mark(state, id); });
        for (const BackupGraph::Node& node : graph_.nodes())
            if (node.retired && !node.stays()) leaving.insert(node.facts.id);
        progress_.items_phase("retiring", leaving.size());
        std::size_t refused = 0;
        for (PlaceState& state : places_) {
            if (!state.usable()) continue;
            const bool marked = state.attempt([&] {
                std::vector<ObjectId> lacking;
                for (const ObjectId& id : leaving)
                    if (!marks_[&state].contains(id)) lacking.push_back(id);
                for_all(state, lacking, [&](const ObjectId& id) { put_mark(state, id); });
                marks_[&state].insert(lacking.begin(), lacking.end());
            });
            refused += marked ? 0U : 1U;
        }
        require_marked(refused);
        note_retired();
        free_wanted();
    }

    /// Whoever pinned or proved a backup before its mark was there was told that it stays.
    void free_wanted() {
        note_proofs_and_pins(repository_, request_, graph_);
        const UnixMs latest_ms = base::now_unix_ms() + clock_tolerance_ms;
        std::map<std::string, const BackupGraph::Node*> last_proved;
        std::vector<ObjectId> wanted;
        for (const BackupGraph::Node& node : graph_.nodes()) {
            if (node.retired && node.stays()) wanted.push_back(node.facts.id);
            const auto proved_at = node.facts.proved_at;
            if (!proved_at || *proved_at > latest_ms || !node.lost.empty()) continue;
            const BackupGraph::Node*& last = last_proved[node.facts.chain];
            if (!last || *proved_at > *last->facts.proved_at ||
                (*proved_at == *last->facts.proved_at && !node.retired))
                last = &node;
        }
        for (const auto& [chain, node] : last_proved)
            if (node->retired) wanted.push_back(node->facts.id);
        for (const ObjectId& id : wanted)
            for (PlaceState& state : places_)
                if (marks_[&state].contains(id)) state.attempt([&] { remove_mark(state, id); });
        note_retired();
    }

    /// Whatever a kept backup needs stays locked, else an incremental would outlive what it is made against.
    void extend_locks() {
        const auto kept = graph_.closure([](const BackupGraph::Node& node) { return !node.retired; });
        for (PlaceState& state : places_) {
            const UnixMs keeps_for = state.place.location->keeps_for();
            if (keeps_for == 0) continue;
            state.attempt([&] {
                std::vector<std::string> names{"format"};
                for (const storage::ObjectInfo& slot : state.place.location->list("keys"))
                    names.push_back(slot.name);
                for (const ObjectType type : {ObjectType::pack, ObjectType::index, ObjectType::manifest})
                    for (const auto& [id, bytes] : state.list(type))
                        if (graph_.holds(kept, {type, id})) names.push_back(object_name(type, id));
                for (const ObjectType type : {ObjectType::proof, ObjectType::pin})
                    for (const auto& [id, bytes] : state.list(type)) names.push_back(object_name(type, id));
                progress_.items_phase("extending locks", names.size());
                base::ordered_parallel(
                    std::max(1U, state.place.at_once), names.size(),
                    [&](std::uint64_t i) { return extend_lock(*state.place.location, names[i], keeps_for); },
                    [&](std::uint64_t, bool extended) {
                        if (extended) ++state.report.extended_locks;
                        progress_.advance(1);
                    });
            });
        }
    }
    static bool extend_lock(storage::Location& location, const std::string& name, UnixMs keeps_for) {
        const UnixMs now = base::now_unix_ms();
        const auto until = location.kept_until(name);
        // Not each day anew: a lock costs requests.
        if (until && *until - now >= keeps_for / 4 * 3) return false;
        return location.keep_until(name, now + keeps_for);
    }

    const Repository& repository_;
    const PruneRequest& request_;
    base::Progress& progress_;
    std::vector<PlaceState> places_;
    BackupGraph graph_;
    std::map<const PlaceState*, std::set<ObjectId>> marks_;  ///< that count, by place
    std::map<const PlaceState*, std::vector<ObjectId>> false_marks_;
    std::string held_;  ///< why nothing may be removed; empty: as far as is known here, it may
};

}  // namespace

PruneReport prune(const Repository& repository, const std::vector<PrunePlace>& places,
                  const PruneRequest& request, base::Progress& progress) {
    return Prune(repository, places, request, progress).run();
}

}  // namespace bt2c::repository
