#include "repository/repair.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "repository/copies.hpp"
#include "repository/index.hpp"
#include "repository/repository_format.hpp"
#include "repository/sound_object.hpp"

namespace bt2c::repository {

using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::format;

namespace {

/// What others name comes first. Slots are brought back into a repository that can be told which it is.
int rank_of(const std::string& name) {
    if (name.starts_with("packs/")) return 0;
    if (name.starts_with("index/")) return 1;
    return name == all_slots ? 3 : 2;
}

/// What a place gives for an object. A disk that cannot give it has lost it, for whoever has a sound copy;
/// of what is unread for another reason nothing is known: throws Error.
std::optional<Bytes> reading_of(storage::Location& target, const std::string& name) {
    try {
        return target.get_range(name, 0, object_bytes_max(name));
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted || target.behind_network()) throw;
        if (!is_failure_damage(target, error) && !is_disk_failure(error)) throw;
        return Bytes();
    }
}

bool is_sound(const Repository& repository, const std::string& name, const Bytes& contents) {
    try {
        require_sound(repository, name, contents);
        return true;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return false;
    }
}

/// By its slots and backups, where it has any: a place that another node uses is not taken over. Where its
/// `format` is a sound one of another repository, none of them may be that one's.
bool is_ours(const Repository& repository, storage::Location& target, bool names_another) {
    std::size_t ours = 0, others = 0;
    for (const char* folder : {"keys", "manifests"})
        for (const storage::ObjectInfo& object : target.list(folder)) {
            const auto contents = reading_of(target, object.name);
            const bool sound = contents && is_sound(repository, object.name, *contents);
            ++(sound ? ours : others);
            if (sound && !names_another) return true;
        }
    return others == 0;
}

bool is_format_of_another(const Repository& repository, const std::optional<Bytes>& contents) {
    if (!contents) return false;
    try {
        return parse_format(*contents, "").id != repository.id();
    } catch (const Error&) {
        return false;
    }
}

/// Of what is found there nothing can be believed: what is left stays as it is.
struct WayAtFault : Error {
    explicit WayAtFault(const char* what) : Error(ErrorKind::failed, what) {}
};

void remove_damaged(storage::Location& target, const std::string& name) {
    try {
        target.remove(name);
    } catch (Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        throw Error(ErrorKind::failed, format("the damaged object cannot be removed from {}",
                                              base::printable(target.describe())))
            .cause(error.cause().empty() ? error.message() : error.cause());
    }
}

/// Throws Error where the copy that cannot be replaced has something that the others lack: killed between its
/// removal and its replacement, nobody would have that.
void require_nothing_unique(const Repository& repository, const std::string& name) {
    try {
        read_sound(repository, name);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return;  // damaged beyond that
    }
    throw Error(
        ErrorKind::failed,
        "no copy is whole, and all of them together are: a 'bt2c-dr location sync' of a location that "
        "has none brings it there whole, and then this one can be mended");
}

/// Another location's, or made anew: it says nothing that is not known of a repository that is open, but for
/// the time at which that was made.
Bytes sound_format(const Repository& repository, storage::Location& target) {
    try {
        return read_sound(repository, "format");
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
    }
    const std::string text = format_text(repository.id(), read_format(target).created_at);
    return {text.begin(), text.end()};
}

std::uint64_t mend(const Repository& repository, const std::shared_ptr<storage::Location>& target,
                   const std::string& name) {
    const auto present = reading_of(*target, name);
    if (present && is_sound(repository, name, *present))
        throw Error(ErrorKind::failed, "it is the very object that was stored");
    // What is removed is gone, and the same line that spoiled a reading would have to bring the other copy.
    if (present && target->behind_network() && reading_of(*target, name) != present)
        throw Error(ErrorKind::failed,
                    "two readings of it differ: the way there is at fault, not the object");
    Bytes sound;
    try {
        sound = name == "format" ? sound_format(repository, *target) : read_sound(repository, name, present);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        if (name.starts_with("packs/")) require_nothing_unique(repository, name);
        if (!name.starts_with("index/")) throw;
        rebuild_index(repository.at(target), repository.manifest(ObjectId::parse(name.substr(6))));
        return target->size_of(name).value_or(0);
    }
    if (name == "format" && !is_ours(repository, *target, is_format_of_another(repository, present)))
        throw Error(
            ErrorKind::failed,
            "another repository's keys or backups are there: give this node a place of its own in dr.toml");
    if (present) remove_damaged(*target, name);
    if (!target->put(name, sound))
        throw Error(ErrorKind::failed, "the damaged object is still there after it was removed");
    // A way that changes what it carries, alike each time, would make everything damaged, and be mended for
    // ever.
    if (target->behind_network() && reading_of(*target, name) != sound)
        throw WayAtFault(
            "it was stored anew, and is read otherwise: the way there, or the service, changes it");
    return sound.size();
}

/// It could not be read before, and nothing is wrong with it.
bool is_sound_now(const Repository& repository, storage::Location& target, const std::string& name) {
    const auto contents = reading_of(target, name);
    return contents && is_sound(repository, name, *contents);
}

/// Returns their bytes.
std::uint64_t bring_slots_back(const Repository& repository, storage::Location& target,
                               const SyncOptions& options) {
    const SyncReport copied = sync_basics(repository, target, options);
    if (copied.objects == 0) throw Error(ErrorKind::failed, "no other location has a key slot");
    return copied.bytes;
}

/// Returns their bytes.
std::uint64_t bring_backups(const Repository& repository, storage::Location& target,
                            const SyncOptions& options, base::Progress& progress) {
    const SyncReport copied = sync_location(repository, target, options, progress);
    if (!copied.left.empty())
        throw Error(ErrorKind::failed, format("not all of it could be copied: {}: {}",
                                              copied.left.front().object, copied.left.front().why));
    if (copied.backups.empty()) throw Error(ErrorKind::failed, "no other location has them any more");
    return copied.bytes;
}

}  // namespace

RepairReport repair_location(const Repository& repository, const std::shared_ptr<storage::Location>& target,
                             const CheckReport& check, base::Progress& progress, const SyncOptions& options) {
    std::vector<std::string> names;
    std::set<std::string> unread;
    for (const CheckFinding& finding : check.findings) {
        if (finding.kind == FindingKind::unread) unread.insert(finding.object);
        if (finding.kind == FindingKind::damaged || finding.kind == FindingKind::missing ||
            finding.kind == FindingKind::unread || finding.kind == FindingKind::behind)
            names.push_back(finding.object);
    }
    std::ranges::stable_sort(names, {}, rank_of);
    progress.items_phase("mending", names.size());
    RepairReport report;
    for (const std::string& name : names) {
        base::throw_if_interrupted();
        try {
            if (!unread.contains(name) || !is_sound_now(repository, *target, name))
                report.mended.push_back(
                    {name, name == all_slots       ? bring_slots_back(repository, *target, options)
                           : name == other_backups ? bring_backups(repository, *target, options, progress)
                                                   : mend(repository, target, name)});
        } catch (const WayAtFault& error) {
            report.left.push_back({name, error.in_full()});
            return report;
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            report.left.push_back({name, error.in_full()});
        }
        progress.advance(1);
    }
    return report;
}

}  // namespace bt2c::repository
