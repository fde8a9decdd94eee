#include "cli/key_statuses.hpp"

#include <filesystem>

#include "base/error.hpp"
#include "chaindb/sqlite/live_database.hpp"

namespace bt2c::cli {

void read_key_statuses(Context& context, const std::vector<repository::Manifest>* backups,
                       KeyStatuses& statuses) {
    const config::Home& home = context.home();
    const int months = context.settings().key_rotation_months;
    if (!std::filesystem::exists(home.database())) {
        statuses.unknown.emplace_back("which keys are validators' is not known: there is no chain database");
        statuses.keys = keys::key_status(home, {nullptr, backups}, months);
        return;
    }
    try {
        const auto live = chaindb::sqlite::LiveDatabase::open(home.database());
        live->begin_pass(chaindb::sqlite::Hold::whole);
        auto database = chaindb::sqlite::Connection::open_image(live->image());
        statuses.keys = keys::key_status(home, {&database, backups}, months);
        live->end_pass();
    } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::interrupted) throw;
        statuses.unknown.push_back("which keys are validators' is not known: " + error.message());
        statuses.keys = keys::key_status(home, {nullptr, backups}, months);
    }
}

}  // namespace bt2c::cli
