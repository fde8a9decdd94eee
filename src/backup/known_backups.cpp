#include "backup/known_backups.hpp"

#include <algorithm>
#include <iterator>

#include "backup/writer_state.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"
#include "repository/sync.hpp"

namespace bt2c::backup {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;
using repository::backup_ids;
using repository::ObjectId;
using repository::Repository;
using Names = std::set<std::string>;

namespace {

/// Beyond it, those are forgotten that are not listed any more.
constexpr std::size_t ids_kept = 65536;
constexpr std::uint64_t file_bytes_max = 64ULL << 20U;
constexpr int lock_patience_ms = 10000;

Json to_array(const Names& names) {
    Json array = Json::array();
    for (const std::string& name : names) array.push(name);
    return array;
}

Names from_array(const Json::Array& array) {
    Names names;
    for (const Json& name : array) names.insert(name.string());
    return names;
}

std::string backups(std::size_t count) {
    return base::human_count(count) + (count == 1 ? " backup" : " backups");
}

/// JSON holds no text that is not UTF-8, as a folder's name may be.
std::string name_of(const storage::Location& place) {
    return base::printable(place.describe());
}

/// Ids in places that were never listed before.
Names in_new_places(storage::Location& location, const Names& known_places) {
    Names ids;
    const auto look = [&](storage::Location& place) {
        if (known_places.contains(name_of(place))) return;
        try {
            ids.merge(backup_ids(place.list("manifests")));
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;  // else it is away by now
        }
    };
    const auto copies = location.copies();
    if (copies.empty()) look(location);
    for (const auto& copy : copies) look(*copy);
    return ids;
}

void add(const fs::path& file, const Listing* listing, const std::optional<ObjectId>& own) {
    platform::durable_mkdir(file.parent_path(), 0700);
    fs::path lock_file = file;
    lock_file += ".lock";
    const platform::GrowingFile lock(lock_file, 0600, lock_patience_ms);  // two backups side by side
    std::optional<KnownBackups> known = KnownBackups::load(file);
    if (!known && !listing) return;
    if (!known) known.emplace();
    if (own) known->ids.insert(own->hex());
    if (listing) {
        known->ids.insert(listing->backups.begin(), listing->backups.end());
        if (known->ids.size() > ids_kept) {
            known->ids = listing->backups;
            if (own) known->ids.insert(own->hex());
        }
        known->places.insert(listing->places.begin(), listing->places.end());
        known->looked_at = listing->at;
    }
    known->save(file);
}

}  // namespace

Listing look_at(const Repository& repository) {
    Listing listing;
    listing.at = base::now_unix_ms();
    storage::Location& location = repository.location();
    listing.backups = backup_ids(location.list("manifests"));
    listing.usable = listing.backups;
    for (const std::string& id : repository::retired_backups(location)) listing.usable.erase(id);
    const auto copies = location.copies();
    if (copies.empty()) listing.places.insert(name_of(location));
    for (const auto& copy : copies) listing.places.insert(name_of(*copy));
    return listing;
}

fs::path KnownBackups::file(const config::Home& home, const ObjectId& repository) {
    fs::path file = WriterState::file(home, repository);
    return file += ".known";
}

std::optional<KnownBackups> KnownBackups::load(const fs::path& file) {
    if (fs::symlink_status(file).type() == fs::file_type::not_found) return std::nullopt;
    try {
        const Json json = Json::parse(base::as_text(platform::read_file(file, file_bytes_max)));
        KnownBackups known;
        known.ids = from_array(json.array_at("backups"));
        known.places = from_array(json.array_at("places"));
        known.looked_at = json.integer_at("looked_at");
        return known;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return std::nullopt;
    }
}

void KnownBackups::save(const fs::path& file) const {
    const std::string text =
        Json::object({{"looked_at", looked_at}, {"places", to_array(places)}, {"backups", to_array(ids)}})
            .dump();
    platform::write_durably(file, base::as_bytes(text), 0600);
}

void require_known(const config::Home& home, const Repository& repository, const Listing& listing,
                   const KnownBackupsWish& wish, base::Progress& progress) {
    const std::optional<KnownBackups> known = KnownBackups::load(KnownBackups::file(home, repository.id()));
    Names strangers;
    std::ranges::set_difference(listing.usable, known ? known->ids : Names(),
                                std::inserter(strangers, strangers.end()));
    if (strangers.empty()) return;
    // Not only what such a place has alone: it may have been copied to the others since.
    const Names fresh = known ? in_new_places(repository.location(), known->places) : listing.usable;
    const std::size_t unknown =
        std::erase_if(strangers, [&](const std::string& id) { return fresh.contains(id); });
    if (!strangers.empty() && !wish.takeover)
        throw Error(ErrorKind::failed,
                    base::format("cannot store a backup: another node or home made {} here since {}",
                                 backups(strangers.size()), base::format_utc(known->looked_at)))
            .cause(base::format("this home made none of them, the first is {}; two nodes, or a home and its "
                                "copy, must not share a repository",
                                strangers.begin()->substr(0, 8)))
            .state("nothing was stored")
            .hint(
                "is another node configured onto this place, or was this home copied? Then give each "
                "locations of its own in config/dr.toml; if this node has taken that one's place, or the "
                "team made them, run 'bt2c-dr backup --takeover' once");
    if (unknown > 0 && (known || !wish.has_state))
        progress.note(base::format(
            "warning: the repository holds {} that this home does not know: it never looked there, or its "
            "folder backups/writer-state was removed; if another node makes them, give each locations of its "
            "own in config/dr.toml",
            backups(unknown)));
}

void remember_known(const config::Home& home, const Repository& repository, const Listing* listing,
                    const std::optional<ObjectId>& own, base::Progress& progress) {
    const fs::path file = KnownBackups::file(home, repository.id());
    std::error_code unreadable;
    if (!listing && (!own || !fs::exists(file, unreadable))) return;
    try {
        add(file, listing, own);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        // With an older list this backup would look like a stranger's.
        std::string then = "the next backup cannot tell whether another node makes some here";
        try {
            platform::durable_remove(file);
        } catch (const Error&) {
            then = "the next backup may take this one for another node's; then give it '--takeover', once";
        }
        progress.note(base::format("this home cannot write down which backups it knows, so {}: {}", then,
                                   error.in_full()));
    }
}

}  // namespace bt2c::backup
