#include "repository/sync.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "repository/intent.hpp"
#include "repository/sound_object.hpp"

namespace bt2c::repository {

using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::format;

namespace {

/// Folders of small objects that all locations have. `intents` and `sweeps` concern one location alone.
constexpr std::string_view small_folders[] = {"retired", "pins", "proofs"};

class SyncRun {
 public:
    SyncRun(const Repository& repository, storage::Location& target, const SyncOptions& options,
            base::Progress& progress)
        : repository_(repository), target_(target), options_(options), progress_(progress) {}

    SyncReport run() {
        report_ = sync_basics(repository_, target_, options_);
        copy_small();
        copy_backups();
        return std::move(report_);
    }
    SyncReport run_small() {
        copy_small();
        return std::move(report_);
    }

 private:
    void copy(const std::string& name) {
        const Bytes contents = read_sound(repository_, name);
        try {
            if (!target_.put(name, contents)) return;
        } catch (...) {
            target_failed_ = true;
            throw;
        }
        const std::lock_guard lock(mutex_);
        ++report_.objects;
        report_.bytes += contents.size();
    }

    void leave(std::string object, std::string why) {
        report_.left.push_back({std::move(object), std::move(why)});
    }

    /// What only one source has wrong is no reason to stop; what the target has wrong is.
    template <typename Job>
    void attempt(const std::string& object, Job job) {
        try {
            job();
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted || target_failed_) throw;
            target_.size_of("format");
            leave(object, error.in_full());
        }
    }

    void copy_small() {
        for (const std::string_view folder : small_folders) copy_folder(std::string(folder));
    }

    void copy_folder(const std::string& folder) {
        std::set<std::string> there;
        for (const storage::ObjectInfo& object : target_.list(folder)) there.insert(object.name);
        for (const storage::ObjectInfo& object : repository_.location().list(folder))
            if (!there.contains(object.name)) {
                base::throw_if_interrupted();
                attempt(object.name, [&] { copy(object.name); });
            }
    }

    /// Of those that are not retired.
    std::vector<std::string> missing_backups() {
        manifests_ = backup_ids(target_.list("manifests"));
        retired_ = retired_backups(repository_.location());
        retired_.merge(retired_backups(target_));
        std::vector<std::string> missing;
        for (const std::string& id : backup_ids(repository_.location().list("manifests")))
            if (!manifests_.contains(id) && !is_retired(retired_, id)) missing.push_back(id);
        return missing;
    }

    /// Whether there are packs elsewhere that the target has not; only manifests tell which are needed.
    bool lacks_packs() {
        packs_.clear();
        for (const storage::ObjectInfo& pack : target_.list("packs")) packs_[pack.name] = pack.bytes;
        return std::ranges::any_of(
            repository_.location().list("packs"),
            [&](const storage::ObjectInfo& pack) { return !packs_.contains(pack.name); });
    }

    void copy_backups() {
        const bool reads = repository_.keys().can_read();
        if (missing_backups().empty() && !(reads && lacks_packs())) return;
        // Before the target is looked at: what lies there already must not be taken away meanwhile.
        const Intent intent(repository_, target_, "sync");
        const std::vector<std::string> missing = missing_backups();
        if (!reads) return copy_unread(missing);
        const std::set<std::string> held = manifests_;
        const bool incomplete = lacks_packs();
        progress_.phase("copying", 0);
        for (const std::string& id : held)
            if (incomplete && !is_retired(retired_, id)) attempt(id, [&] { complete(ObjectId::parse(id)); });
        std::vector<ObjectId> dependent;
        for (const std::string& id : missing)
            attempt(id, [&] {
                const Manifest manifest = repository_.manifest(ObjectId::parse(id));
                if (manifest.parent && !manifests_.contains(manifest.parent->hex()))
                    dependent.push_back(manifest.id);
                else
                    copy_backup(manifest);
            });
        for (const ObjectId& id : dependent)
            attempt(id.hex(), [&] {
                const Manifest manifest = repository_.manifest(id);
                // One that is retired is kept for as long as this one needs it.
                if (!manifests_.contains(manifest.parent->hex()) && repository_.is_retired(*manifest.parent))
                    copy_backup(repository_.manifest(*manifest.parent));
                if (!manifests_.contains(manifest.parent->hex()))
                    throw Error(ErrorKind::failed, format("the full backup {} that it builds on is not there",
                                                          manifest.parent->brief()));
                copy_backup(manifest);
            });
    }

    /// Brings back the packs of a backup that is there, and of the retired one that it is made against.
    void complete(const ObjectId& id) {
        const Manifest manifest = repository_.manifest(id);
        if (std::ranges::any_of(manifest.packs, [&](const PackInfo& pack) {
                return !packs_.contains(object_name(ObjectType::pack, pack.id));
            }))
            copy_backup(manifest);
        if (manifest.parent && is_retired(retired_, manifest.parent->hex())) complete(*manifest.parent);
    }

    /// For a write-only node, which cannot tell what a manifest names: so everything else goes first.
    void copy_unread(const std::vector<std::string>& missing) {
        progress_.phase("copying", 0);
        copy_folder("packs");
        copy_folder("index");
        if (!report_.left.empty()) return;
        for (const std::string& id : missing)
            attempt(id, [&] {
                copy(object_name(ObjectType::manifest, ObjectId::parse(id)));
                report_.backups.push_back(id);
            });
    }

    void copy_backup(const Manifest& manifest) {
        std::vector<const PackInfo*> lacking;
        for (const PackInfo& pack : manifest.packs) {
            const auto there = packs_.find(object_name(ObjectType::pack, pack.id));
            if (there == packs_.end())
                lacking.push_back(&pack);
            else if (there->second != pack.bytes)
                throw Error(ErrorKind::failed, format("pack {} is damaged there", pack.id.brief()))
                    .cause(format("it has {} bytes instead of {}", there->second, pack.bytes));
        }
        base::ordered_parallel(
            options_.uploads, lacking.size(),
            [&](std::uint64_t i) {
                copy(object_name(ObjectType::pack, lacking[i]->id));
                return true;
            },
            [&](std::uint64_t i, bool) {
                packs_[object_name(ObjectType::pack, lacking[i]->id)] = lacking[i]->bytes;
                progress_.advance(lacking[i]->bytes);
            });
        const std::string index = object_name(ObjectType::index, manifest.id);
        if (!target_.size_of(index)) try {
                copy(index);
            } catch (const Error& error) {
                // A cache: the packs tell the same.
                if (error.kind() == ErrorKind::interrupted) throw;
                leave(index, error.in_full());
            }
        // What the target says now counts, not what it said when it took the packs.
        for (const PackInfo& pack : manifest.packs)
            if (target_.size_of(object_name(ObjectType::pack, pack.id)) != pack.bytes)
                throw Error(ErrorKind::failed, format("pack {} is not there whole", pack.id.brief()));
        if (!manifests_.insert(manifest.id.hex()).second) return;
        copy(object_name(ObjectType::manifest, manifest.id));
        report_.backups.push_back(manifest.id.hex());
    }

    const Repository& repository_;
    storage::Location& target_;
    const SyncOptions& options_;
    base::Progress& progress_;
    std::mutex mutex_;
    std::atomic<bool> target_failed_ = false;
    SyncReport report_;
    std::set<std::string> manifests_;  ///< of the target
    std::set<std::string> retired_;
    std::map<std::string, std::uint64_t> packs_;  ///< of the target, by name
};

std::set<std::string> slot_ids(storage::Location& location) {
    return backup_ids(location.list("keys"));
}

/// Slots of ours in a repository that is not; nothing else was stored yet.
void discard(storage::Location& target, const std::vector<std::string>& names) noexcept {
    for (const std::string& name : names) try {
            if (name != "format") target.remove(name);
        } catch (const std::exception&) {
        }
}

/// Of any location, a sound one where there is one: a slot that is damaged everywhere keeps nothing else from
/// being copied.
std::optional<Bytes> slot_of_any(const Repository& repository, storage::Location& slots,
                                 const std::string& name) {
    try {
        return read_sound(repository, name);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return slots.get_range(name, 0, slot_object_bytes_max);
    }
}

}  // namespace

std::set<std::string> backup_ids(const std::vector<storage::ObjectInfo>& objects) {
    std::set<std::string> ids;
    for (const storage::ObjectInfo& object : objects) {
        std::string id = object.name.substr(object.name.rfind('/') + 1);
        ObjectId parsed;
        if (base::from_hex(id, parsed.bytes)) ids.insert(std::move(id));
    }
    return ids;
}

std::set<std::string> retired_backups(storage::Location& location) {
    return backup_ids(location.list("retired"));
}

SyncReport sync_basics(const Repository& repository, storage::Location& target, const SyncOptions& options) {
    const bool fresh = !Repository::exists(target);
    if (!fresh) require_same_repository(repository, target);
    SyncReport report;
    std::vector<std::string> stored;
    const auto store = [&](const std::string& name, const Bytes& contents) {
        if (!target.put(name, contents)) return;
        stored.push_back(name);
        ++report.objects;
        report.bytes += contents.size();
    };
    const std::set<std::string> there = slot_ids(target);
    storage::Location* slots = options.slots;
    // Nobody removes the last one: a location that has none lost them, and cannot say which there were.
    if (fresh || there.empty())
        if (!slots || slots == &target || slot_ids(*slots).empty()) slots = &repository.location();
    if (!slots) slots = &target;
    std::set<std::string> wanted = slots == &target ? there : slot_ids(*slots);
    const std::string opened = repository.opened_slot() ? repository.opened_slot()->hex() : "";
    if (options.bring_opened && !opened.empty()) wanted.insert(opened);
    for (const std::string& id : wanted) {
        if (there.contains(id)) continue;
        const std::string name = "keys/" + id;
        const auto contents = slot_of_any(repository, *slots, name);
        if (!contents) continue;  // removed everywhere meanwhile
        store(name, *contents);
    }
    // Last, as when a repository is made: one without its slots never exists.
    if (fresh) {
        store("format", read_sound(repository, "format"));
        // Only where another one stands there: what cannot be read just now may be ours, and needs its slots.
        if (Repository::read_id(target) != repository.id()) discard(target, stored);
        require_same_repository(repository, target);
    }
    return report;
}

void require_same_repository(const Repository& repository, storage::Location& location) {
    if (Repository::read_id(location) == repository.id()) return;
    throw Error(ErrorKind::failed,
                format("cannot use {}: it holds another repository", base::printable(location.describe())))
        .hint("give this node a place of its own there in dr.toml");
}

SyncReport sync_small(const Repository& repository, storage::Location& target) {
    require_same_repository(repository, target);
    base::SilentProgress silent;
    return SyncRun(repository, target, {}, silent).run_small();
}

SyncReport sync_location(const Repository& repository, storage::Location& target, const SyncOptions& options,
                         base::Progress& progress) {
    return SyncRun(repository, target, options, progress).run();
}

}  // namespace bt2c::repository
