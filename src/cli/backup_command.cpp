#include "chaindb/sqlite/live_database.hpp"
#include "cli/backup_document.hpp"
#include "cli/backup_job.hpp"
#include "cli/commands.hpp"
#include "cli/locations.hpp"
#include "cli/named_network.hpp"
#include "cli/repository_access.hpp"
#include "cli/scheduled_jobs.hpp"

namespace bt2c::cli {
namespace {

using base::human_count;
using base::human_size;
using base::Json;

class BackupCommand final : public Command {
    About about() const override {
        return {
            .name = "backup",
            .summary = "back up the node's database, configuration, keys and wallets",
            .description =
                "Takes a consistent image of the chain database while the node runs, and all files below "
                "config/, keys/, wallets/ and network/; compresses and seals them, and stores them in the "
                "repository.\n\n"
                "A full backup stores everything. An incremental one stores the pages of the database that "
                "differ from the latest full backup, and of those only what no earlier incremental "
                "stored. Where that full one, or one that builds on it, failed its latest restore test, a "
                "full one is made instead.\n\n"
                "The first backup makes the repository, with a key file in HOME/config unless a password is "
                "given, and shows a recovery phrase of 24 words, once.\n\n"
                "With HOME/config/repository.write-key and no password in the environment, backups are "
                "sealed so that this node cannot read them; see 'bt2c-dr repository write-key create'.\n\n"
                "With several locations in dr.toml the backup goes to all of them side by side. It is done "
                "when one has it; the others are waited for (backup.patience_seconds), and what they lack is "
                "caught up by the next backup or 'location sync'; the exit status is 6 then.",
            .examples = {{"bt2c-dr backup --type full", "back up everything"},
                         {"bt2c-dr backup --type incremental",
                          "back up what changed since the last full backup"}},
            .exits = {base::ErrorKind::failed, base::ErrorKind::busy, base::ErrorKind::wrong_secret,
                      base::ErrorKind::partial},
            .if_it_fails = "earlier backups are untouched; no backup is listed that is not whole"};
    }

    void declare(Options& options) override {
        options.choice(type_, "--type", {"full", "incremental"}, "what to store");
        options.flag(takeover_, "--takeover",
                     "go on with a repository in which another node made the newest backup");
    }

    Result run(Context& context) override {
        const base::Stopwatch watch;
        context.home();
        require_network_in_database(context, "back up");
        const auto repository = open_or_make(context);
        backup::BackupRequest request;
        request.type = type_ == "full" ? repository::BackupType::full : repository::BackupType::incremental;
        request.compression_level = context.settings().compression_level.value_or(1);
        request.takeover = takeover_;
        const StoredBackup stored =
            make_backup_everywhere(context, context.home(), repository, request,
                                   std::chrono::seconds(context.settings().patience_seconds));
        Result result{.document = document(stored, watch.seconds()),
                      .print = [stored, seconds = watch.seconds()](Output& out) {
                          print(out, stored.made, seconds);
                          print_locations(out, stored.locations);
                      }};
        if (is_partial(stored.locations)) result.outcome = base::ErrorKind::partial;
        return result;
    }

    repository::Repository open_or_make(Context& context) try {
        context.locations().require_found();
        const auto location = repository_location(context);
        if (repository::Repository::exists(*location)) {
            if (is_keeper(context)) throw not_in_keeper("a backup");
            return open_for_backup(context, location);
        }
        if (std::filesystem::exists(context.home().write_key_file()))
            repository::Repository::read_id(
                *location);  // its repository is made elsewhere; this says that it is missing
        repository::Repository::require_none(*location);  // of what is left of one nothing can be told yet
        if (type_ == "incremental")
            throw base::Error(base::ErrorKind::failed,
                              "cannot make an incremental backup: there is no full backup yet")
                .state("nothing was stored")
                .hint("make one with 'bt2c-dr backup --type full'");
        context.locations().require_never_held();
        // A node whose database cannot be read gets no repository that it does not need yet.
        chaindb::sqlite::LiveDatabase::open(context.home().database());
        // Another backup may be making it too: of the key file, and then of the repository, there is one that
        // was first, and the others use it.
        std::optional<NewRepository> made;
        for (int rest = 2; !made; --rest) {
            try {
                made.emplace(make_repository(context));
            } catch (const base::Error& error) {
                if (repository::Repository::exists(*location)) break;
                if (error.kind() != base::ErrorKind::busy || rest == 0) throw;
            }
        }
        if (made) {
            show_recovery_phrase(context, *made);
            return std::move(made->repository);
        }
        context.progress().note("another backup has just made the repository; it shows the recovery phrase");
        return open_for_backup(context, location);
    } catch (base::Error& error) {
        if (error.state().empty()) error.state("no backup was stored");
        throw;
    }

    static Json document(const StoredBackup& stored, double seconds) {
        const backup::BackupResult& made = stored.made;
        const repository::Manifest& manifest = made.manifest;
        Json json = backup_document(manifest);
        json.set("changed", made.changed);
        json.set("started_at", base::format_utc(manifest.started_at));
        json.set("finished_at", base::format_utc(manifest.finished_at));
        json.set("duration_seconds", seconds);  // until all locations have it, or are given up
        json.set("pages_total", manifest.image ? manifest.image->page_count : 0);
        json.set("pages_changed", made.changed ? manifest.pages_changed : 0);
        json.set("locations", outcomes_document(stored.locations));
        return json;
    }

    static void print(Output& out, const backup::BackupResult& made, double seconds) {
        const repository::Manifest& manifest = made.manifest;
        if (!made.changed) {
            out.line("Nothing changed since backup {} of {}; nothing was stored.", manifest.id.brief(),
                     base::format_utc(manifest.finished_at));
            return;
        }
        out.line("{} backup {} is stored.",
                 manifest.type == repository::BackupType::full ? "Full" : "Incremental",
                 out.styled(Style::bold, manifest.id.brief()));
        std::vector<std::pair<std::string, Cell>> fields{{"chain", chain_text(manifest.networks)}};
        for (const auto& network : manifest.networks)
            fields.push_back({"tip", base::printable(network.tip_hash)});
        fields.push_back({"database", human_size(manifest.image->bytes())});
        if (manifest.parent)
            fields.push_back(
                {"changed",
                 base::format("{} of {} pages since full backup {}", human_count(manifest.pages_changed),
                              human_count(manifest.image->page_count), manifest.parent->brief())});
        fields.push_back({"files", human_count(manifest.files.size())});
        fields.push_back({"stored", base::format("{} in {}", human_size(manifest.stored_bytes),
                                                 base::human_duration(seconds))});
        out.fields(fields);
    }

    static void print_locations(Output& out, const std::vector<LocationOutcome>& outcomes) {
        if (outcomes.size() < 2) return;
        std::vector<std::pair<std::string, Cell>> fields;
        fields.reserve(outcomes.size());
        for (const LocationOutcome& outcome : outcomes)
            fields.push_back({outcome.name, outcome.status == "ok"
                                                ? Cell("has it", Style::green)
                                                : Cell(outcome.status + ": " + outcome.error, Style::red)});
        out.fields(fields);
        if (is_partial(outcomes))
            out.line(
                "Not all locations have it: 'bt2c-dr location status' tells more, 'bt2c-dr location sync' "
                "brings those up to date that can be used.");
    }

    std::string type_ = "full";
    bool takeover_ = false;
};

}  // namespace

std::unique_ptr<Command> backup_command() {
    return std::make_unique<BackupCommand>();
}

}  // namespace bt2c::cli
