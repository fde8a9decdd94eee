#include "repository/check_inventory.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::repository {

void FindingBook::add(const CheckFinding& finding) {
    const std::lock_guard lock(mutex_);
    findings_.try_emplace(finding.object, finding);
}

void FindingBook::add_unread(CheckFinding finding) {
    const std::lock_guard lock(mutex_);
    if (const auto found = findings_.find(finding.object); found != findings_.end())
        finding.backups = std::move(found->second.backups);
    findings_.insert_or_assign(finding.object, finding);
}

bool FindingBook::has(const std::string& object) const {
    const std::lock_guard lock(mutex_);
    return findings_.contains(object);
}

std::vector<CheckFinding> FindingBook::take() {
    const std::lock_guard lock(mutex_);
    std::vector<CheckFinding> list;
    for (auto& [object, finding] : findings_) list.push_back(std::move(finding));
    findings_.clear();
    return list;
}

const Manifest* Check::find(const ObjectId& id) const {
    const auto found = std::find_if(backups.begin(), backups.end(),
                                    [&](const Manifest& manifest) { return manifest.id == id; });
    return found == backups.end() ? nullptr : &*found;
}

std::vector<std::string> Check::users_of(const ObjectId& backup) const {
    std::vector<std::string> users;
    if (!retired.contains(backup.hex())) users.push_back(backup.hex());
    for (const Manifest& manifest : backups)
        if (manifest.parent == backup) users.push_back(manifest.id.hex());
    return users;
}

std::vector<std::string> Check::users_of_pack(const ObjectId& pack) const {
    const auto found = packs.find(pack);
    if (found == packs.end()) return {};
    return {found->second.backups.begin(), found->second.backups.end()};
}

bool Check::is_sound(const ObjectId& pack) const {
    const std::string name = object_name(ObjectType::pack, pack);
    return !book.has(name) && !witness.failed(name);
}

bool Check::is_part_unread(const Manifest& manifest) const {
    if (manifest.parent && witness.failed(object_name(ObjectType::manifest, *manifest.parent))) return true;
    return std::ranges::any_of(packs, [&](const auto& pack) {
        return pack.second.backups.contains(manifest.id.hex()) &&
               witness.failed(object_name(ObjectType::pack, pack.first));
    });
}

void Check::pack_finding(const ObjectId& pack, FindingKind kind, std::string text) {
    book.add({object_name(ObjectType::pack, pack), kind, std::move(text), users_of_pack(pack),
              kind == FindingKind::unknown_version
                  ? "check again with a newer bt2c-dr"
                  : "bring the file back from a copy of the repository; without it make a full backup now, "
                    "and restore none of the backups named"});
}

void Check::manifest_finding(const ObjectId& backup, FindingKind kind, std::string text, Remedy remedy) {
    std::string advice = "list and restore it with a newer bt2c-dr";
    if (kind != FindingKind::unknown_version) {
        advice = "bring the file back from a copy of the repository; without it make a full backup now";
        if (remedy == Remedy::let_go) advice += ", and let go what is lost with 'bt2c-dr prune --damaged'";
    }
    book.add({object_name(ObjectType::manifest, backup), kind, std::move(text), users_of(backup),
              std::move(advice)});
}

FindingKind Check::kind_of_damage(const std::string& name) const {
    if (witness.failed(name)) return FindingKind::unread;
    try {
        const auto header = repository.location().get_range(name, 0, object_header_bytes);
        if (!header) return FindingKind::missing;
        return has_unknown_version(*header) ? FindingKind::unknown_version : FindingKind::damaged;
    } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::interrupted) throw;
        return witness.failed(name) ? FindingKind::unread : FindingKind::damaged;
    }
}

std::string Check::text_of(const base::Error& error) {
    return error.cause().empty() ? error.message() : error.cause();
}

}  // namespace bt2c::repository
