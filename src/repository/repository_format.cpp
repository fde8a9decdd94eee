#include "repository/repository_format.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "repository/copies.hpp"
#include "repository/key_slots.hpp"

namespace bt2c::repository {

using base::Error;
using base::ErrorKind;
using base::format;
using base::Json;

namespace {

constexpr std::string_view format_name = "bt2c-dr repository";
constexpr std::uint64_t format_object_bytes_max = 4096;
constexpr std::size_t check_bytes = 8;

/// Tells damage from another repository, and from a newer version; it is no secret.
std::string check_of(const Json& json) {
    const crypto::Digest digest = crypto::sha256(
        base::as_bytes(format("{}\n{}\n{}\n{}\n", json.string_at("format"), json.integer_at("version"),
                              json.string_at("id"), json.string_at("created_at"))));
    return base::to_hex(base::ByteView(digest).first(check_bytes));
}

/// Throws Error when it is not as it was stored. Earlier builds stored no check.
Json sound_json(base::ByteView contents) {
    Json json = Json::parse(base::as_text(contents));
    if (json.string_at("format") != format_name) throw Error(ErrorKind::failed, "it names another format");
    if (json.find("check") && json.string_at("check") != check_of(json))
        throw Error(ErrorKind::failed, "it is not as it was stored");
    return json;
}

Error no_repository(storage::Location& location) {
    if (!location.list("manifests").empty())
        return Error(ErrorKind::failed,
                     format("cannot open the repository at {}: its object 'format' is missing",
                            base::printable(location.describe())))
            .cause("there are backups of it, and what they need to be opened is not all there")
            .state("nothing was read or changed")
            .hint(
                "bring the file 'format' back from a copy of the repository, or name such a copy in "
                "config/dr.toml; no new repository can be made over this one");
    return Error(ErrorKind::no_repository, format("cannot open the repository: there is none at {}",
                                                  base::printable(location.describe())))
        .hint((location.behind_network() ? location.if_emptied() + " Otherwise " : "") +
              "'bt2c-dr init' sets one up; or name another in config/dr.toml");
}

/// The first thing that is read: what fails here failed before anything was done.
std::optional<base::Bytes> read_clear_object(storage::Location& location, const std::string& name) {
    try {
        return location.get_range(name, 0, format_object_bytes_max);
    } catch (Error& error) {
        if (error.state().empty()) error.state("nothing was read or changed");
        throw;
    }
}

/// What most slots say; a slot tells no lie that matters, for under a wrong id nothing opens.
std::optional<RepositoryFormat> format_in_slots(storage::Location& location) {
    struct Told {
        std::size_t slots = 0;
        base::UnixMs first_at = 0;
    };
    std::map<std::string, Told> told;
    for (const SlotInfo& slot : list_slots(location).slots) {
        if (!slot.repository) continue;
        Told& one = told[slot.repository->hex()];
        one.first_at = one.slots == 0 ? slot.created_at : std::min(one.first_at, slot.created_at);
        ++one.slots;
    }
    const auto most = std::ranges::max_element(told, {}, [](const auto& one) { return one.second.slots; });
    if (most == told.end()) return std::nullopt;
    return RepositoryFormat{ObjectId::parse(most->first), most->second.first_at};
}

}  // namespace

std::string format_text(const ObjectId& id, base::UnixMs created_at) {
    Json json = Json::object({{"format", format_name},
                              {"version", format_version},
                              {"id", id.hex()},
                              {"created_at", base::format_utc(created_at)}});
    json.set("check", check_of(json));
    return json.dump(true) + "\n";
}

RepositoryFormat parse_format(base::ByteView contents, const std::string& place) {
    try {
        const Json json = sound_json(contents);
        if (json.integer_at("version") != format_version)
            throw Error(ErrorKind::failed,
                        format("it has format version {}, which this program does not know",
                               json.integer_at("version")));
        return {ObjectId::parse(json.string_at("id")),
                base::parse_utc(json.string_at("created_at")).value_or(0)};
    } catch (const Error& error) {
        throw Error(ErrorKind::failed,
                    format("cannot open the repository at {}: its object 'format' is damaged",
                           base::printable(place)))
            .cause(error.message())
            .hint(
                "bring the file 'format' back from a copy of the repository; the backups themselves are "
                "untouched");
    }
}

bool has_check(base::ByteView contents) {
    try {
        return sound_json(contents).find("check") != nullptr;
    } catch (const Error&) {
        return false;
    }
}

bool is_newer_format(base::ByteView contents) {
    try {
        return sound_json(contents).integer_at("version") > format_version;
    } catch (const Error&) {
        return false;
    }
}

namespace {

bool is_format(base::ByteView contents) {
    try {
        parse_format(contents, "");
        return true;
    } catch (const Error&) {
        return false;
    }
}

/// Whether a copy is damaged, or missing beside backups, and none is anything else; an empty place says
/// nothing. Of what cannot be read just now it is not known that it is damaged; but what a disk of this
/// machine cannot give must not keep all backups from being restored.
bool is_damaged_everywhere(storage::Location& location) {
    bool is_damaged = false;
    const auto look = [&](storage::Location& copy) {
        std::optional<base::Bytes> contents;
        try {
            contents = copy.get_range("format", 0, format_object_bytes_max);
            if (!contents) {
                is_damaged = is_damaged || !copy.list("manifests").empty();
                return true;
            }
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            const bool is_this_damaged =
                is_failure_damage(copy, error) || (!copy.behind_network() && is_disk_failure(error));
            is_damaged = is_damaged || is_this_damaged;
            return is_this_damaged;
        }
        const bool is_sound = is_newer_format(*contents) || is_format(*contents);
        is_damaged = is_damaged || !is_sound;
        return !is_sound;
    };
    const auto copies = location.copies();
    if (copies.empty()) return look(location) && is_damaged;
    return std::ranges::all_of(copies, [&](const auto& copy) { return look(*copy); }) && is_damaged;
}

}  // namespace

RepositoryFormat read_format(storage::Location& location) {
    try {
        return read_any_copy(location, "format", [&](storage::Location& copy) {
            const auto contents = read_clear_object(copy, "format");
            if (!contents) throw no_repository(copy);
            return parse_format(*contents, copy.describe());
        });
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted || !is_damaged_everywhere(location)) throw;
        auto told = format_in_slots(location);
        if (!told) throw;
        told->damage = error.message().ends_with("is missing") ? "it is missing"
                       : error.cause().empty()                 ? error.message()
                                                               : error.cause();
        return *told;
    }
}

}  // namespace bt2c::repository
