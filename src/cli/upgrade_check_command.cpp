#include <algorithm>

#include "agent/run_job.hpp"
#include "base/time.hpp"
#include "chaindb/database_facts.hpp"
#include "cli/commands.hpp"
#include "cli/locations.hpp"
#include "cli/own_program.hpp"
#include "cli/repository_access.hpp"
#include "cli/upgrade_record.hpp"
#include "network/obey.hpp"
#include "platform/file.hpp"
#include "platform/process.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;
using chaindb::DatabaseFacts;
using chaindb::FactDifference;
using chaindb::NetworkTip;

constexpr std::size_t document_bytes_max = 8 << 20;
/// A full backup of the largest chain there is takes minutes.
constexpr int command_timeout_ms = 24 * 3'600'000;
constexpr int patience_ms = 5000;

class UpgradeCheckCommand final : public Command {
    About about() const override {
        return {
            .name = "upgrade-check",
            .summary = "before and after an upgrade of the node's software: verify, back up, compare",
            .description =
                "'before' verifies the chain, keeps what there is in "
                "HOME/backups/upgrade-check.json (heights, tips, tables and columns, coins paid, "
                "validators, digests of all blocks, of their transactions, of the other tables, and of "
                "indexes, "
                "views and triggers), and makes a backup that holds it: a full one unless the latest full "
                "one "
                "is less than a day old, and neither it nor a backup that builds on it failed its restore "
                "test; on a write-only node always. Prune keeps that backup for 30 days; a write-only node's "
                "only if it is pinned where the keys are.\n\n"
                "'after' verifies again and compares. It ends with 3 when the database is gone or cannot be "
                "read, when the chain does not verify, when "
                "history up to the height of before is another one or anything in it has changed, a height "
                "is lower, a table, a column or a validator is gone, who signed twice is forgotten, or "
                "something changed that only blocks may "
                "change while there was none; what else is different is told, a new or changed trigger first "
                "and with its SQL.\n\n"
                "'before' ends with 3, and leaves all as it is, while the latest record was not found sound "
                "by "
                "'after' and the chain has since lost what 'after' would miss; with 6 when some location has "
                "not got the backup.",
            .examples = {{"bt2c-dr upgrade-check before", "with the old software still running"},
                         {"bt2c-dr upgrade-check after", "when the new one runs"}},
            .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::busy, ErrorKind::wrong_secret,
                      ErrorKind::no_repository, ErrorKind::partial}};
    }

    void declare(Options& options) override {
        Option& option = options.argument(when_, "WHEN", "before or after");
        option.choices = {"before", "after"};
        option.required = true;
    }

    Result run(Context& context) override {
        if (when_ == "before") return before(context);
        if (when_ == "after") return after(context);
        throw Error(ErrorKind::usage,
                    base::format("WHEN is before or after; '{}' is neither", base::printable(when_)));
    }

    /// The document of a command of this program, which may take long and ask for a password.
    struct Ended {
        int status;
        Json document;
    };
    static Ended call(Context& context, const std::vector<std::string>& command) {
        std::vector<std::string> arguments{own_program().native()};
        for (const std::string& option : own_options(context)) arguments.push_back(option);
        arguments.push_back("--json");
        if (context.quiet()) arguments.push_back("--quiet");
        arguments.insert(arguments.end(), command.begin(), command.end());
        const auto ended = platform::run_and_capture(arguments, document_bytes_max, command_timeout_ms);
        return {ended.status, Json::parse(base::as_text(ended.output))};
    }

    static Error failed(std::string message, const Ended& ended) {
        // What is not the chain's fault stays what it was.
        ErrorKind kind = ErrorKind::failed;
        for (const ErrorKind other :
             {ErrorKind::usage, ErrorKind::busy, ErrorKind::wrong_secret, ErrorKind::interrupted})
            if (base::exit_status(other) == ended.status) kind = other;
        Error error(kind, std::move(message));
        const Json* const told = ended.document.find("error");
        if (!told) return error;
        error.cause(agent::summary_of(ended.document));
        if (told->find("hint")) error.hint(told->string_at("hint"));
        return error;
    }

    /// Whether the chain verifies; throws where that cannot be told.
    static bool verify(Context& context) {
        const Ended ended = call(context, {"verify-integrity"});
        if (ended.status != 0 && ended.status != base::exit_status(ErrorKind::findings))
            throw failed("cannot verify the chain", ended);
        return ended.status == 0;
    }

    static DatabaseFacts read_facts(Context& context) {
        context.progress().phase("reading what the chain holds", 0);
        auto database = network::open_database(context.home(), patience_ms);
        return chaindb::read_database_facts(database);
    }

    /// A new one would not hold the way back that an operator counts on.
    static void require_present_repository(Context& context) {
        context.locations().require_found();
        const auto location = repository_location(context);
        if (!repository::Repository::exists(*location))
            throw Error(ErrorKind::no_repository,
                        base::format("there is no repository at {}", base::printable(location->describe())))
                .state("no backup was made")
                .hint("is its disk mounted? The first backup is made by hand: bt2c-dr backup");
    }

    /// Incrementals rest on a full backup: a recent one will do. A node that backs up with its write key
    /// cannot tell how old that is.
    static bool has_fresh_full(Context& context) {
        constexpr base::UnixMs day_ms = 86'400'000;
        if (fs::exists(context.home().write_key_file()) && !secret_is_in_environment()) return false;
        const auto repository = open_repository(context);
        const base::UnixMs now = base::now_unix_ms();
        const auto list = repository.list();
        const auto full =
            std::ranges::find(list.backups, repository::BackupType::full, &repository::Manifest::type);
        if (full == list.backups.end() || full->finished_at > now || now - full->finished_at >= day_ms)
            return false;
        const auto tests = repository.proofs();
        // An incremental refers to what earlier ones of the same full backup stored.
        return std::ranges::none_of(list.backups, [&](const repository::Manifest& manifest) {
            if (manifest.id != full->id && manifest.parent != full->id) return false;
            const auto test = tests.find(manifest.id.hex());
            return test != tests.end() && test->second.failed_at;
        });
    }

    Result before(Context& context) {
        context.home();
        require_present_repository(context);
        if (!verify(context))
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
        const Ended made = call(context, {"backup", "--type", type});
        if (made.status != 0 && made.status != base::exit_status(ErrorKind::partial))
            throw failed("cannot make a backup before the upgrade", made);
        // Where nothing is new that is the backup that has it all.
        const std::string backup = made.document.string_at("id");
        require_still_there(context, facts);
        store_upgrade_record(context.home(), backup, facts);
        const std::vector<LocationOutcome> locations = outcomes_of(made.document.at("locations"));
        const bool has_blocks = !facts.networks.empty();
        // Prune runs where the team keeps the keys, and sees no record of this node.
        const bool must_be_pinned = fs::exists(context.home().write_key_file());
        // The options that were given name this home, and would be put behind the program's name.
        const bool names_home = context.globals().home || context.globals().config;
        Result result{
            .document =
                Json::object({{"when", "before"},
                              {"ok", true},
                              {"has_blocks", has_blocks},
                              {"backup", backup},
                              {"pin_command", must_be_pinned ? Json("bt2c-dr pin " + backup) : Json()},
                              {"file", upgrade_record_file(context.home()).native()},
                              {"earlier_at", earlier_at},
                              {"differences", document_of(since_then)},
                              {"locations", outcomes_document(locations)}}),
            .print = [=](Output& out) {
                if (earlier_at) {
                    print(out, since_then);
                    out.line(
                        "Nothing is lost since the record of {}, which no 'after' found sound; it is "
                        "replaced.",
                        base::printable(*earlier_at));
                }
                if (has_blocks)
                    out.line("The chain verifies, and backup {} holds it.",
                             out.styled(Style::bold, brief(backup)));
                else
                    out.line(
                        "The database holds no block: there is no chain that could be compared after the "
                        "upgrade. Backup {} holds it as it is.",
                        out.styled(Style::bold, brief(backup)));
                print_unreached(out, locations, "has not got it");
                if (must_be_pinned)
                    out.line(
                        "It is kept for 30 days only if the team pins it, where the keys are: bt2c-dr {}pin "
                        "{}",
                        names_home ? "--home TEAM " : "", brief(backup));
                if (has_blocks)
                    out.line("Upgrade now; when the new software runs: bt2c-dr upgrade-check after");
            }};
        if (is_partial(locations)) result.outcome = ErrorKind::partial;
        return result;
    }

    /// What an earlier 'before' kept, unless an 'after' found it sound since or it cannot be used.
    static std::optional<UpgradeRecord> unanswered_record(Context& context) {
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
    static std::vector<FactDifference> refuse_losses(Context& context, const UpgradeRecord& earlier) {
        auto differences = compare(context, earlier.facts);
        std::string losses;
        for (const FactDifference& difference : differences)
            if (difference.serious) losses += (losses.empty() ? "" : "; ") + difference.text;
        if (losses.empty()) return differences;
        throw Error(ErrorKind::findings,
                    base::format("cannot begin another upgrade: the chain is not as it was at 'before' of {}",
                                 base::printable(earlier.backup.at)))
            .cause(losses)
            .state(base::format("no backup was made; that record is kept, and with it backup {}",
                                brief(earlier.backup.id)))
            .hint(
                base::format("'bt2c-dr upgrade-check after' tells the way back; to begin anew with the chain "
                             "as it is, remove {}",
                             base::printable(upgrade_record_file(context.home()).native())));
    }

    /// The backup holds what was recorded before it, unless the node gave it up meanwhile for a better chain.
    static void require_still_there(Context& context, const DatabaseFacts& facts) {
        auto database = network::open_database(context.home(), patience_ms);
        for (const NetworkTip& tip : facts.networks)
            if (chaindb::block_hash_at(database, tip.network, tip.height) != tip.tip_hash)
                throw Error(
                    ErrorKind::busy,
                    base::format("cannot tell what the backup holds: block {} of {} was replaced while "
                                 "it was made",
                                 tip.height, base::printable(tip.network)))
                    .state("the backup is stored, no record was kept")
                    .hint("bt2c-dr upgrade-check before, in a minute");
    }

    static Json document_of(const std::vector<FactDifference>& differences) {
        Json list = Json::array();
        for (const FactDifference& difference : differences)
            list.push(Json::object({{"serious", difference.serious},
                                    {"is_trigger", difference.is_trigger},
                                    {"text", difference.text}}));
        return list;
    }

    static std::vector<LocationOutcome> outcomes_of(const Json& list) {
        std::vector<LocationOutcome> outcomes;
        for (const Json& one : list.elements())
            outcomes.push_back({one.string_at("name"), one.string_at("status"),
                                one.find("error") ? one.string_at("error") : std::string()});
        return outcomes;
    }

    static std::string brief(const std::string& backup) { return base::printable(backup.substr(0, 8)); }

    Result after(Context& context) {
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
                                                {"differences", document_of(differences)}}),
                      .print = [=](Output& out) {
                          print(out, differences);
                          if (ok) {
                              print_sound(out, differences, at, had_blocks);
                              if (gone)
                                  out.line("The backup made then, {}, is in no location any more.",
                                           brief(backup));
                              return;
                          }
                          out.line("{}. To go back: stop the node, bring the old software back, then",
                                   out.styled(Style::red, "The upgrade is not sound"));
                          if (gone)
                              out.line(
                                  "  restore the newest backup of before {} that 'bt2c-dr list-backups' "
                                  "shows: {}, made "
                                  "then, is in no location any more",
                                  base::printable(at), brief(backup));
                          else
                              out.line("  bt2c-dr restore --backup {}", brief(backup));
                      }};
        if (!ok) result.outcome = ErrorKind::findings;
        return result;
    }

    /// The next 'before' compares with a record that was not found sound.
    static void mark(Context& context, const std::string& backup, bool ok) {
        try {
            mark_upgrade_record(context.home(), backup, ok);
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            context.progress().note(base::format("the record does not tell how this ended: {}",
                                                 base::printable(error.in_full())));
        }
    }

    /// Whether every location that there is says that it has no such backup.
    static bool is_gone(Context& context, const std::string& backup) {
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
    static std::vector<FactDifference> differences_from(Context& context, const DatabaseFacts& before) {
        const fs::path database = context.home().database();
        std::error_code unreachable;
        if (!fs::exists(database, unreachable) && !unreachable)
            return {{true, base::format("the chain database is gone: there is no {}",
                                        base::printable(database.native()))}};
        std::vector<FactDifference> differences;
        try {
            differences = compare(context, before);
            if (!verify(context))
                differences.insert(differences.begin(),
                                   {true, "the chain has problems: see 'bt2c-dr verify-integrity'"});
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::failed) throw;
            differences.insert(differences.begin(),
                               {true, base::format("the chain database cannot be read: {}",
                                                   base::printable(error.in_full()))});
        }
        return differences;
    }

    static std::vector<FactDifference> compare(Context& context, const DatabaseFacts& before) {
        context.progress().phase("reading what the chain holds", 0);
        auto database = network::open_database(context.home(), patience_ms);
        const DatabaseFacts now = chaindb::read_database_facts(database, &before);
        return chaindb::compare_facts(before, now, [&](std::string_view network, std::int64_t height) {
            return chaindb::block_hash_at(database, network, height);
        });
    }

    static void print(Output& out, const std::vector<FactDifference>& differences) {
        for (const FactDifference& difference : differences)
            out.line("{} {}",
                     difference.serious      ? out.styled(Style::red, "wrong:")
                     : difference.is_trigger ? out.styled(Style::yellow, "read what it does:")
                                             : std::string("different:"),
                     difference.text);
    }

    static void print_sound(Output& out, const std::vector<FactDifference>& differences,
                            const std::string& at, bool had_blocks) {
        const std::string when = base::printable(at);
        if (had_blocks)
            out.line("{}: the chain verifies, and is that of {} {}.",
                     out.styled(Style::green, "The upgrade is sound"), when,
                     differences.empty() ? "as it was" : "but for what is told above");
        else
            out.line("There was no block at {}: no chain could be compared.", when);
        if (std::ranges::any_of(differences, &FactDifference::is_trigger))
            out.line(
                "{}: a trigger acts with the next rows that the node writes, and no comparison shows it.",
                out.styled(Style::yellow, "Let somebody read the triggers above"));
    }

    std::string when_;
};

}  // namespace

std::unique_ptr<Command> upgrade_check_command() {
    return std::make_unique<UpgradeCheckCommand>();
}

}  // namespace bt2c::cli
