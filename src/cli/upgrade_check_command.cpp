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
                "'before' verifies the chain, makes a backup (a full one unless the latest full one is less "
                "than a day old, and neither it nor a backup that builds on it failed its restore test; on a "
                "write-only node always), and keeps what there is in "
                "HOME/backups/upgrade-check.json: heights, tips, tables and columns, coins paid, "
                "validators, and digests of all blocks, of their transactions and of the other tables.\n\n"
                "'after' verifies again and compares. It ends with 3 when the database is gone or cannot be "
                "read, when the chain does not verify, when "
                "history up to the height of before is another one or anything in it has changed, a height "
                "is "
                "lower, a table, a column or a validator is gone, or something changed that only blocks may "
                "change while there was none; what else is different is told. 'before' ends with 6 when some "
                "location has not got the "
                "backup.",
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
        const Ended made = call(context, {"backup", "--type", type});
        if (made.status != 0 && made.status != base::exit_status(ErrorKind::partial))
            throw failed("cannot make a backup before the upgrade", made);
        // Where nothing is new that is the backup that has it all.
        const std::string backup = made.document.string_at("id");
        store_upgrade_record(context.home(), backup, read_facts(context));
        const fs::path file = upgrade_record_file(context.home());
        const std::vector<LocationOutcome> locations = outcomes_of(made.document.at("locations"));
        Result result{.document = Json::object({{"when", "before"},
                                                {"ok", true},
                                                {"backup", backup},
                                                {"file", file.native()},
                                                {"locations", outcomes_document(locations)}}),
                      .print = [backup, locations](Output& out) {
                          out.line("The chain verifies, and backup {} holds it.",
                                   out.styled(Style::bold, brief(backup)));
                          print_unreached(out, locations, "has not got it");
                          out.line("Upgrade now; when the new software runs: bt2c-dr upgrade-check after");
                      }};
        if (is_partial(locations)) result.outcome = ErrorKind::partial;
        return result;
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
        Json list = Json::array();
        for (const FactDifference& difference : differences)
            list.push(Json::object({{"serious", difference.serious}, {"text", difference.text}}));
        const std::string &backup = kept.backup.id, &at = kept.backup.at;
        const bool gone = !ok && is_gone(context, backup);
        Result result{.document = Json::object({{"when", "after"},
                                                {"ok", ok},
                                                {"backup", backup},
                                                {"backup_is_gone", gone},
                                                {"before_at", at},
                                                {"differences", std::move(list)}}),
                      .print = [differences, ok, gone, backup, at](Output& out) {
                          print(out, differences, at);
                          if (ok) return;
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

    static void print(Output& out, const std::vector<FactDifference>& differences, const std::string& at) {
        for (const FactDifference& difference : differences)
            out.line("{} {}",
                     difference.serious ? out.styled(Style::red, "wrong:") : std::string("different:"),
                     difference.text);
        if (std::ranges::none_of(differences, &FactDifference::serious))
            out.line("{}: the chain verifies, and is that of {} {}.",
                     out.styled(Style::green, "The upgrade is sound"), base::printable(at),
                     differences.empty() ? "as it was" : "but for what is told above");
    }

    std::string when_;
};

}  // namespace

std::unique_ptr<Command> upgrade_check_command() {
    return std::make_unique<UpgradeCheckCommand>();
}

}  // namespace bt2c::cli
