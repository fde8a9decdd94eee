#include <algorithm>
#include <atomic>

#include "base/parallel.hpp"
#include "base/text.hpp"
#include "repository/intent.hpp"
#include "repository/prune_state.hpp"

namespace bt2c::repository {

using base::Error;
using base::ErrorKind;
using base::format;
using base::UnixMs;

namespace {

constexpr UnixMs day_ms = UnixMs{24} * 3600 * 1000;
/// A mark outlives its backup for so long, for locations that were away.
constexpr UnixMs mark_wait_ms = 30 * day_ms;
/// Longer than anything waits.
constexpr UnixMs sweep_life_ms = 32 * day_ms;
/// A prune that finds the same within this time adds no sweep.
constexpr UnixMs sweep_gap_ms = UnixMs{3600} * 1000;
/// So many objects are removed between two looks at what others do meanwhile.
constexpr std::size_t removals_at_once = 128;

bool is_data(ObjectType type) {
    return type == ObjectType::pack || type == ObjectType::index || type == ObjectType::manifest;
}

}  // namespace

// The order matters: marks are in every place before this begins; then intents are read, then manifests, then
// all else. docs/repository-format.md, "Removal".
std::string Sweeper::run(const std::string& held) {
    list_intents();
    list_backups();
    if (!needed_.known) {
        for (const BackupGraph::Node& node : graph_.nodes())
            if (!node.lost.empty() && !node.retired)
                held_ = format("what backup {} needs is not known: {}", node.facts.id.brief(), node.lost);
        return held_;
    }
    find_garbage();
    read_history();
    note_sweep();
    held_ = held.empty() ? hindrance() : held;
    for (PlaceState& state : places_) {
        if (held_.empty()) remove_from(state);
        tidy(state);
        for (const auto& [object, bytes] : garbage_at_[&state])
            if (is_data(object.type)) {
                ++state.report.waiting_objects;
                state.report.waiting_bytes += bytes;
            }
    }
    return held_;
}

Sweeper::NotKnown Sweeper::not_known() const {
    NotKnown found;
    if (needed_.known) return found;
    for (const BackupGraph::Node& node : graph_.nodes())
        if (!node.lost.empty() && (!node.retired || node.stays()))
            (node.unread ? found.unread : found.lost) = true;
    return found;
}

void Sweeper::list_intents() {
    for (PlaceState& state : places_)
        state.attempt([&] {
            for (const auto& [id, bytes] : state.list(ObjectType::intent)) intents_.insert(id);
            for (const auto& [id, bytes] : state.list(std::string(ended_folder))) ended_.insert(id);
        });
}

void Sweeper::list_backups() {
    std::set<ObjectId> fresh;
    for (PlaceState& state : places_)
        state.attempt([&] {
            manifests_[&state] = state.list(ObjectType::manifest);
            for (const auto& [id, bytes] : manifests_[&state])
                if (!graph_.has(id)) fresh.insert(id);
        });
    read_backups(repository_, {fresh.begin(), fresh.end()}, graph_);
    needed_ = graph_.closure([](const BackupGraph::Node& node) { return !node.retired || node.stays(); });
}

void Sweeper::find_garbage() {
    progress_.items_phase("looking for what nobody needs", places_.size());
    for (PlaceState& state : places_) {
        auto& found = garbage_at_[&state];
        state.attempt([&] {
            for (const ObjectType type : {ObjectType::pack, ObjectType::index, ObjectType::manifest})
                for (const auto& [id, bytes] :
                     type == ObjectType::manifest ? manifests_[&state] : state.list(type))
                    if (!graph_.holds(needed_, {type, id})) found.push_back({{type, id}, bytes});
            for (const auto& [id, bytes] : state.list(ObjectType::intent))
                found.push_back({{ObjectType::intent, id}, bytes});
            // Of a backup that is nowhere any more.
            for (const auto& [id, bytes] : state.list(ObjectType::retired))
                if (!graph_.has(id)) found.push_back({{ObjectType::retired, id}, bytes});
        });
        for (const auto& [object, bytes] : found) garbage_.push_back(object);
        progress_.advance(1);
    }
    std::ranges::sort(garbage_);
    garbage_.erase(std::unique(garbage_.begin(), garbage_.end()), garbage_.end());
}

void Sweeper::read_history() {
    std::vector<Sweep> sweeps;
    for (PlaceState& state : places_)
        state.attempt([&] {
            for (const auto& [id, bytes] : state.list(ObjectType::sweep)) {
                if (sweeps_.contains(id)) continue;
                const auto object =
                    state.place.location->get_range(object_name(ObjectType::sweep, id), 0, sweep_bytes_max);
                if (!object) continue;
                try {
                    sweeps.push_back(Sweep::open(repository_, id, *object));
                    sweeps_[id] = sweeps.back().at;
                } catch (const Error& error) {
                    // One that is damaged, or forged, says nothing.
                    if (error.kind() == ErrorKind::interrupted) throw;
                }
            }
        });
    history_.emplace(std::move(sweeps), now_);
}

void Sweeper::note_sweep() {
    const Sweep* last = history_->last();
    if (garbage_.empty() && (!last || last->objects.empty())) return;
    if (last && last->objects == garbage_ && now_ - last->at < sweep_gap_ms) return;
    // What was seen before now counts from now.
    const Sweep sweep{ObjectId::random(), base::now_unix_ms(), garbage_};
    const base::Bytes object = sweep.seal(repository_);
    for (PlaceState& state : places_)
        state.attempt([&] {
            static_cast<void>(state.place.location->put(object_name(ObjectType::sweep, sweep.id), object));
        });
}

std::string Sweeper::hindrance() const {
    std::size_t live = 0;
    for (const ObjectId& id : intents_)
        if (!ended_.contains(id) && !history_->waited({ObjectType::intent, id}, intent_stale_ms)) ++live;
    if (live == 0) return "";
    return format("{} being made or copied now, or {} cut off less than {} ago",
                  live == 1 ? "a backup is" : format("{} backups are", live), live == 1 ? "was" : "were",
                  base::human_duration(static_cast<double>(intent_stale_ms) / 1000));
}

/// Whether somebody began or ended a backup since this prune looked; what cannot be asked may have changed.
bool Sweeper::disturbed() {
    for (PlaceState& state : places_) {
        if (!state.usable()) continue;
        bool changed = false;
        const bool asked = state.attempt([&] {
            for (const auto& [id, bytes] : state.list(ObjectType::intent)) changed |= !intents_.contains(id);
            for (const auto& [id, bytes] : state.list(ObjectType::manifest)) changed |= !graph_.has(id);
        });
        if (changed || !asked) return true;
    }
    return false;
}

/// Manifests first: a manifest that is there has all that it names.
void Sweeper::remove_from(PlaceState& state) {
    remove_due(state, ObjectType::manifest, needed_);
    if (!state.usable() || !held_.empty()) return;
    const auto rest = graph_.closure([&](const BackupGraph::Node& node) {
        return !node.retired || node.stays() || manifests_[&state].contains(node.facts.id);
    });
    remove_due(state, ObjectType::index, rest);
    remove_due(state, ObjectType::pack, rest);
}

void Sweeper::remove_due(PlaceState& state, ObjectType type, const BackupGraph::Closure& rest) {
    std::vector<ObjectKey> due;
    std::map<ObjectKey, std::uint64_t> sizes;
    for (const auto& [object, bytes] : garbage_at_[&state])
        if (object.type == type && !graph_.holds(rest, object) && history_->waited(object, removal_wait_ms)) {
            due.push_back(object);
            sizes[object] = bytes;
        }
    if (due.empty()) return;
    progress_.items_phase(format("removing from location '{}'", state.place.name), due.size());
    std::set<ObjectKey> removed;
    for (std::size_t at = 0; at < due.size() && held_.empty() && state.usable(); at += removals_at_once) {
        if (disturbed()) {
            held_ = "a backup began or was stored while bytes were removed; the rest goes next time";
            break;
        }
        const std::size_t count = std::min(removals_at_once, due.size() - at);
        const bool done = state.attempt([&] {
            base::ordered_parallel(
                std::max(1U, state.place.at_once), count,
                [&](std::uint64_t i) { return remove(state, due[at + i]); },
                [&](std::uint64_t i, bool gone) {
                    progress_.advance(1);
                    if (!gone) return;
                    removed.insert(due[at + i]);
                    ++state.report.removed_objects;
                    state.report.removed_bytes += sizes[due[at + i]];
                });
        });
        // Who can be read and lets nothing be removed is set up so; that is told apart from being away.
        if (!done) try {
                if (state.place.location->size_of("format"))
                    state.report.status = PlacePruned::Status::refused;
            } catch (const Error& error) {
                if (error.kind() == ErrorKind::interrupted) throw;
            }
    }
    if (type == ObjectType::manifest)
        for (const ObjectKey& object : removed) manifests_[&state].erase(object.id);
    std::erase_if(garbage_at_[&state], [&](const auto& garbage) { return removed.contains(garbage.first); });
}

bool Sweeper::remove(PlaceState& state, const ObjectKey& object) {
    storage::Location& location = *state.place.location;
    const std::string name = object.name();
    if (location.keeps_for() > 0)
        if (const auto until = location.kept_until(name); until && *until > base::now_unix_ms()) {
            const std::lock_guard lock(mutex_);
            ++state.report.locked_objects;
            state.report.locked_until = std::max(state.report.locked_until, *until);
            return false;
        }
    // A mark goes again when its backup was pinned just before it came.
    if (object.type == ObjectType::manifest && graph_.has(object.id) &&
        !location.size_of(object_name(ObjectType::retired, object.id)))
        return false;
    location.remove(name);
    return true;
}

/// Small things whose time is over. What cannot be removed here is told where it matters.
void Sweeper::tidy(PlaceState& state) {
    if (!state.usable()) return;
    std::vector<std::string> names;
    const bool all = request_.away.empty() && std::ranges::all_of(places_, &PlaceState::usable);
    for (const auto& [object, bytes] : garbage_at_[&state]) {
        if (object.type == ObjectType::intent &&
            (ended_.contains(object.id) || history_->waited(object, intent_stale_ms)))
            names.push_back(object.name());
        if (object.type == ObjectType::retired && all && history_->waited(object, mark_wait_ms))
            names.push_back(object.name());
    }
    // Behind the intents that they end.
    for (const ObjectId& id : ended_) names.push_back(format("{}/{}", ended_folder, id.hex()));
    for (const auto& [id, at] : sweeps_)
        if (at < now_ - sweep_life_ms) names.push_back(object_name(ObjectType::sweep, id));
    for (const std::string& name : names) try {
            state.place.location->remove(name);
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            return;
        }
}

}  // namespace bt2c::repository
