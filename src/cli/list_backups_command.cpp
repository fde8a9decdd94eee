#include <algorithm>

#include "cli/backup_document.hpp"
#include "cli/commands.hpp"
#include "cli/locations.hpp"
#include "cli/repository_access.hpp"

namespace bt2c::cli {
namespace {

using base::human_size;
using base::Json;
using repository::Manifest;
using Tested = repository::Repository::Tested;

class ListBackupsCommand final : public Command {
    About about() const override {
        return {
            .name = "list-backups",
            .summary = "list the backups in the repository, newest first",
            .description =
                "Shows each backup with its age, the height of the chain, the size of the database, what the "
                "backup added to the repository, how much the chain grew since the backup before, and when "
                "it "
                "was last proved restorable.\n\n"
                "With several locations it tells how many of them have each backup.\n\n"
                "A damaged manifest is listed as damaged and hides no other backup. Backups are numbered, "
                "and the "
                "highest number is the newest; where another one says that it was made later that is told "
                "('doubt' in JSON).",
            .examples = {{"bt2c-dr list-backups", "show all backups"},
                         {"bt2c-dr --json list-backups", "the same for programs"}},
            .exits = {base::ErrorKind::failed, base::ErrorKind::findings, base::ErrorKind::wrong_secret,
                      base::ErrorKind::no_repository}};
    }

    void declare(Options&) override {}

    Result run(Context& context) override {
        const auto repository = open_repository(context);
        auto list = std::make_shared<const repository::BackupList>(repository.list());
        auto proofs = repository.proofs();
        const auto held = holders(context.locations());
        Json backups = Json::array();
        for (const Manifest& manifest : list->backups) {
            Json json = backup_document(manifest);
            json.set("created_at", base::format_utc(manifest.finished_at));
            Json names = Json::array();
            if (const auto at = held.find(manifest.id.hex()); at != held.end())
                for (const std::string& name : at->second) names.push(name);
            json.set("locations", std::move(names));
            const Tested& tested = test_of(proofs, manifest);
            const auto time = [](std::optional<base::UnixMs> at) {
                return at ? Json(base::format_utc(*at)) : Json();
            };
            json.set("verified_at", time(tested.proved_at));
            json.set("failed_at", time(tested.failed_at));
            backups.push(std::move(json));
        }
        Json damaged = Json::array();
        for (const repository::DamagedBackup& backup : list->damaged)
            damaged.push(Json::object({{"id", backup.id}, {"reason", backup.reason}}));
        Result result{.document = Json::object({{"backups", std::move(backups)},
                                                {"damaged", std::move(damaged)},
                                                {"faults", context.locations().faults()}}),
                      .print = [list, proofs, held, of = context.locations().all().size()](Output& out) {
                          print(out, *list, proofs, held, of);
                      }};
        context.locations().tell_faults();
        const Manifest* const doubt = repository::doubt_of_latest(list->backups, base::now_unix_ms());
        if (doubt) tell_doubt(context, newest(list->backups), doubt);
        result.document.set("doubt", doubt ? Json(doubt->id.hex()) : Json());
        if (!list->damaged.empty()) result.outcome = base::ErrorKind::findings;
        return result;
    }

    /// That is no safety backup.
    static const Manifest& newest(const std::vector<Manifest>& backups) {
        return *std::ranges::find_if(backups, [](const Manifest& manifest) {
            return manifest.type != repository::BackupType::safety;
        });
    }

    static const Tested& test_of(const std::map<std::string, Tested>& proofs, const Manifest& manifest) {
        static const Tested none;
        const auto found = proofs.find(manifest.id.hex());
        return found == proofs.end() ? none : found->second;
    }

    /// The locations that have each backup, by its id.
    using Holders = std::map<std::string, std::vector<std::string>>;
    static Holders holders(const Locations& locations) {
        Holders held;
        const auto holdings = locations.holdings();
        for (std::size_t i = 0; i < holdings.size(); ++i)
            if (holdings[i])
                for (const std::string& id : *holdings[i]) held[id].push_back(locations.all()[i].name);
        return held;
    }

    static std::string growth(const Manifest& manifest, const Manifest* before) {
        if (!before || manifest.networks.size() != 1 || before->networks.size() != 1) return "";
        const std::int64_t blocks = manifest.networks[0].height - before->networks[0].height;
        return blocks < 0 ? base::format("{}", blocks) : base::format("+{}", blocks);
    }

    static void print(Output& out, const repository::BackupList& list,
                      const std::map<std::string, Tested>& proofs, const Holders& held,
                      std::size_t locations) {
        using Align = Column::Align;
        std::vector<Column> columns({{"ID"},
                                     {"TYPE"},
                                     {"MADE (UTC)"},
                                     {"AGE", Align::right},
                                     {"CHAIN", Align::left, true},
                                     {"BLOCKS", Align::right},
                                     {"DATABASE", Align::right},
                                     {"STORED", Align::right},
                                     {"PROVED", Align::right}});
        if (locations > 1) columns.push_back({"COPIES", Align::right});
        Table table(columns);
        const base::UnixMs now = base::now_unix_ms();
        const auto age = [&](base::UnixMs time) {
            return time > now ? std::string("in the future")
                              : base::human_duration(static_cast<double>(now - time) / 1000);
        };
        for (std::size_t i = 0; i < list.backups.size(); ++i) {
            const Manifest& manifest = list.backups[i];
            const Manifest* before = i + 1 < list.backups.size() ? &list.backups[i + 1] : nullptr;
            const Tested& tested = test_of(proofs, manifest);
            std::string made = base::format_utc(manifest.finished_at);
            made = made.substr(0, 10) + " " + made.substr(11, 8);
            std::vector<Cell> cells(
                {manifest.id.brief(), std::string(repository::type_name(manifest.type)), made,
                 age(manifest.finished_at), chain_text(manifest.networks), growth(manifest, before),
                 manifest.image ? human_size(manifest.image->bytes()) : std::string("unreadable"),
                 human_size(manifest.stored_bytes),
                 tested.proved_at   ? Cell(age(*tested.proved_at), Style::green)
                 : tested.failed_at ? Cell("FAILED", Style::red)
                                    : Cell("never", Style::dim)});
            if (locations > 1) {
                const auto at = held.find(manifest.id.hex());
                const std::size_t copies = at == held.end() ? 0 : at->second.size();
                cells.push_back({base::format("{} of {}", copies, locations),
                                 copies == locations ? Style::green : Style::yellow});
            }
            table.row(cells);
        }
        constexpr std::size_t reason_columns = 54;  // --json and 'repository check' tell all of it
        for (const repository::DamagedBackup& backup : list.damaged) {
            std::vector<Cell> cells(
                {base::printable(backup.id.substr(0, 8)), Cell("damaged", Style::red), "", "",
                 Cell(fitted(base::printable(backup.reason), reason_columns), Style::red), "", "", "", ""});
            if (locations > 1) cells.push_back("");
            table.row(cells);
        }
        if (table.empty()) {
            out.line("There is no backup yet. Make one with 'bt2c-dr backup'.");
            return;
        }
        out.table(table);
        if (!list.damaged.empty())
            out.line("\n{} of {} backups are damaged: 'bt2c-dr repository check' tells more.",
                     list.damaged.size(), list.damaged.size() + list.backups.size());
    }
};

}  // namespace

std::unique_ptr<Command> list_backups_command() {
    return std::make_unique<ListBackupsCommand>();
}

}  // namespace bt2c::cli
