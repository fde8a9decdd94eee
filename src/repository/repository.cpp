#include "repository/repository.hpp"

#include <algorithm>
#include <mutex>
#include <tuple>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "crypto/seal.hpp"
#include "repository/compression.hpp"
#include "repository/copies.hpp"
#include "repository/index.hpp"
#include "repository/intent.hpp"
#include "repository/repository_format.hpp"
#include "repository/sync.hpp"

namespace bt2c::repository {

using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::format;
using base::Json;

namespace {

/// What cannot be removed is known to no manifest. With `contents`, only an object that holds just these.
void discard_object(storage::Location& location, const std::string& name,
                    std::string_view contents = {}) noexcept {
    try {
        const auto own = [&] {
            const auto stored = location.get_range(name, 0, contents.size() + 1);
            return stored && base::as_text(*stored) == contents;
        };
        if (contents.empty() || own()) location.remove(name);
    } catch (const std::exception&) {
    }
}

/// Slots of runs that were cut off before they had made their repository. To be called once 'format' is
/// stored: from then on no other run can make its slots count, and before it one still might.
void discard_foreign_slots(storage::Location& location, const ObjectId& repository,
                           const crypto::SecretBytes& master) {
    for (const storage::ObjectInfo& object : location.list("keys")) {
        const auto contents = location.get_range(object.name, 0, slot_object_bytes_max);
        if (!contents) continue;
        try {
            require_sound_slot(ObjectId::parse(std::string_view(object.name).substr(5)), *contents,
                               repository, master);
        } catch (const Error&) {
            discard_object(location, object.name);
        }
    }
}

/// Newest first; the sequence decides, not the clock.
bool newer(const Manifest& a, const Manifest& b) {
    return std::tuple(a.sequence, a.finished_at, a.id) > std::tuple(b.sequence, b.finished_at, b.id);
}

}  // namespace

bool Repository::exists(storage::Location& location) {
    return location.size_of("format").has_value();
}

void Repository::require_none(storage::Location& location) {
    if (exists(location))
        throw Error(ErrorKind::failed, format("cannot make a repository at {}: there is one already",
                                              base::printable(location.describe())))
            .state("nothing was changed")
            .hint("'bt2c-dr repository info' tells about it; for a new one name another folder in dr.toml");
    if (!location.list("manifests").empty() || !location.list("packs").empty())
        throw Error(ErrorKind::failed,
                    format("cannot make a repository at {}: there are backups of one whose object 'format' "
                           "is missing",
                           base::printable(location.describe())))
            .state("nothing was changed")
            .hint(
                "'bt2c-dr repository check --repair' makes 'format' anew; else bring it back from a copy of "
                "the repository, or name another folder");
}

Repository Repository::init(std::shared_ptr<storage::Location> location,
                            const std::vector<LabelledSecret>& secrets) {
    BT2C_ASSERT(!secrets.empty());
    require_none(*location);
    const ObjectId id = ObjectId::random();
    auto keys = std::make_shared<const RepositoryKeys>(crypto::SecretBytes::random(32), id);
    std::vector<std::string> slots;
    const auto discard = [&] {
        for (const std::string& slot : slots) discard_object(*location, slot);
    };
    try {
        for (const LabelledSecret& entry : secrets)
            slots.push_back("keys/" +
                            add_slot(*location, id, keys->master(), entry.secret, entry.label).id.hex());
    } catch (...) {
        discard();
        throw;
    }
    // Last, as a manifest is: a repository without its slots never exists.
    const std::string text = format_text(id, base::now_unix_ms());
    bool stored = false;
    try {
        stored = location->put("format", base::as_bytes(text));
    } catch (...) {
        // It may have failed behind the point where the object has its name; another's stays.
        discard_object(*location, "format", text);
        discard();
        throw;
    }
    if (!stored) {
        discard();
        throw Error(ErrorKind::busy, "cannot make the repository: another process made one just now")
            .state("nothing was changed")
            .hint("run the command again; it will use that one");
    }
    try {
        discard_foreign_slots(*location, id, keys->master());
    } catch (const Error& error) {
        // The repository is made. What may be left opens nothing, and 'check' names it.
        if (error.kind() == ErrorKind::interrupted) throw;
    }
    return Repository(std::move(location), std::move(keys));
}

ObjectId Repository::read_id(storage::Location& location) {
    return read_format(location).id;
}

Repository Repository::open(std::shared_ptr<storage::Location> location, const Secret& secret) {
    const ObjectId id = read_id(*location);
    std::optional<OpenedSlot> opened = open_slots(*location, id, secret);
    if (!opened) {
        static constexpr const char* names[] = {"password", "key file", "recovery phrase", "token's key"};
        const bool typed = secret.kind == SlotKind::password || secret.kind == SlotKind::recovery_phrase;
        throw Error(ErrorKind::wrong_secret, format("cannot open the repository: the {} is wrong",
                                                    names[static_cast<std::size_t>(secret.kind)]))
            .cause("it opens none of the repository's key slots")
            .state("nothing was read or changed")
            .hint(!typed ? "give the password or the 24-word recovery phrase in BT2C_REPO_PASSWORD; if these "
                           "are another node's backups, give this node a place of its own in dr.toml"
                         : "try again, or give the 24-word recovery phrase instead");
    }
    auto keys = std::make_shared<const RepositoryKeys>(std::move(opened->master), id);
    Repository repository(std::move(location), std::move(keys));
    repository.opened_slot_ = opened->id;
    return repository;
}

Repository Repository::open_to_write(std::shared_ptr<storage::Location> location, WriteKey key) {
    const ObjectId id = read_id(*location);
    if (key.repository != id)
        throw Error(ErrorKind::wrong_secret, "cannot write backups: the write key is of another repository")
            .cause(format("it is of {}, and at {} is {}", key.repository.brief(),
                          base::printable(location->describe()), id.brief()))
            .state("nothing was read or changed")
            .hint("see that dr.toml names the right place, or make a write key for this repository");
    return Repository(std::move(location), std::make_shared<const RepositoryKeys>(std::move(key)));
}

Bytes Repository::seal_object(ObjectType type, const ObjectId& id, base::ByteView plain,
                              const crypto::SecretBytes& backup_secret) const {
    const RepositoryKeys::NewObject made = keys_->new_object(type, id, backup_secret);
    Bytes object = made.front;
    object.resize(made.front.size() + plain.size() + crypto::seal_tag_bytes);
    crypto::Sealer(made.key).seal(0, plain, base::MutableBytes(object).subspan(made.front.size()));
    return object;
}

Bytes Repository::open_object(ObjectType type, const ObjectId& id, base::ByteView object) const {
    check_header(object, type, id);
    const auto opened = keys_->open_front(object);
    const base::ByteView sealed = object.subspan(std::min(object.size(), front_bytes(object)));
    Bytes plain(sealed.size() - std::min(sealed.size(), crypto::seal_tag_bytes));
    if (!opened || plain.empty() || !crypto::unseal(opened->key, 0, sealed, plain))
        throw Error(ErrorKind::failed, format("{} {} is damaged", object_noun(type), id.brief()))
            .cause("its seal does not verify");
    return plain;
}

Manifest Repository::manifest(const ObjectId& id) const {
    ManifestRead read = read_manifest(id);
    if (const auto* unusable = std::get_if<UnusableManifest>(&read)) throw Error(unusable->error);
    return std::get<Manifest>(std::move(read));
}

ManifestRead Repository::read_manifest(const ObjectId& id) const {
    const std::string name = object_name(ObjectType::manifest, id);
    // Many are read side by side, and large ones, which are rare or forged, one at a time.
    static std::mutex one_large;
    ObjectReading reading(name);
    try {
        return read_any_copy(*location_, name, [&](storage::Location& copy) {
            std::unique_lock<std::mutex> alone(one_large, std::defer_lock);
            const auto object = reading.get_sized(copy, manifest_bytes_max, alone);
            if (!object)
                throw Error(ErrorKind::failed, format("there is no backup {}", id.brief()))
                    .hint("'bt2c-dr list-backups' shows those that exist");
            return open_manifest(id, *object);
        });
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        const auto unread = reading.unread(*location_);
        return UnusableManifest{unread.value_or(error), unread.has_value()};
    }
}

Manifest Repository::open_manifest(const ObjectId& id, base::ByteView object) const {
    const Bytes plain = open_object(ObjectType::manifest, id, object);
    const auto damaged = [&](std::string cause) {
        return Error(ErrorKind::failed, format("manifest {} is damaged", id.brief())).cause(std::move(cause));
    };
    base::Reader reader(plain);
    const auto size = reader.integer<std::uint32_t>();
    Bytes text(std::min<std::size_t>(size, manifest_bytes_max));
    if (reader.failed() || !decompress(reader.bytes(reader.left()), text))
        throw damaged("it cannot be decompressed");
    try {
        Manifest manifest = Manifest::from_json(id, Json::parse(base::as_text(text)));
        manifest.write_only = seal_kind(object) == SealKind::write_only;
        return manifest;
    } catch (const Error& error) {
        throw damaged(error.message());
    }
}

std::vector<ObjectId> Repository::listed() const {
    const std::vector<storage::ObjectInfo> objects = location_->list("manifests");
    const std::set<std::string> retired = retired_of(objects);
    std::vector<ObjectId> ids;
    for (const storage::ObjectInfo& object : objects) {
        // What is not named as a manifest was put there by others; 'repository check' tells of it.
        const auto id = ObjectId::try_parse(leaf_of(object.name));
        if (id && object.name == object_name(ObjectType::manifest, *id) && !retired.contains(id->hex()))
            ids.push_back(*id);
    }
    return ids;
}

BackupList Repository::list(Unread unread) const {
    keys_->require_reader();
    BackupList list;
    std::optional<Error> first;
    read_manifests(listed(), [&](const ObjectId& id, ManifestRead read) {
        if (auto* manifest = std::get_if<Manifest>(&read)) {
            list.backups.push_back(std::move(*manifest));
            return;
        }
        const auto& unusable = std::get<UnusableManifest>(read);
        if (unusable.unread && !first) first = unusable.error;
        list.damaged.push_back({id.hex(), unusable.error.in_full(), unusable.unread,
                                unusable.unread && is_disk_failure(unusable.error)});
    });
    // Of backups that a service keeps back nobody must hear that there are none.
    if (list.backups.empty() && first && unread == Unread::refuse) {
        if (first->state().empty()) first->state("nothing was changed");
        throw Error(*first);
    }
    std::sort(list.backups.begin(), list.backups.end(), newer);
    return list;
}

void Repository::read_manifests(const std::vector<ObjectId>& ids,
                                const std::function<void(const ObjectId&, ManifestRead)>& take) const {
    // More than there are processors where each waits for a network.
    const unsigned threads = std::max(base::worker_count(), location_->puts_at_once());
    base::ordered_parallel(
        threads, ids.size(), [&](std::uint64_t i) { return read_manifest(ids[i]); },
        [&](std::uint64_t i, ManifestRead read) { take(ids[i], std::move(read)); });
}

const Manifest* doubt_of_latest(const std::vector<Manifest>& backups, base::UnixMs now) {
    constexpr base::UnixMs slack_ms = base::UnixMs{10} * 60 * 1000;  // of two that run side by side
    constexpr base::UnixMs clock_ms = 86'400'000;                    // that a clock may be off without a word
    const Manifest *latest = nullptr, *later = nullptr;
    for (const Manifest& one : backups) {
        if (one.type == BackupType::safety) continue;
        if (!latest) latest = &one;
        const bool latest_says_nothing = latest->finished_at > now + clock_ms;
        if (&one == latest || one.finished_at > now) continue;
        if (!latest_says_nothing && one.started_at <= latest->started_at + slack_ms) continue;
        if (!later || one.started_at > later->started_at) later = &one;
    }
    return later;
}

LatestBackup Repository::latest() const {
    BackupList list = this->list();
    const auto found = std::find_if(list.backups.begin(), list.backups.end(), [](const Manifest& manifest) {
        return manifest.type != BackupType::safety;
    });
    if (found != list.backups.end()) {
        const Manifest* const later = doubt_of_latest(list.backups, base::now_unix_ms());
        std::optional<Manifest> doubt = later ? std::optional(*later) : std::nullopt;
        return {std::move(*found), std::move(list.damaged), std::move(doubt)};
    }
    const auto unread = std::ranges::find_if(list.damaged, &DamagedBackup::unread);
    if (unread != list.damaged.end())
        throw Error(ErrorKind::failed,
                    format("cannot tell which backup is the latest: manifests/{} cannot be read", unread->id))
            .cause(unread->reason)
            .state("nothing was changed")
            .hint("'bt2c-dr location status' tells which location cannot be read");
    throw Error(ErrorKind::failed, "the repository holds no backup that can be restored")
        .cause(list.damaged.empty() ? "none was made yet" : format("{} are damaged", list.damaged.size()))
        .hint(list.damaged.empty() ? "make one with 'bt2c-dr backup'"
                                   : "run 'bt2c-dr repository check' to list what is damaged");
}

Manifest Repository::find(const std::string& name) const {
    if (name == "latest") return latest().manifest;
    if (auto found = by_id(name)) return std::move(*found);
    throw Error(ErrorKind::failed, format("there is no backup '{}'", base::printable(name)))
        .hint("'bt2c-dr list-backups' shows the ids; at least four digits are needed");
}

std::optional<Manifest> Repository::by_id(const std::string& name) const {
    std::vector<ObjectId> matches;
    if (name.size() >= 4)
        for (const ObjectId& id : listed())
            if (id.hex().starts_with(name)) matches.push_back(id);
    if (matches.empty()) return std::nullopt;
    if (matches.size() == 1) return manifest(matches.front());
    throw Error(ErrorKind::failed, format("'{}' names several backups", base::printable(name)))
        .state("nothing was changed")
        .hint("give more digits of the one that is meant: 'bt2c-dr list-backups' shows them");
}

Bytes Repository::seal_manifest(const Manifest& manifest, const crypto::SecretBytes& backup_secret) const {
    const std::string text = manifest.to_json().dump();
    // What no reader takes must not be written.
    if (text.size() > manifest_bytes_max)
        throw Error(ErrorKind::failed, "cannot store the backup: its list of files is too long")
            .cause(format("{} files make a manifest of {}, and {} is the limit", manifest.files.size(),
                          base::human_size(text.size()), base::human_size(manifest_bytes_max)));
    Bytes plain;
    base::put_le(plain, static_cast<std::uint32_t>(text.size()));
    compress(base::as_bytes(text), 3, plain);
    return seal_object(ObjectType::manifest, manifest.id, plain, backup_secret);
}

void Repository::check_still_there(const Manifest& manifest, const std::vector<ObjectId>& built_on) const {
    const auto gone = [&](const std::string& what) {
        return Error(ErrorKind::failed,
                     format("cannot store backup {}: {} meanwhile", manifest.id.brief(), what))
            .hint("see what happens to the repository's folder, then make the backup again");
    };
    if (!exists(*location_) || read_id(*location_) != id())
        throw gone("the repository was removed or replaced");
    // Where each question waits for a network, as many wait side by side as puts do.
    base::ordered_parallel(
        location_->puts_at_once(), manifest.packs.size(),
        [&](std::uint64_t i) {
            const PackInfo& pack = manifest.packs[i];
            if (!any_copy_has(*location_, object_name(ObjectType::pack, pack.id), pack.bytes))
                throw gone(format("pack {} was removed or changed", pack.id.brief()));
            return true;
        },
        [](std::uint64_t, bool) {});
    if (manifest.parent && !location_->size_of(object_name(ObjectType::manifest, *manifest.parent)))
        throw gone(format("its full backup {} was removed", manifest.parent->brief()));
    if (built_on.empty()) return;
    const std::set<std::string> retired = retired_backups(*location_);
    for (const ObjectId& backup : built_on)
        if (retired.contains(backup.hex()) && (!keys_->can_read() || is_retired(backup)))
            throw gone(format("backup {}, which it builds on, was retired by a prune", backup.brief()));
}

void Repository::store_backup(const Manifest& manifest, const std::vector<StoredPack>& own_packs,
                              const crypto::SecretBytes& backup_secret, const std::vector<ObjectId>& built_on,
                              const Intent* intent) const {
    Index index{backup_secret.copy(), {}};
    for (const StoredPack& pack : own_packs) index.entries.push_back({pack.id, pack.directory});
    const std::string index_name = object_name(ObjectType::index, manifest.id);
    const std::string manifest_name = object_name(ObjectType::manifest, manifest.id);
    const auto put = [&](const std::string& name, const Bytes& object) {
        if (!location_->put(name, object))
            throw Error(ErrorKind::failed, format("cannot store {}: its name is taken", name));
    };
    const Bytes sealed = seal_manifest(manifest, backup_secret);
    try {
        put(index_name, encode_index(*keys_, manifest.id, index));
        check_still_there(manifest, built_on);
        if (intent) intent->require_fresh();
        put(manifest_name, sealed);
    } catch (Error& error) {
        // A put can fail behind the point where the object has its name. The caller takes the packs back,
        // so that no manifest may be left.
        discard_object(*location_, manifest_name);
        discard_object(*location_, index_name);
        if (error.state().empty()) error.state("no backup was made; earlier ones are untouched");
        throw;
    }
}

}  // namespace bt2c::repository
