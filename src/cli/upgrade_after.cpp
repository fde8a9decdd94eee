#include <algorithm>

#include "cli/locations.hpp"
#include "cli/scheduled_jobs.hpp"
#include "cli/upgrade_check.hpp"
#include "cli/upgrade_record.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;
using chaindb::DatabaseFacts;
using chaindb::FactDifference;

/// The next 'before' compares with a record that was not found sound.
void mark(Context& context, const std::string& backup, bool ok) {
    try {
        mark_upgrade_record(context.home(), backup, ok);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        context.progress().note(
            base::format("the record does not tell how this ended: {}", base::printable(error.in_full())));
    }
}

/// Whether every location that there is says that it has no such backup.
bool is_gone(Context& context, const std::string& backup) {
    try {
        const Locations& locations = context.locations();
        // A disk that is not mounted says nothing of what lies on it.
        if (!repository::Repository::exists(*locations.whole())) return false;
        const auto holdings = locations.holdings();
        const bool listed =
            std::ranges::any_of(holdings, [&](const auto& ids) { return !ids || ids->contains(backup); });
        return !listed || repository::is_retired(repository::retired_backups(*locations.whole()), backup);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return false;
    }
}

/// A database that is gone or cannot be read is the worst that can come of an upgrade, and no reason to
/// name no way back.
std::vector<FactDifference> differences_from(Context& context, const DatabaseFacts& before) {
    const fs::path database = context.home().database();
    std::error_code unreachable;
    if (!fs::exists(database, unreachable) && !unreachable)
        return {{true, base::format("the chain database is gone: there is no {}",
                                    base::printable(database.native()))}};
    std::vector<FactDifference> differences;
    try {
        differences = compare_with_chain(context, before);
        if (!chain_verifies(context))
            differences.insert(differences.begin(),
                               {true, "the chain has problems: see 'bt2c-dr verify-integrity'"});
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::failed) throw;
        differences.insert(differences.begin(), {true, base::format("the chain database cannot be read: {}",
                                                                    base::printable(error.in_full()))});
    }
    return differences;
}

void print_sound(Output& out, const std::vector<FactDifference>& differences, const std::string& at,
                 bool had_blocks) {
    const std::string when = base::printable(at);
    if (had_blocks)
        out.line("{}: the chain verifies, and is that of {} {}.",
                 out.styled(Style::green, "The upgrade is sound"), when,
                 differences.empty() ? "as it was" : "but for what is told above");
    else
        out.line("There was no block at {}: no chain could be compared.", when);
    if (std::ranges::any_of(differences, &FactDifference::is_trigger))
        out.line("{}: a trigger acts with the next rows that the node writes, and no comparison shows it.",
                 out.styled(Style::yellow, "Let somebody read the triggers above"));
}

}  // namespace

Result upgrade_check_after(Context& context) {
    // With a record there was a chain once.
    if (std::error_code unseen;
        !fs::exists(upgrade_record_file(context.home()), unseen) && is_keeper(context))
        throw not_in_keeper("upgrade-check");
    const UpgradeRecord kept = load_upgrade_record(context.home());
    const auto differences = differences_from(context, kept.facts);
    const bool ok = std::ranges::none_of(differences, &FactDifference::serious);
    mark(context, kept.backup.id, ok);
    const std::string &backup = kept.backup.id, &at = kept.backup.at;
    const bool gone = is_gone(context, backup), had_blocks = !kept.facts.networks.empty();
    Result result{.document = Json::object({{"when", "after"},
                                            {"ok", ok},
                                            {"backup", backup},
                                            {"backup_is_gone", gone},
                                            {"before_at", at},
                                            {"differences", differences_document(differences)}}),
                  .print = [=](Output& out) {
                      print_differences(out, differences);
                      if (ok) {
                          print_sound(out, differences, at, had_blocks);
                          if (gone)
                              out.line("The backup made then, {}, is in no location any more.",
                                       brief_id(backup));
                          return;
                      }
                      out.line("{}. To go back: stop the node, bring the old software back, then",
                               out.styled(Style::red, "The upgrade is not sound"));
                      if (gone)
                          out.line(
                              "  restore the newest backup of before {} that 'bt2c-dr list-backups' "
                              "shows: {}, made "
                              "then, is in no location any more",
                              base::printable(at), brief_id(backup));
                      else
                          out.line("  bt2c-dr restore --backup {}", brief_id(backup));
                  }};
    if (!ok) result.outcome = ErrorKind::findings;
    return result;
}

}  // namespace bt2c::cli
