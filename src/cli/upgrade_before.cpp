#include <algorithm>

#include "base/time.hpp"
#include "cli/health_check.hpp"
#include "cli/locations.hpp"
#include "cli/repository_access.hpp"
#include "cli/scheduled_jobs.hpp"
#include "cli/upgrade_check.hpp"
#include "cli/upgrade_record.hpp"
#include "network/obey.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;
using chaindb::DatabaseFacts;
using chaindb::FactDifference;
using chaindb::NetworkTip;

DatabaseFacts read_facts(Context& context) {
    context.progress().phase("reading what the chain holds", 0);
    auto database = network::open_database(context.home(), upgrade_check_patience_ms);
    return chaindb::read_database_facts(database);
}

/// A new one would not hold the way back that an operator counts on.
void require_present_repository(Context& context) {
    context.locations().require_found();
    const auto location = repository_location(context);
    if (!repository::Repository::exists(*location))
        throw Error(ErrorKind::no_repository,
                    base::format("there is no repository at {}", base::printable(location->describe())))
            .state("no backup was made")
            .hint("is its disk mounted? The first backup is made by hand: bt2c-dr backup");
}

/// Before a backup is made for a record that cannot be kept.
void require_room_for_record(const config::Home& home) {
    const fs::path file = upgrade_record_file(home);
    std::error_code unseen;
    if (!fs::is_directory(fs::symlink_status(file, unseen))) return;
    const std::string path = shell_word(file.native());
    throw Error(ErrorKind::failed, "cannot keep a record of the chain before the upgrade")
        .cause("a folder has its name: " + base::printable(file.native()))
        .state("no backup was made")
        .hint(base::format("move it away: mv {0} {0}.old", path));
}

/// Incrementals rest on a full backup: a recent one will do. A node that backs up with its write key
/// cannot tell how old that is.
bool has_fresh_full(Context& context) {
    constexpr base::UnixMs day_ms = 86'400'000;
    if (fs::exists(context.home().write_key_file()) && !secret_is_in_environment()) return false;
    const auto repository = open_repository(context);
    const base::UnixMs now = base::now_unix_ms();
    const auto list = repository.list();
    const auto full =
        std::ranges::find(list.backups, repository::BackupType::full, &repository::Manifest::type);
    if (full == list.backups.end() || full->finished_at > now || now - full->finished_at >= day_ms)
        return false;
    return !repository::Repository::failed_below(full->id, list.backups, repository.proofs());
}

/// What an earlier 'before' kept, unless an 'after' found it sound since or it cannot be used.
std::optional<UpgradeRecord> unanswered_record(Context& context) {
    if (!fs::exists(upgrade_record_file(context.home()))) return std::nullopt;
    try {
        UpgradeRecord record = load_upgrade_record(context.home());
        if (!record.found_sound) return record;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::failed) throw;
        context.progress().note(
            base::format("an earlier record is replaced, and not compared with the chain: {}",
                         base::printable(error.in_full())));
    }
    return std::nullopt;
}

/// A new record in place of one that tells of a loss would hide it, and give up the backup to go back to.
/// @return what else is different
std::vector<FactDifference> refuse_losses(Context& context, const UpgradeRecord& earlier) {
    auto differences = compare_with_chain(context, earlier.facts);
    std::string losses;
    for (const FactDifference& difference : differences)
        if (difference.serious) losses += (losses.empty() ? "" : "; ") + difference.text;
    if (losses.empty()) return differences;
    throw Error(ErrorKind::findings,
                base::format("cannot begin another upgrade: the chain is not as it was at 'before' of {}",
                             base::printable(earlier.backup.at)))
        .cause(losses)
        .state(base::format("no backup was made; that record is kept, and with it backup {}",
                            brief_id(earlier.backup.id)))
        .hint(base::format("'bt2c-dr upgrade-check after' tells the way back; to begin anew with the chain "
                           "as it is, remove {}",
                           base::printable(upgrade_record_file(context.home()).native())));
}

/// The backup holds what was recorded before it, unless the node gave it up meanwhile for a better chain.
void require_still_there(Context& context, const DatabaseFacts& facts) {
    auto database = network::open_database(context.home(), upgrade_check_patience_ms);
    for (const NetworkTip& tip : facts.networks)
        if (chaindb::block_hash_at(database, tip.network, tip.height) != tip.tip_hash)
            throw Error(ErrorKind::busy,
                        base::format("cannot tell what the backup holds: block {} of {} was replaced while "
                                     "it was made",
                                     tip.height, base::printable(tip.network)))
                .state("the backup is stored, no record was kept")
                .hint("bt2c-dr upgrade-check before, in a minute");
}

std::vector<LocationOutcome> outcomes_of(const Json& list) {
    std::vector<LocationOutcome> outcomes;
    for (const Json& one : list.elements())
        outcomes.push_back({one.string_at("name"), one.string_at("status"),
                            one.find("error") ? one.string_at("error") : std::string()});
    return outcomes;
}

}  // namespace

Result upgrade_check_before(Context& context) {
    context.home();
    if (is_keeper(context)) throw not_in_keeper("upgrade-check");
    require_room_for_record(context.home());
    require_present_repository(context);
    if (!chain_verifies(context))
        throw Error(ErrorKind::findings, "the chain has problems before the upgrade")
            .state("no backup was made")
            .hint("'bt2c-dr verify-integrity' names them; do not upgrade with them");
    const std::string type = has_fresh_full(context) ? "incremental" : "full";
    const std::optional<UpgradeRecord> earlier = unanswered_record(context);
    std::vector<FactDifference> since_then;
    std::optional<std::string> earlier_at;
    if (earlier) {
        since_then = refuse_losses(context, *earlier);
        earlier_at = earlier->backup.at;
    }
    const DatabaseFacts facts = read_facts(context);
    const EndedCommand made = call_self(context, {"backup", "--type", type});
    if (made.status != 0 && made.status != base::exit_status(ErrorKind::partial))
        throw failure_of("cannot make a backup before the upgrade", made);
    // Where nothing is new that is the backup that has it all.
    const std::string backup = made.document.string_at("id");
    require_still_there(context, facts);
    try {
        store_upgrade_record(context.home(), backup, facts);
    } catch (Error& error) {
        if (error.state().empty()) error.state("the backup is stored, no record was kept");
        if (error.hint().empty()) error.hint("bt2c-dr upgrade-check before, when that is mended");
        throw;
    }
    const std::vector<LocationOutcome> locations = outcomes_of(made.document.at("locations"));
    const bool has_blocks = !facts.networks.empty();
    // Prune runs where the team keeps the keys, and sees no record of this node.
    const bool must_be_pinned = fs::exists(context.home().write_key_file());
    // The options that were given name this home, and would be put behind the program's name.
    const bool names_home = context.globals().home || context.globals().config;
    Result result{
        .document = Json::object({{"when", "before"},
                                  {"ok", true},
                                  {"has_blocks", has_blocks},
                                  {"backup", backup},
                                  {"pin_command", must_be_pinned ? Json("bt2c-dr pin " + backup) : Json()},
                                  {"file", upgrade_record_file(context.home()).native()},
                                  {"earlier_at", earlier_at},
                                  {"differences", differences_document(since_then)},
                                  {"locations", outcomes_document(locations)}}),
        .print = [=](Output& out) {
            if (earlier_at) {
                print_differences(out, since_then);
                out.line(
                    "Nothing is lost since the record of {}, which no 'after' found sound; it is "
                    "replaced.",
                    base::printable(*earlier_at));
            }
            if (has_blocks)
                out.line("The chain verifies, and backup {} holds it.",
                         out.styled(Style::bold, brief_id(backup)));
            else
                out.line(
                    "The database holds no block: there is no chain that could be compared after the "
                    "upgrade. Backup {} holds it as it is.",
                    out.styled(Style::bold, brief_id(backup)));
            print_unreached(out, locations, "has not got it");
            if (must_be_pinned)
                out.line(
                    "It is kept for 30 days only if the team pins it, where the keys are: bt2c-dr {}pin "
                    "{}",
                    names_home ? "--home TEAM " : "", brief_id(backup));
            if (has_blocks) out.line("Upgrade now; when the new software runs: bt2c-dr upgrade-check after");
        }};
    if (is_partial(locations)) result.outcome = ErrorKind::partial;
    return result;
}

}  // namespace bt2c::cli
