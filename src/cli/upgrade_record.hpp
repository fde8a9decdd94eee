#pragma once
// What 'upgrade-check before' keeps for 'after', and for a prune meanwhile.

#include <filesystem>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "chaindb/database_facts.hpp"
#include "config/home.hpp"

namespace bt2c::cli {

/// The backup to go back to.
struct UpgradeBackup {
    std::string id;
    std::string at;  ///< when it was kept, as it is written
    base::UnixMs at_ms = 0;
};
struct UpgradeRecord {
    UpgradeBackup backup;
    chaindb::DatabaseFacts facts;
    bool found_sound = false;  ///< by the latest 'upgrade-check after'
};

std::filesystem::path upgrade_record_file(const config::Home& home);
void store_upgrade_record(const config::Home& home, const std::string& backup,
                          const chaindb::DatabaseFacts& facts);
/// Keeps how 'upgrade-check after' ended, unless the record is of another backup by now.
void mark_upgrade_record(const config::Home& home, const std::string& backup, bool found_sound);
/// As any version of this program kept it; nothing where it cannot be read.
std::optional<UpgradeBackup> load_upgrade_backup(const config::Home& home);
/// Throws Error, with what to do, where there is none or it cannot be used.
UpgradeRecord load_upgrade_record(const config::Home& home);

}  // namespace bt2c::cli
