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

namespace {
constexpr std::size_t small_object_bytes_max = 4096;
}

bool Repository::store_small(storage::Location& location, ObjectType type, const ObjectId& id,
                             const Json& json) const {
    const std::string text = json.dump();
    // What no reader takes would be of no use.
    BT2C_ASSERT(text.size() < small_object_bytes_max - 256);
    return location.put(object_name(type, id),
                        seal_object(type, id, base::as_bytes(text), keys_->new_backup_secret()));
}

Json Repository::read_small(ObjectType type, const ObjectId& id) const {
    const std::string name = object_name(type, id);
    return read_any_copy(*location_, name, [&](storage::Location& copy) {
        const auto contents = copy.get_range(name, 0, small_object_bytes_max);
        if (!contents)
            throw Error(ErrorKind::failed,
                        format("{} {} was removed meanwhile", object_noun(type), id.brief()));
        return open_small(type, id, *contents);
    });
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

void Repository::record_proof(const ObjectId& backup, std::string what, const Json& details) const {
    Json json = Json::object({{"backup", backup.hex()},
                              {"verified_at", base::format_utc(base::now_unix_ms())},
                              {"what", std::move(what)}});
    if (details.is_object())
        for (const auto& [key, value] : details.members()) json.set(key, value);
    if (!store_small(*location_, ObjectType::proof, ObjectId::random(), json))
        throw Error(ErrorKind::failed, "cannot store a proof: its name is taken");
}

std::map<std::string, base::UnixMs> Repository::proofs() const {
    keys_->require_reader();
    std::map<std::string, base::UnixMs> latest;
    for (const storage::ObjectInfo& object : location_->list("proofs")) try {
            const Json json = read_small(ObjectType::proof, ObjectId::of(object.name));
            base::UnixMs& time = latest[json.string_at("backup")];
            time = std::max(time, base::parse_utc(json.string_at("verified_at")).value_or(0));
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            // A damaged proof proves nothing; 'repository check' names it.
        }
    return latest;
}

bool Repository::is_retired(const ObjectId& backup) const {
    try {
        return read_small(ObjectType::retired, backup).string_at("backup") == backup.hex();
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return false;  // damaged or forged: 'repository check' names it
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
