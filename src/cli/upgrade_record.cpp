#include "cli/upgrade_record.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/version.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;
using chaindb::DatabaseFacts;

namespace {
constexpr int record_version = 4;
constexpr std::uint64_t facts_bytes_max = 32 << 20;

Json read_record(const config::Home& home) {
    const base::Bytes text = platform::read_file(upgrade_record_file(home), facts_bytes_max);
    return Json::parse(base::as_text(text));
}

void write_record(const config::Home& home, const Json& record) {
    const fs::path file = upgrade_record_file(home);
    platform::durable_mkdir(file.parent_path(), 0700);
    platform::DurableFile target(file, 0600);
    target.append(base::as_bytes(record.dump(true) + "\n"));
    platform::give_to_owner_of(home.root, target.fd());
    target.commit(platform::DurableFile::Existing::replace);
}

UpgradeBackup backup_in(const Json& record) {
    const std::string& at = record.string_at("at");
    return {record.string_at("backup"), at, base::parse_utc(at).value_or(0)};
}
}  // namespace

fs::path upgrade_record_file(const config::Home& home) {
    return home.backups() / "upgrade-check.json";
}

void store_upgrade_record(const config::Home& home, const std::string& backup, const DatabaseFacts& facts) {
    write_record(home, Json::object({{"version", record_version},
                                     {"at", base::format_utc(base::now_unix_ms())},
                                     {"program", "bt2c-dr " + std::string(version())},
                                     {"backup", backup},
                                     {"found_sound", false},
                                     {"facts", facts.to_json()}}));
}

void mark_upgrade_record(const config::Home& home, const std::string& backup, bool found_sound) {
    Json record = read_record(home);
    if (record.string_at("backup") != backup) return;
    if (record.bool_at("found_sound") == found_sound) return;
    record.set("found_sound", found_sound);
    write_record(home, record);
}

std::optional<UpgradeBackup> load_upgrade_backup(const config::Home& home) {
    try {
        return backup_in(read_record(home));
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return std::nullopt;
    }
}

UpgradeRecord load_upgrade_record(const config::Home& home) {
    const fs::path file = upgrade_record_file(home);
    if (!fs::exists(file))
        throw Error(ErrorKind::failed, "cannot compare: nothing was kept before the upgrade")
            .state("nothing was changed")
            .hint("'bt2c-dr upgrade-check before' comes first");
    try {
        const Json kept = read_record(home);
        if (kept.integer_at("version") != record_version)
            throw Error(ErrorKind::failed, "it is of another version");
        return {backup_in(kept), DatabaseFacts::from_json(kept.at("facts")), kept.bool_at("found_sound")};
    } catch (const Error& error) {
        const auto backup = load_upgrade_backup(home);
        const std::string way_back =
            backup ? base::format("the way back is 'bt2c-dr restore --backup {}', made for it at {}",
                                  base::printable(backup->id.substr(0, 8)), base::printable(backup->at))
                   : std::string(
                         "the backup to go back to is the last one of before the upgrade in 'bt2c-dr "
                         "list-backups'");
        throw Error(ErrorKind::failed,
                    base::format("cannot compare: the record {} of before the upgrade cannot be used",
                                 base::printable(file.native())))
            .cause(error.in_full())
            .state("nothing was compared or changed")
            .hint(way_back +
                  "; 'bt2c-dr upgrade-check before' keeps a new record, of the chain as it is then");
    }
}

}  // namespace bt2c::cli
