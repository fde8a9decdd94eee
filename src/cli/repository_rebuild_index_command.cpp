#include "cli/commands.hpp"
#include "cli/locations.hpp"
#include "cli/repository_access.hpp"
#include "repository/index.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;
using repository::Manifest;

/// What became of the index of each backup, by the backup's id.
struct Outcome {
    std::vector<std::string> rebuilt, sound;
    std::vector<std::pair<std::string, std::string>> failed;  ///< id, why
};

class RepositoryRebuildIndexCommand final : public Command {
    About about() const override {
        return {
            .name = "repository rebuild-index",
            .summary = "make missing or damaged indexes anew from the packs",
            .description =
                "An index tells where in the packs a backup's pages are. It is a cache: without it a backup "
                "is read from the packs alone, more slowly. This stores those that are missing or "
                "damaged again, and leaves the others alone.",
            .examples = {{"bt2c-dr repository rebuild-index", "for all backups"},
                         {"bt2c-dr repository rebuild-index 40dc1520", "for one backup"}},
            .exits = {ErrorKind::failed, ErrorKind::partial, ErrorKind::wrong_secret,
                      ErrorKind::no_repository},
            .if_it_fails = "no backup was touched"};
    }

    void declare(Options& options) override {
        options.argument(id_, "ID", "the backup: an id, its first digits, or 'latest'; all when left out");
    }

    Result run(Context& context) override {
        const auto repository = open_repository(context).at(context.locations().first().location);
        Outcome outcome;
        if (!id_.empty()) {
            const Manifest manifest = repository.find(id_);
            (repository::rebuild_index(repository, manifest) ? outcome.rebuilt : outcome.sound)
                .push_back(manifest.id.hex());
        } else {
            rebuild_all(repository, outcome, context.progress());
        }
        Result result{.document = document(outcome),
                      .print = [outcome](Output& out) { print(out, outcome); }};
        if (!outcome.failed.empty()) result.outcome = ErrorKind::partial;
        return result;
    }

    /// One that cannot be rebuilt, since a pack is missing or damaged, is told and stops no other.
    static void rebuild_all(const repository::Repository& repository, Outcome& outcome,
                            base::Progress& progress) {
        const repository::BackupList list = repository.list();
        progress.items_phase("rebuilding indexes", list.backups.size());
        for (const Manifest& manifest : list.backups) {
            base::throw_if_interrupted();
            try {
                (repository::rebuild_index(repository, manifest) ? outcome.rebuilt : outcome.sound)
                    .push_back(manifest.id.hex());
            } catch (const Error& error) {
                if (error.kind() == ErrorKind::interrupted) throw;
                outcome.failed.emplace_back(manifest.id.hex(), error.in_full());
            }
            progress.advance(1);
        }
        for (const repository::DamagedBackup& damaged : list.damaged)
            outcome.failed.emplace_back(damaged.id, damaged.reason);
    }

    static Json document(const Outcome& outcome) {
        const auto ids = [](const std::vector<std::string>& list) {
            Json array = Json::array();
            for (const std::string& id : list) array.push(id);
            return array;
        };
        Json failed = Json::array();
        for (const auto& [id, reason] : outcome.failed)
            failed.push(Json::object({{"id", base::printable(id)}, {"error", reason}}));
        return Json::object({{"rebuilt", ids(outcome.rebuilt)},
                             {"sound", ids(outcome.sound)},
                             {"failed", std::move(failed)}});
    }

    static void print(Output& out, const Outcome& outcome) {
        for (const std::string& id : outcome.rebuilt)
            out.line("The index of backup {} was made anew.", id.substr(0, 8));
        for (const auto& [id, reason] : outcome.failed)
            out.line("{} index of backup {}: {}", out.styled(Style::red, "failed"),
                     base::printable(id.substr(0, 8)), base::printable(reason));
        if (outcome.rebuilt.empty() && outcome.failed.empty())
            out.line("All indexes are sound; nothing was changed.");
    }

    std::string id_;
};

}  // namespace

std::unique_ptr<Command> repository_rebuild_index_command() {
    return std::make_unique<RepositoryRebuildIndexCommand>();
}

}  // namespace bt2c::cli
