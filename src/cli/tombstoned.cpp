#include "cli/tombstoned.hpp"

#include <algorithm>
#include <filesystem>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/key_rotations.hpp"
#include "chaindb/sqlite/live_database.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;

std::vector<chaindb::ValidatorRow> validators_of(Context& context, const std::string& address,
                                                 std::vector<std::string>& warnings) {
    const std::filesystem::path database = context.home_unchecked().database();
    if (!std::filesystem::exists(database)) return {};
    try {
        const auto live = chaindb::sqlite::LiveDatabase::open(database);
        live->begin_pass(chaindb::sqlite::Hold::whole);
        auto connection = chaindb::sqlite::Connection::open_image(live->image());
        auto rows = chaindb::find_validators(connection, address);
        for (const chaindb::KeyRotation& rotation : chaindb::read_rotations(connection))
            if (rotation.old_address == address)
                warnings.push_back(base::format("the key was given up on {}: its validator goes on as {}",
                                                base::printable(rotation.network),
                                                base::printable(rotation.new_address)));
        live->end_pass();
        if (const auto network = context.network())
            std::erase_if(rows, [&](const auto& row) { return row.network != *network; });
        return rows;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        warnings.push_back(
            base::format("whether the address is a validator is not known: {}", error.message()));
        return {};
    }
}

std::vector<std::string> warnings_of(const std::vector<chaindb::ValidatorRow>& validators) {
    std::vector<std::string> warnings;
    warnings.reserve(validators.size());
    for (const chaindb::ValidatorRow& row : validators)
        warnings.push_back(base::format(
            "the key is that of a validator of {} ({}): make sure that no other machine runs with "
            "it, for a validator that signs twice is banned for ever",
            base::printable(row.network), base::printable(row.status)));
    return warnings;
}

void refuse_tombstoned(const std::vector<chaindb::ValidatorRow>& validators, const std::string& address,
                       bool forced, const std::string& reason) {
    const bool tombstoned = std::ranges::any_of(
        validators, [](const chaindb::ValidatorRow& row) { return row.status == "TOMBSTONED"; });
    if (!tombstoned || (forced && !reason.empty())) return;
    throw Error(ErrorKind::failed, base::format("the key of {} is not brought back", address))
        .cause("its validator is TOMBSTONED: banned for ever, or its key was given up")
        .state("nothing was written")
        .hint("make a new key; for the old one's funds use --force with --reason TEXT");
}

}  // namespace bt2c::cli
