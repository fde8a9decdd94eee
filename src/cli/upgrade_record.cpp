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
constexpr int record_version = 2;
constexpr std::uint64_t facts_bytes_max = 32 << 20;
}  // namespace

fs::path upgrade_record_file(const config::Home& home) {
    return home.backups() / "upgrade-check.json";
}

void store_upgrade_record(const config::Home& home, const std::string& backup, const DatabaseFacts& facts) {
    const Json record = Json::object({{"version", record_version},
                                      {"at", base::format_utc(base::now_unix_ms())},
                                      {"program", "bt2c-dr " + std::string(version())},
                                      {"backup", backup},
                                      {"facts", facts.to_json()}});
    const fs::path file = upgrade_record_file(home);
    platform::durable_mkdir(file.parent_path(), 0700);
    platform::DurableFile target(file, 0600);
    target.append(base::as_bytes(record.dump(true) + "\n"));
    platform::give_to_owner_of(home.root, target.fd());
    target.commit(platform::DurableFile::Existing::replace);
}

UpgradeRecord load_upgrade_record(const config::Home& home) {
    const fs::path file = upgrade_record_file(home);
    if (!fs::exists(file))
        throw Error(ErrorKind::failed, "cannot compare: nothing was kept before the upgrade")
            .state("nothing was changed")
            .hint("'bt2c-dr upgrade-check before' comes first");
    try {
        const base::Bytes text = platform::read_file(file, facts_bytes_max);
        const Json kept = Json::parse(base::as_text(text));
        if (kept.integer_at("version") != record_version)
            throw Error(ErrorKind::failed, "it is of another version");
        UpgradeRecord record{kept.string_at("backup"), kept.string_at("at"), 0,
                             DatabaseFacts::from_json(kept.at("facts"))};
        record.at_ms = base::parse_utc(record.at).value_or(0);
        return record;
    } catch (const Error& error) {
        throw Error(ErrorKind::failed,
                    base::format("cannot compare: the record {} of before the upgrade cannot be used",
                                 base::printable(file.native())))
            .cause(error.in_full())
            .state("nothing was compared or changed")
            .hint(
                "the backup to go back to is the last one of before the upgrade in 'bt2c-dr list-backups'; "
                "'bt2c-dr upgrade-check before' keeps a new record, of the chain as it is then");
    }
}

}  // namespace bt2c::cli
