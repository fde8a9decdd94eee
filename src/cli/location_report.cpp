#include "cli/location_report.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/health_check.hpp"
#include "repository/key_slots.hpp"
#include "repository/sound_object.hpp"
#include "storage/local/local_location.hpp"

namespace bt2c::cli {

using base::ErrorKind;
using base::format;

namespace {

constexpr std::size_t healthy_wanted = 3;

std::set<std::string> names_in(storage::Location& location, const std::string& folder) {
    return repository::backup_ids(location.list(folder));
}

/// One that was filled by this very command was empty when they were first asked.
bool has_repository(const Locations& locations, std::size_t index) {
    return locations.all()[index].has_repository || repository::Repository::exists(locations.asked(index));
}

/// Keys that the first location has not were removed while the others were away, unless it is the first that
/// lost them: then nobody may be told to remove them from where they are left.
class KeysOfFirst {
 public:
    /// `opened`: the slot that the repository was opened with, which nobody removed; empty where none was.
    KeysOfFirst(const Locations& locations, std::string opened) : opened_(std::move(opened)) {
        if (!locations.problem_of(0).empty() || !has_repository(locations, 0)) return;
        ids_ = names_in(locations.asked(0), "keys");
        has_phrase_ = std::ranges::any_of(repository::list_slots(locations.asked(0)).slots, is_phrase);
    }

    /// `reader`: null where nothing can be read.
    void compare(storage::Location& other, const std::set<std::string>& keys,
                 const repository::Repository* reader, LocationStatus& status) const {
        status.lacks_own_key = !opened_.empty() && !keys.empty() && !keys.contains(opened_);
        if (ids_.empty()) return;
        for (const std::string& id : keys)
            if (!ids_.contains(id) && id != opened_ && !is_foreign(other, id, reader))
                status.odd_keys.push_back(id);
        if (!keys.empty())
            for (const std::string& id : ids_) status.lacking_keys += keys.contains(id) ? 0U : 1U;
        if (status.odd_keys.empty() || has_phrase_) return;
        for (const repository::SlotInfo& slot : repository::list_slots(other).slots)
            if (is_phrase(slot) && std::erase(status.odd_keys, slot.id.hex()) > 0)
                status.lone_phrases.push_back(slot.id.hex());
    }

 private:
    /// A slot that does not hold this repository's key may be another node's: whoever removed it would take
    /// that one's backups away. It is counted as damaged.
    static bool is_foreign(storage::Location& location, const std::string& id,
                           const repository::Repository* reader) {
        const std::string name = "keys/" + id;
        if (!reader) return false;
        const auto contents = location.get_range(name, 0, repository::slot_object_bytes_max);
        try {
            if (contents) repository::require_sound(*reader, name, *contents);
            return false;
        } catch (const base::Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            return true;
        }
    }
    static bool is_phrase(const repository::SlotInfo& slot) {
        return slot.kind == repository::SlotKind::recovery_phrase;
    }

    std::string opened_;
    std::set<std::string> ids_;
    bool has_phrase_ = false;
};

/// What a restore needs first of all, and what is small.
void look_at_small_objects(LocationStatus& status, const std::set<std::string>& ids,
                           const std::set<std::string>& retired, storage::Location& location,
                           const LocationQuestions& questions) {
    constexpr std::size_t manifests_max = 8;
    std::vector<std::string> names;
    std::map<std::string, std::uint64_t> sizes;
    for (const storage::ObjectInfo& slot : location.list("keys"))
        if (repository::ObjectId::try_parse(std::string_view(slot.name).substr(5))) {
            names.push_back(slot.name);
            sizes[slot.name] = slot.bytes;
        }
    const std::size_t slots = names.size();
    std::set<std::string> unread = ids;
    for (const repository::Manifest& backup : *questions.backups)
        if (unread.erase(backup.id.hex()) > 0 && names.size() < slots + manifests_max)
            names.push_back(object_name(repository::ObjectType::manifest, backup.id));
    // Those that could be read nowhere are damaged here too, unless they came just now.
    for (const std::string& id : unread)
        if (!repository::is_retired(retired, id)) names.push_back("manifests/" + id);
    for (const storage::ObjectInfo& manifest : location.list("manifests"))
        sizes[manifest.name] = manifest.bytes;
    for (const std::string& name : names) {
        // What goes on behind its size is damaged, however long it is.
        const std::uint64_t size = std::min<std::uint64_t>(sizes[name], repository::manifest_bytes_max);
        const auto contents = location.get_range(name, 0, size + 1);
        if (!contents) continue;  // removed since it was listed
        try {
            repository::require_sound(*questions.reader, name, *contents);
        } catch (const base::Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            ++status.damaged;
        }
    }
}

bool is_format_damaged(storage::Location& location, const repository::Repository& reader) {
    const auto contents = location.get_range("format", 0, repository::slot_object_bytes_max);
    try {
        if (contents) repository::require_sound(reader, "format", *contents);
        return !contents;
    } catch (const base::Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return true;
    }
}

/// What it has: a backup that it lists may have lost packs.
void look_inside(LocationStatus& status, const std::set<std::string>& ids,
                 const std::set<std::string>& retired, storage::Location& location,
                 const LocationQuestions& questions) {
    status.backups = static_cast<std::size_t>(std::ranges::count_if(
        ids, [&](const std::string& id) { return !repository::is_retired(retired, id); }));
    if (!questions.measured && !questions.backups) return;
    std::map<std::string, std::uint64_t> sizes;
    for (const storage::ObjectInfo& object : location.list(questions.measured ? "" : "packs")) {
        ++status.objects;
        status.bytes += object.bytes;
        if (object.name.starts_with("packs/")) sizes[object.name] = object.bytes;
    }
    if (!questions.backups) return;
    if (questions.reader && !status.empty)
        status.is_format_damaged = is_format_damaged(location, *questions.reader);
    if (questions.reader) look_at_small_objects(status, ids, retired, location, questions);
    std::set<std::string> lacking, cut;
    for (const repository::Manifest& backup : *questions.backups) {
        if (!ids.contains(backup.id.hex())) continue;
        status.newest = std::max(status.newest.value_or(0), backup.finished_at);
        for (const repository::PackInfo& pack : backup.packs) {
            const std::string name = object_name(repository::ObjectType::pack, pack.id);
            const auto found = sizes.find(name);
            if (found == sizes.end())
                lacking.insert(name);
            else if (found->second != pack.bytes)
                cut.insert(name);
        }
    }
    status.lacking_packs = lacking.size();
    status.cut_packs = cut.size();
}

/// Ids of those that each location should have. What can be read nowhere is no backup that others could get.
std::set<std::string> backups_wanted(const std::vector<std::optional<std::set<std::string>>>& holdings,
                                     const LocationQuestions& questions) {
    std::set<std::string> ids;
    for (const auto& listed : holdings)
        if (listed) ids.insert(listed->begin(), listed->end());
    if (!questions.backups) return ids;
    std::set<std::string> readable;
    for (const repository::Manifest& backup : *questions.backups)
        if (ids.contains(backup.id.hex())) readable.insert(backup.id.hex());
    return readable;
}

/// Its folder, where nobody can write there, root neither. A disk with faults is often mounted so by itself.
std::filesystem::path read_only_folder(const storage::Location& location) {
    const auto* const local = dynamic_cast<const storage::local::LocalLocation*>(&location);
    struct statvfs disk {};
    if (!local || ::statvfs(local->folder().c_str(), &disk) != 0 || !(disk.f_flag & ST_RDONLY)) return {};
    return local->folder();
}

/// Why a location that can be reached is behind; empty: it is not.
std::string lack_of(const LocationStatus& status) {
    if (status.empty) return "nothing is stored there yet";
    std::string text;
    const auto add = [&](std::size_t count, std::string_view what) {
        if (count > 0) text += format("{}{} {}", text.empty() ? "" : ", ", count, what);
    };
    add(status.missing.size(), "backups are missing");
    add(status.lacking_packs, "packs of its backups are gone");
    add(status.cut_packs, "packs of its backups are of the wrong size");
    add(status.damaged, "manifests or key slots are damaged");
    add(status.lacking_keys, "key slots are missing");
    if (status.lacks_own_key)
        text += format(
            "{}the key that this home opens the repository with is missing: lost, or removed while another "
            "location was away",
            text.empty() ? "" : ", ");
    if (status.is_untried)
        text +=
            format("{}nothing was brought there from this home: it may be another location by another name",
                   text.empty() ? "" : ", ");
    if (!status.read_only.empty())
        text += format("{}it is mounted read-only: nothing can be stored there", text.empty() ? "" : ", ");
    if (status.is_format_damaged)
        text += format("{}its object 'format' is damaged or missing", text.empty() ? "" : ", ");
    if (status.has_no_slot)
        text += format("{}it has no key slot: it cannot be opened alone", text.empty() ? "" : ", ");
    return text;
}

void judge(LocationReport& report, LocationStatus& status, bool several) {
    if (!status.error.empty()) {
        if (status.state != "double") status.state = "away";
        report.away = true;
    } else if (status.error = lack_of(status); !status.error.empty()) {
        status.state = "behind";
        report.warnings.push_back({status.name, "location",
                                   format("location '{}' is behind ({})", status.name, status.error),
                                   mend_of(status, several)});
    } else {
        ++report.healthy;
    }
    for (const std::string& key : status.odd_keys)
        report.warnings.push_back(
            {status.name, "location_keys",
             format("location '{}' has key {}, which the first location has not: either the first one lost "
                    "it, and 'bt2c-dr location sync {}' with its secret in BT2C_REPO_PASSWORD brings it "
                    "back, or "
                    "it was removed while this one was away: then remove it here too",
                    status.name, key.substr(0, 8), report.all.front().name),
             format("bt2c-dr repository key remove {}", key.substr(0, 8))});
    for (const std::string& key : status.lone_phrases)
        report.warnings.push_back(
            {status.name, "location_keys",
             format(
                 "location '{}' has the recovery phrase {}, and the first location has none: make another, "
                 "before there is none at all",
                 status.name, key.substr(0, 8)),
             "bt2c-dr repository key add --recovery-phrase"});
}

void judge_all(LocationReport& report) {
    if (report.healthy < healthy_wanted)
        report.warnings.push_back(
            {"", "locations",
             format("{} of {} locations are healthy; at least three should be, so that two may fail at once",
                    report.healthy, report.all.size()),
             ""});
    if (std::ranges::none_of(report.all, [](const LocationStatus& status) {
            return status.facts.offsite && status.state == "healthy";
        }))
        report.warnings.push_back(
            {"", "offsite", "no healthy location is offsite: a fire or a theft could take all of them", ""});
}

}  // namespace

std::string mend_of(const LocationStatus& status, bool several, bool synced) {
    if (!status.read_only.empty())
        return format(
            "where dmesg tells of no fault of the disk, as root: mount -o remount,rw \"$(findmnt -no TARGET "
            "-T {})\"",
            shell_word(status.read_only.native()));
    if (status.is_format_damaged && !several) return "bt2c-dr repository check --repair";
    const bool replaced = status.cut_packs + status.damaged > 0 || status.is_format_damaged;
    if (!replaced && !synced) return format("bt2c-dr location sync {}", status.name);
    // What is wrong may be in another one, which has what this one lacks.
    if (!several || (!replaced && status.lacking_packs == 0)) return "bt2c-dr repository check";
    return format("bt2c-dr repository check --repair --location {}", status.name);
}

std::optional<double> LocationStatus::cost_per_month() const {
    if (facts.price_per_gib_month <= 0 || state == "away" || state == "double") return std::nullopt;
    return facts.price_per_gib_month * static_cast<double>(bytes) / (1 << 30);
}

LocationReport look_at_locations(const Locations& locations, const LocationQuestions& questions) {
    std::set<std::string> retired;
    if (locations.any_usable()) retired = repository::retired_backups(*locations.whole());
    const auto holdings = locations.holdings();
    const std::set<std::string> every = backups_wanted(holdings, questions);
    const bool is_opened = questions.reader && questions.reader->opened_slot();
    const KeysOfFirst keys(locations, is_opened ? questions.reader->opened_slot()->hex() : "");
    LocationReport report;
    for (std::size_t i = 0; i < holdings.size(); ++i) {
        const Locations::One& one = locations.all()[i];
        LocationStatus status{.name = one.name,
                              .where = base::printable(one.location->describe()),
                              .state = one.is_double ? "double" : "healthy",
                              .error = locations.problem_of(i),
                              .facts = one.facts};
        if (status.error.empty() && !holdings[i]) status.error = "what it holds could not be listed";
        if (status.error.empty()) try {
                const std::set<std::string>& ids = *holdings[i];
                status.empty = !has_repository(locations, i);
                status.is_untried = !status.empty && locations.is_untried(one);
                status.read_only = read_only_folder(*one.location);
                look_inside(status, ids, retired, locations.asked(i), questions);
                for (const std::string& id : every)
                    if (!ids.contains(id) && !repository::is_retired(retired, id))
                        status.missing.push_back(id);
                const std::set<std::string> slots = names_in(locations.asked(i), "keys");
                status.has_no_slot = slots.empty();
                keys.compare(locations.asked(i), slots, questions.reader, status);
            } catch (const base::Error& error) {
                if (error.kind() == ErrorKind::interrupted) throw;
                status.error = base::printable(error.in_full());
            }
        status.clock_ahead = one.location->clock_ahead();  // which may be why it is away
        judge(report, status, holdings.size() > 1);
        report.all.push_back(std::move(status));
    }
    judge_all(report);
    return report;
}

}  // namespace bt2c::cli
