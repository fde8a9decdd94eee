#include "cli/rotation_job.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/chain_tables.hpp"
#include "chaindb/sqlite/writers.hpp"
#include "cli/repository_access.hpp"
#include "cli/safety_backup.hpp"
#include "keys/key_history.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using chaindb::KeyRotation;
using chaindb::sqlite::Connection;

namespace {

Error does_not_fit(std::string cause) {
    return Error(ErrorKind::failed, "the rotation record does not fit this node's chain")
        .cause(std::move(cause))
        .state("nothing was changed");
}

/// Whether the database knows the record already. Throws where it knows another one for the old key.
bool is_known(const ChainState& chain, const keys::RotationRecord& record) {
    for (const KeyRotation& known : chain.rotations) {
        if (known.network != record.network || known.old_address != record.old_address()) continue;
        if (known.new_address == record.new_address()) return true;
        throw does_not_fit(base::format("{} was rotated to {} before", known.old_address, known.new_address));
    }
    return false;
}

KeyRotation row_of(const keys::RotationRecord& record) {
    return {.network = record.network,
            .old_address = record.old_address(),
            .new_address = record.new_address(),
            .compromised = record.compromised,
            .reason = record.reason,
            .rotated_at = static_cast<double>(record.rotated_at) / 1000,
            .record = record.text()};
}

chaindb::ValidatorRow validator_on(const std::vector<chaindb::ValidatorRow>& rows,
                                   const std::string& network) {
    for (const chaindb::ValidatorRow& row : rows)
        if (row.network == network) return row;
    throw Error(ErrorKind::failed, "the validator is not in the database under its new address");
}

}  // namespace

ChainState read_chain_state(const config::Home& home, const std::string& address,
                            const std::string& network) {
    if (!fs::exists(home.database()))
        throw Error(ErrorKind::failed, "there is no chain database in this home")
            .cause(base::format("{} is not there", base::printable(home.database().native())))
            .state("nothing was changed");
    Connection database = Connection::open(home.database(), Connection::Mode::read_write);
    // A file that is no database is told of here: what follows takes tables for absent then.
    database.query_integer("SELECT count(*) FROM sqlite_master");
    ChainState chain;
    chain.validators = chaindb::find_validators(database, address);
    chain.rotations = chaindb::read_rotations(database);
    for (const chaindb::NetworkTip& tip : chaindb::network_tips(database))
        if (tip.network == network) chain.genesis_hash = tip.genesis_hash;
    return chain;
}

std::vector<keys::StoredRotation> unapplied_rotations(const config::Home& home,
                                                      const std::vector<KeyRotation>& known) {
    std::vector<keys::StoredRotation> stored = keys::stored_rotations(home);
    std::erase_if(stored, [&](const keys::StoredRotation& rotation) {
        return std::ranges::any_of(known, [&](const KeyRotation& row) {
            return row.network == rotation.record.network &&
                   row.old_address == rotation.record.old_address() &&
                   row.new_address == rotation.record.new_address();
        });
    });
    return stored;
}

std::optional<repository::Repository> safety_repository_of(Context& context) {
    const auto location = repository_location(context);
    if (!repository::Repository::exists(*location)) return std::nullopt;
    return open_for_backup(context, location);
}

AppliedRotation apply_rotation(Context& context, const keys::RotationRecord& record,
                               const std::optional<repository::Repository>& safety) {
    const config::Home& home = context.home();
    chaindb::sqlite::require_unused(home.database(), "rotate the key");
    const std::string old_address = record.old_address(), new_address = record.new_address();
    const ChainState chain = read_chain_state(home, old_address, record.network);
    if (chain.genesis_hash != record.genesis_hash)
        throw does_not_fit(base::format("it is for a chain of {} that begins with block {}, this one with {}",
                                        base::printable(record.network),
                                        base::printable(record.genesis_hash.substr(0, 16)),
                                        base::printable(chain.genesis_hash.substr(0, 16))));
    AppliedRotation applied;
    applied.already = is_known(chain, record);
    if (!applied.already) {
        applied.safety_backup = keep_present_state(context, safety ? &*safety : nullptr, home);
        chaindb::sqlite::require_unused(home.database(), "rotate the key");
        Connection database = Connection::open(home.database(), Connection::Mode::read_write);
        const KeyRotation row = row_of(record);
        applied.changes = chaindb::apply_rotations(database, {&row, 1});
        keys::remember_act(home,
                           {record.rotated_at, keys::KeyAct::Kind::given_up, old_address, record.reason});
        keys::remember_act(home, {record.rotated_at, keys::KeyAct::Kind::made, new_address, record.reason});
    }
    const ChainState after = read_chain_state(home, new_address, record.network);
    applied.validator = validator_on(after.validators, record.network);
    applied.config = keys::replace_address(home, old_address, new_address);
    return applied;
}

}  // namespace bt2c::cli
