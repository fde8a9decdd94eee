#pragma once
// What 'upgrade-check before' keeps for 'after', and for a prune meanwhile.

#include <filesystem>
#include <string>

#include "base/time.hpp"
#include "chaindb/database_facts.hpp"
#include "config/home.hpp"

namespace bt2c::cli {

struct UpgradeRecord {
    std::string backup;  ///< the id of the one to go back to
    std::string at;      ///< when, as it is written
    base::UnixMs at_ms = 0;
    chaindb::DatabaseFacts facts;
};

std::filesystem::path upgrade_record_file(const config::Home& home);
void store_upgrade_record(const config::Home& home, const std::string& backup,
                          const chaindb::DatabaseFacts& facts);
/// Throws Error, with what to do, where there is none or it cannot be used.
UpgradeRecord load_upgrade_record(const config::Home& home);

}  // namespace bt2c::cli
