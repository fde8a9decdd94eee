#pragma once
// What a prune knows while it runs. For its sources only.

#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "repository/pins.hpp"
#include "repository/prune.hpp"
#include "repository/sweeps.hpp"

namespace bt2c::repository {

/// Reads manifests into the graph, and tells what is lost.
void read_backups(const Repository& repository, const std::vector<ObjectId>& ids, BackupGraph& graph);
/// Pins as they are now, and what the request keeps like them.
void note_proofs_and_pins(const Repository& repository, const PruneRequest& request, BackupGraph& graph);
/// `unasked`: as in PrunePlan.
PrunePlan make_plan(const BackupGraph& graph, const PruneRequest& request, std::vector<std::string> unasked,
                    base::UnixMs now);
/// After the marks were written: whoever pinned or proved a backup meanwhile was told that it stays.
/// `before`: what was needed until then.
void correct_plan(PrunePlan& plan, const BackupGraph& graph, const BackupGraph::Closure& before);
/// What those that are listed need.
BackupGraph::Closure needed_by_listed(const BackupGraph& graph);

/// Objects of one kind in one place, with their sizes.
using Listing = std::map<ObjectId, std::uint64_t>;

/// A place and what it has. One that failed is left alone from then on.
struct PlaceState {
    PrunePlace place;
    PlacePruned report;
    bool usable() const { return report.status == PlacePruned::Status::ok; }

    /// Runs a job there; a failure is noted, and false.
    template <typename Job>
    bool attempt(Job job) {
        if (!usable()) return false;
        try {
            job();
            return true;
        } catch (const base::Error& error) {
            if (error.kind() == base::ErrorKind::interrupted) throw;
            report.status = PlacePruned::Status::failed;
            report.error = error.cause().empty() ? error.message() : error.message() + ": " + error.cause();
            return false;
        }
    }
    Listing list(ObjectType type) { return list(std::string(object_folder(type))); }
    Listing list(const std::string& folder) {
        Listing found;
        for (const storage::ObjectInfo& object : place.location->list(folder))
            if (const auto id = ObjectId::try_parse(leaf_of(object.name))) found[*id] = object.bytes;
        return found;
    }
};

/// The second phase: finds what nobody needs, and removes what was found often enough.
class Sweeper {
 public:
    Sweeper(const Repository& repository, std::vector<PlaceState>& places, BackupGraph& graph,
            const PruneRequest& request, base::Progress& progress)
        : repository_(repository), places_(places), graph_(graph), request_(request), progress_(progress) {}
    /// `held`: why nothing may be removed, if somebody knows. Returns why nothing was; empty when what is due
    /// was.
    std::string run(const std::string& held);
    /// After run(): why it is not known what a backup that is listed needs. It may be `lost`, or unread.
    struct NotKnown {
        bool lost = false, unread = false;
    };
    NotKnown not_known() const;

 private:
    void list_intents();
    void list_backups();
    void find_garbage();
    void read_history();
    void note_sweep();
    std::string hindrance() const;
    bool disturbed();
    void remove_from(PlaceState& state);
    void remove_due(PlaceState& state, ObjectType type, const BackupGraph::Closure& rest);
    /// One object; false where it is locked.
    bool remove(PlaceState& state, const ObjectKey& object);
    void tidy(PlaceState& state);

    const Repository& repository_;
    std::vector<PlaceState>& places_;
    BackupGraph& graph_;
    const PruneRequest& request_;
    base::Progress& progress_;
    base::UnixMs now_ = base::now_unix_ms();
    std::set<ObjectId> ended_;                  ///< intents of backups that are over
    std::set<ObjectId> intents_;                ///< in any place
    std::map<PlaceState*, Listing> manifests_;  ///< by place
    BackupGraph::Closure needed_;               ///< by what is not retired, or pinned
    std::vector<ObjectKey> garbage_;            ///< of all places, sorted
    std::map<PlaceState*, std::vector<std::pair<ObjectKey, std::uint64_t>>> garbage_at_;  ///< with sizes
    std::map<ObjectId, base::UnixMs> sweeps_;  ///< times of all there are
    std::optional<SweepHistory> history_;
    std::string held_;
    std::mutex mutex_;  ///< for what is counted while objects are removed side by side
};

}  // namespace bt2c::repository
