#include "repository/check.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "repository/check_inventory.hpp"
#include "repository/intent.hpp"
#include "repository/pack_set.hpp"
#include "repository/read_witness.hpp"
#include "repository/repository_format.hpp"
#include "repository/sound_object.hpp"

namespace bt2c::repository {

using base::Error;
using base::ErrorKind;
using base::format;
using base::Json;

namespace {

constexpr std::array<std::string_view, 7> names{"damaged", "missing", "unknown_version", "unreferenced",
                                                "foreign", "unread",  "behind"};
constexpr std::uint64_t proof_bytes_max = 4096;
constexpr std::uint64_t format_bytes_max = 4096;

/// The id in the name of an object of that folder; nullopt when it is not named as one.
std::optional<ObjectId> id_in(const std::string& name, std::string_view folder) {
    const std::string_view view = name;
    if (!view.starts_with(folder) || view.substr(folder.size(), 1) != "/") return std::nullopt;
    ObjectId id;
    if (!base::from_hex(view.substr(folder.size() + 1), id.bytes)) return std::nullopt;
    if (!view.ends_with(id.hex())) return std::nullopt;  // upper case
    return id;
}
std::optional<ObjectId> id_in(const std::string& name, ObjectType type) {
    return id_in(name, object_folder(type));
}

/// Where a mark cannot be read it is not known whether the backup is retired: that one is checked like those
/// that are not.
std::set<std::string> retired_of(const Repository& repository, const std::vector<ObjectId>& manifests) {
    std::set<ObjectId> marked;
    for (const storage::ObjectInfo& mark : repository.location().list("retired"))
        if (const auto id = id_in(mark.name, ObjectType::retired)) marked.insert(*id);
    std::set<std::string> retired;
    for (const ObjectId& id : manifests) try {
            if (marked.contains(id) && repository.is_retired(id)) retired.insert(id.hex());
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
        }
    return retired;
}

void read_manifests(Check& check) {
    const auto objects = check.repository.location().list("manifests");
    std::vector<ObjectId> ids;
    for (const storage::ObjectInfo& object : objects)
        if (const auto id = id_in(object.name, ObjectType::manifest)) ids.push_back(*id);
    check.progress.items_phase("reading manifests", ids.size());
    std::vector<std::pair<ObjectId, std::string>> faults;
    check.repository.read_manifests(ids, [&](const ObjectId& id, ManifestRead read) {
        check.progress.advance(1);
        if (auto* manifest = std::get_if<Manifest>(&read)) {
            check.backups.push_back(std::move(*manifest));
        } else {
            check.unreadable.insert(id.hex());
            faults.emplace_back(id, Check::text_of(std::get<UnusableManifest>(read).error));
        }
    });
    // What is retired is on its way out, but for what an unretired backup is made against.
    check.retired = retired_of(check.repository, ids);
    std::set<std::string> parents;
    for (const Manifest& manifest : check.backups)
        if (manifest.parent && !check.retired.contains(manifest.id.hex()))
            parents.insert(manifest.parent->hex());
    std::erase_if(check.backups, [&](const Manifest& manifest) {
        const std::string id = manifest.id.hex();
        return check.retired.contains(id) && !parents.contains(id);
    });
    std::erase_if(faults, [&](const auto& fault) {
        const std::string id = fault.first.hex();
        return check.retired.contains(id) && !parents.contains(id);
    });
    // Only now it is known which backups were made against them.
    for (auto& [id, text] : faults)
        check.manifest_finding(id, check.kind_of_damage(object_name(ObjectType::manifest, id)),
                               std::move(text), Check::Remedy::let_go);
    std::sort(check.backups.begin(), check.backups.end(),
              [](const Manifest& a, const Manifest& b) { return a.sequence > b.sequence; });
    for (const Manifest& manifest : check.backups)
        for (const PackInfo& pack : manifest.packs) {
            PackUse& use = check.packs.try_emplace(pack.id, PackUse{pack, {}}).first->second;
            if (use.info.bytes != pack.bytes || use.info.backup != pack.backup)
                check.manifest_finding(
                    manifest.id, FindingKind::damaged,
                    format("it tells another size or maker of pack {} than others do", pack.id.brief()));
            use.backups.insert(manifest.id.hex());
        }
    // What a backup reads through its parent.
    for (const Manifest& manifest : check.backups)
        if (const Manifest* parent = manifest.parent ? check.find(*manifest.parent) : nullptr)
            for (const PackInfo& pack : parent->packs)
                check.packs.at(pack.id).backups.insert(manifest.id.hex());
}

void check_parents(Check& check) {
    for (const Manifest& manifest : check.backups) {
        if (!manifest.parent || check.unreadable.contains(manifest.parent->hex())) continue;
        const Manifest* parent = check.find(*manifest.parent);
        if (!parent)
            check.manifest_finding(
                *manifest.parent, FindingKind::missing,
                "incremental backups were made against it, which cannot be restored without",
                Check::Remedy::let_go);
        else if (parent->parent || !parent->image || parent->image->page_size != manifest.image->page_size ||
                 parent->image->group_pages != manifest.image->group_pages)
            check.manifest_finding(manifest.id, FindingKind::damaged,
                                   format("it does not fit its full backup {}", parent->id.brief()));
    }
}

void check_format(Check& check) {
    const auto found = [&](FindingKind kind, std::string text) {
        check.book.add({"format",
                        kind,
                        std::move(text),
                        {},
                        kind == FindingKind::unknown_version
                            ? "check again with a newer bt2c-dr"
                            : "bt2c-dr repository check --repair; the backups themselves are untouched"});
    };
    std::optional<base::Bytes> contents;
    try {
        contents = check.repository.location().get_range("format", 0, format_bytes_max);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return found(FindingKind::damaged, Check::text_of(error));
    }
    if (!contents) {
        read_format(check.repository.location());  // which says it where there is no repository
        return found(FindingKind::missing, "the key slots tell of which repository this is");
    }
    try {
        require_sound(check.repository, "format", *contents);
    } catch (const Error& error) {
        found(is_newer_format(*contents) ? FindingKind::unknown_version : FindingKind::damaged,
              Check::text_of(error));
    }
}

void check_slots(Check& check) {
    storage::Location& location = check.repository.location();
    bool any = false;
    // Through another location it may be opened with a slot that is lost here.
    std::optional<ObjectId> lost = check.repository.opened_slot();
    for (const storage::ObjectInfo& object : location.list("keys")) try {
            const auto id = id_in(object.name, "keys");
            if (!id) continue;
            any = true;
            if (id == lost) lost.reset();
            if (const auto contents = location.get_range(object.name, 0, slot_object_bytes_max))
                require_sound(check.repository, object.name, *contents);
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            check.book.add(
                {object.name,
                 FindingKind::damaged,
                 error.message() + "; its secret may open nothing",
                 {},
                 "add the secret again with 'bt2c-dr repository key add', and remove this slot with "
                 "'bt2c-dr repository key remove'"});
        }
    if (!any)
        check.book.add({std::string(all_slots),
                        FindingKind::missing,
                        "there is no key slot: no secret opens this place alone",
                        {},
                        "bring the folder 'keys' back from a copy of the repository"});
    else if (lost)
        check.book.add({"keys/" + lost->hex(),
                        FindingKind::missing,
                        "the repository was opened with this key slot of another location: alone this place "
                        "does not open with that secret",
                        {},
                        "bt2c-dr location sync"});
}

void check_proof(Check& check, const ObjectId& id, const std::string& name) {
    try {
        const auto contents = check.repository.location().get_range(name, 0, proof_bytes_max);
        if (!contents) return;  // removed since it was listed
        const Json json =
            Json::parse(base::as_text(check.repository.open_object(ObjectType::proof, id, *contents)));
        ObjectId::parse(json.string_at("backup"));
        if (!base::parse_utc(json.string_at(json.find("failed_at") ? "failed_at" : "verified_at")))
            throw Error(ErrorKind::failed, "it tells no time");
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        check.book.add({name,
                        check.kind_of_damage(name),
                        Check::text_of(error),
                        {},
                        "remove the file: it only says how a test of a backup ended once"});
    }
}

/// Whether a backup is being made or copied here, or that was cut off not long ago.
bool is_somebody_at_work(const Check& check) {
    const base::UnixMs oldest = base::now_unix_ms() - intent_fresh_ms;
    return std::ranges::any_of(check.sizes, [&](const auto& object) {
        const auto id = id_in(object.first, ObjectType::intent);
        if (!id || check.sizes.contains(format("{}/{}", ended_folder, id->hex()))) return false;
        const auto started_at = Intent::started_at(check.repository, *id);
        return started_at && *started_at > oldest;
    });
}

/// Which backups are missing that other locations have.
void check_elsewhere(Check& check, const std::set<std::string>& elsewhere) {
    for (const std::string& id : elsewhere)
        if (const auto backup = id_in("manifests/" + id, ObjectType::manifest);
            backup && !check.find(*backup) && !check.unreadable.contains(id) && !check.retired.contains(id))
            check.elsewhere.insert(id);
    if (check.elsewhere.empty()) return;
    const std::size_t count = check.elsewhere.size();
    const bool coming = is_somebody_at_work(check);
    check.book.add(
        {std::string(other_backups),
         coming ? FindingKind::behind : FindingKind::missing,
         format("{} that other locations have {} not here{}",
                count == 1 ? "a backup" : base::human_count(count) + " backups", count == 1 ? "is" : "are",
                coming ? ": one is being made or copied, or that was cut off" : ""),
         {check.elsewhere.begin(), check.elsewhere.end()},
         "bt2c-dr location sync"});
}

/// A pack or index that no readable manifest names. No finding where it belongs to an unreadable one.
void check_unreferenced(Check& check, ObjectType type, const ObjectId& id, const std::string& name) {
    std::string owner = id.hex();
    if (type == ObjectType::pack) try {
            owner = read_pack_directory(check.repository, id).backup.hex();
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            owner.clear();
        }
    if (check.unreadable.contains(owner) || check.retired.contains(owner) || check.elsewhere.contains(owner))
        return;
    check.book.add({name,
                    FindingKind::unreferenced,
                    owner.empty() ? "no backup names it"
                                  : format("no backup names it: backup {} is being made, or was cut off",
                                           owner.substr(0, 8)),
                    {},
                    "none is needed: prune removes it after some days"});
}

/// What to do about a small object that cannot be read. One of a newer program may count: prune waits for it.
std::string advice_for_small(ObjectType type, FindingKind kind) {
    if (kind == FindingKind::unknown_version)
        return type == ObjectType::retired
                   ? "use a newer bt2c-dr, or remove that object if there is none: until then prune removes "
                     "nothing"
                   : "use a newer bt2c-dr";
    return type == ObjectType::pin ? "remove the file: it does not count; pin the backup again"
                                   : "remove the file: it does not count";
}

/// A pin, a mark, or what a prune noted. What cannot be read does not count.
void check_small(Check& check, ObjectType type, const ObjectId& id, const std::string& name) {
    try {
        const auto contents = check.repository.location().get_range(name, 0, object_bytes_max(name));
        if (!contents) return;
        static_cast<void>(check.repository.open_object(type, id, *contents));
        Repository::require_master_seal(type, id, *contents);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        const FindingKind kind = check.kind_of_damage(name);
        check.book.add({name, kind, Check::text_of(error), {}, advice_for_small(type, kind)});
    }
}

void check_object(Check& check, const std::string& name) {
    if (name == "format" || id_in(name, "keys") || id_in(name, ObjectType::manifest)) return;
    if (const auto proof = id_in(name, ObjectType::proof)) return check_proof(check, *proof, name);
    for (const ObjectType type : {ObjectType::retired, ObjectType::pin, ObjectType::sweep})
        if (const auto id = id_in(name, type)) return check_small(check, type, *id, name);
    if (id_in(name, ObjectType::intent) || id_in(name, ended_folder))
        return;  // it only says that somebody is, or was, at work
    if (const auto index = id_in(name, ObjectType::index)) {
        if (!check.find(*index)) check_unreferenced(check, ObjectType::index, *index, name);
    } else if (const auto pack = id_in(name, ObjectType::pack)) {
        if (!check.packs.contains(*pack)) check_unreferenced(check, ObjectType::pack, *pack, name);
    } else {
        check.book.add({name,
                        FindingKind::foreign,
                        "it is no object of a repository",
                        {},
                        "move it elsewhere; it is never read"});
    }
}

}  // namespace

std::string_view finding_name(FindingKind kind) {
    return names[static_cast<std::size_t>(kind)];
}

bool is_fault(FindingKind kind) {
    return kind != FindingKind::unreferenced && kind != FindingKind::foreign;
}

namespace {

/// What is needed of it to say that the repository is sound; not what is on its way out.
bool is_looked_at(const Check& check, const std::string& name) {
    if (const auto pack = id_in(name, ObjectType::pack)) return check.packs.contains(*pack);
    for (const ObjectType type : {ObjectType::index, ObjectType::manifest})
        if (const auto id = id_in(name, type)) return check.find(*id) != nullptr;
    return true;
}

/// Turns what was noted of objects that could not be read into findings that say so.
void note_unread(Check& check) {
    for (const auto& [name, error] : check.witness.failures()) {
        if (!check.book.has(name) && !is_looked_at(check, name)) continue;
        const bool disk = !check.repository.location().behind_network() && is_disk_failure(error);
        check.book.add_unread(
            {name,
             FindingKind::unread,
             Check::text_of(error),
             {},
             disk ? "look into the kernel's log (as root: dmesg), and copy the repository to a sound disk; "
                    "what "
                    "cannot be copied is lost: remove that file, and check again, which tells what to do "
                    "without it"
                  : "nothing says that it is damaged: see to what keeps it from being read, then check again",
             disk});
    }
}

CheckReport check_readable(const Repository& repository, const ReadWitness& witness, bool read_data,
                           base::Progress& progress, const std::set<std::string>& elsewhere) {
    Check check{repository, witness, progress, {}, {}, {}, {}, {}, {}};
    CheckReport report;
    check_format(check);
    // Manifests before all others: what they name was stored before them.
    read_manifests(check);
    for (const storage::ObjectInfo& object : repository.location().list("")) {
        check.sizes[object.name] = object.bytes;
        ++report.objects;
        report.bytes += object.bytes;
    }
    check_elsewhere(check, elsewhere);
    check_parents(check);
    check_slots(check);
    check_packs(check);
    check_indexes(check);
    check_tables(check);
    if (read_data) {
        check_pack_data(check);
        check_image_digests(check);
        check_differences(check);
        check_files(check);
    }
    std::vector<const std::string*> objects;
    for (const auto& [name, bytes] : check.sizes) objects.push_back(&name);
    progress.items_phase("checking other objects", objects.size());
    check.for_each(objects.size(), [&](std::uint64_t i) { check_object(check, *objects[i]); });
    note_unread(check);
    report.findings = check.book.take();
    for (const CheckFinding& finding : report.findings) {
        if (is_fault(finding.kind)) report.ok = false;
        if (finding.kind == FindingKind::foreign) {
            --report.objects;
            report.bytes -= check.sizes[finding.object];
        }
    }
    return report;
}

}  // namespace

CheckReport check_repository(const Repository& repository, bool read_data, base::Progress& progress,
                             const std::set<std::string>& elsewhere) {
    repository.keys().require_reader();
    const auto witness = std::make_shared<ReadWitness>(repository.location());
    CheckReport report = check_readable(repository.at(witness), *witness, read_data, progress, elsewhere);
    if (const auto failure = witness->lost())
        throw Error(ErrorKind::failed, format("cannot check {}: not all of it could be read",
                                              base::printable(witness->describe())))
            .cause(failure->in_full())
            .state("nothing was changed")
            .hint("what could not be read is not damaged: see to the way there, then check again");
    return report;
}

}  // namespace bt2c::repository
