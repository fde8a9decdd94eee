// Objects that hold one short JSON text: proofs, pins, marks. Those that decide what is removed count only
// when they are sealed with the master key: a write-only node, or whoever stole its key, has no say in that.

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "repository/copies.hpp"
#include "repository/repository.hpp"

namespace bt2c::repository {

using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::format;
using base::Json;

bool Repository::store_small(storage::Location& location, ObjectType type, const ObjectId& id,
                             const Json& json) const {
    const std::string text = json.dump();
    // What no reader takes would be of no use.
    BT2C_ASSERT(text.size() < small_object_bytes_max - 256);
    return location.put(object_name(type, id),
                        seal_object(type, id, base::as_bytes(text), keys_->new_backup_secret()));
}

std::optional<Json> Repository::sound_small(ObjectType type, const ObjectId& id, bool listed) const {
    const std::string name = object_name(type, id);
    bool absent = false;
    std::optional<Error> unread;
    try {
        return read_any_copy(*location_, name, [&](storage::Location& copy) {
            std::optional<Bytes> contents;
            try {
                contents = copy.get_range(name, 0, small_object_bytes_max);
            } catch (const Error& error) {
                unread = error;
                throw;
            }
            absent = absent || !contents;
            if (!contents)
                throw Error(ErrorKind::failed, format("{} {} is not there", object_noun(type), id.brief()));
            return open_small(type, id, *contents);
        });
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        if (unread && (listed || !absent)) throw Error(*unread);
        return std::nullopt;  // absent, damaged or forged; 'repository check' names what is damaged
    }
}

Json Repository::open_small(ObjectType type, const ObjectId& id, base::ByteView contents) const {
    const Bytes plain = open_object(type, id, contents);
    require_master_seal(type, id, contents);
    return Json::parse(base::as_text(plain));
}

void Repository::require_master_seal(ObjectType type, const ObjectId& id, base::ByteView object) {
    if (seal_kind(object) != SealKind::master_key)
        throw Error(ErrorKind::failed, format("{} {} does not count", object_noun(type), id.brief()))
            .cause("it was sealed with a node's write key, which cannot say so");
}

void Repository::record_failure(const ObjectId& backup, std::string what) const {
    constexpr std::size_t what_bytes_max = 512;  // of which each may become five in its JSON text
    if (what.size() > what_bytes_max) what.resize(what_bytes_max);
    const Json json = Json::object({{"backup", backup.hex()},
                                    {"failed_at", base::format_utc(base::now_unix_ms())},
                                    {"what", base::printable(what)}});
    if (!store_small(*location_, ObjectType::proof, ObjectId::random(), json))
        throw Error(ErrorKind::failed, "cannot store a record of the test: its name is taken");
}

void Repository::record_proof(const ObjectId& backup, std::string what, const Json& details) const {
    Json json = Json::object({{"backup", backup.hex()},
                              {"verified_at", base::format_utc(base::now_unix_ms())},
                              {"what", std::move(what)}});
    if (details.is_object())
        for (const auto& [key, value] : details.members()) json.set(key, value);
    if (!store_small(*location_, ObjectType::proof, ObjectId::random(), json))
        throw Error(ErrorKind::failed, "cannot store a proof: its name is taken");
}

std::map<std::string, Repository::Tested> Repository::proofs(Unread unread) const {
    keys_->require_reader();
    std::map<std::string, Tested> latest;
    for (const storage::ObjectInfo& object : location_->list("proofs")) {
        const auto id = ObjectId::try_parse(leaf_of(object.name));
        std::optional<Json> json;
        try {
            if (id) json = sound_small(ObjectType::proof, *id, true);
        } catch (const Error& error) {
            if (unread == Unread::refuse || error.kind() == ErrorKind::interrupted) throw;
        }
        if (!json) continue;
        try {
            const bool failed = json->find("failed_at") != nullptr;
            const auto time = base::parse_utc(json->string_at(failed ? "failed_at" : "verified_at"));
            if (!time) continue;
            Tested& tested = latest[json->string_at("backup")];
            auto& at = failed ? tested.failed_at : tested.proved_at;
            at = std::max(at, time);
        } catch (const Error&) {
            // Of another form than ours; it proves nothing.
        }
    }
    // Within one second the failure counts.
    for (auto& [backup, tested] : latest)
        tested.failed_at >= tested.proved_at ? tested.proved_at.reset() : tested.failed_at.reset();
    return latest;
}

const Manifest* Repository::failed_below(const ObjectId& full, const std::vector<Manifest>& backups,
                                         const std::map<std::string, Tested>& proofs) {
    const auto failed = std::ranges::find_if(backups, [&](const Manifest& manifest) {
        if (manifest.id != full && manifest.parent != full) return false;
        const auto test = proofs.find(manifest.id.hex());
        return test != proofs.end() && test->second.failed_at;
    });
    return failed == backups.end() ? nullptr : &*failed;
}

bool Repository::is_retired(const ObjectId& backup) const {
    const auto mark = sound_small(ObjectType::retired, backup, false);
    try {
        return mark && mark->string_at("backup") == backup.hex();
    } catch (const Error&) {
        return false;  // of another form than ours
    }
}

std::set<std::string> Repository::retired_of(const std::vector<storage::ObjectInfo>& manifests) const {
    std::set<std::string> found;
    std::set<std::string> marked;
    for (const storage::ObjectInfo& mark : location_->list("retired")) marked.insert(leaf_of(mark.name));
    if (marked.empty()) return found;
    for (const storage::ObjectInfo& object : manifests)
        if (const std::string id = leaf_of(object.name); marked.contains(id))
            if (const auto parsed = ObjectId::try_parse(id);
                parsed && (!keys_->can_read() || is_retired(*parsed)))
                found.insert(id);
    return found;
}

}  // namespace bt2c::repository
