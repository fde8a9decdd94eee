#include <algorithm>

#include "cli/backup_document.hpp"
#include "cli/commands.hpp"
#include "cli/latest_backup.hpp"
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
                "With several locations it tells how many of them have each backup, and how many could not "
                "be "
                "asked. A window too narrow for "
                "all columns shows fewer of them; the heights are always whole.\n\n"
                "A damaged manifest is listed as damaged and hides no other backup. One that a location "
                "refuses, or could not give (its line or service is away, rights or a shortage of this "
                "machine "
                "are in the way, or a disk fails) is listed as 'unread': "
                "nothing says that it is damaged, and the exit status is 6 then. Backups are numbered, "
                "and the "
                "highest number is the newest; where another one says that it was made later that is told "
                "('doubt' in JSON).",
            .examples = {{"bt2c-dr list-backups", "show all backups"},
                         {"bt2c-dr --json list-backups", "the same for programs"}},
            .exits = {base::ErrorKind::failed, base::ErrorKind::findings, base::ErrorKind::wrong_secret,
                      base::ErrorKind::partial, base::ErrorKind::no_repository},
            .if_it_fails = "nothing was changed"};
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
        Json damaged = Json::array(), unread = Json::array();
        for (const repository::DamagedBackup& backup : list->damaged)
            (backup.unread ? unread : damaged)
                .push(Json::object({{"id", backup.id}, {"reason", backup.reason}}));
        const Counts counts{context.locations().all().size(), context.locations().unasked().size()};
        Result result{
            .document = Json::object({{"backups", std::move(backups)},
                                      {"damaged", std::move(damaged)},
                                      {"unread", std::move(unread)},
                                      {"unasked", unasked_document(context)},
                                      {"faults", context.locations().faults()}}),
            .print = [list, proofs, held, counts](Output& out) { print(out, *list, proofs, held, counts); }};
        context.locations().tell_faults();
        const Manifest* const doubt = repository::doubt_of_latest(list->backups, base::now_unix_ms());
        if (doubt) tell_doubt(context, newest(list->backups), doubt);
        result.document.set("doubt", doubt ? Json(doubt->id.hex()) : Json());
        if (list->damaged.size() > list->unread())
            result.outcome = base::ErrorKind::findings;
        else if (list->unread() > 0)
            result.outcome = base::ErrorKind::partial;
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

    /// Of locations.
    struct Counts {
        std::size_t all, unasked;
    };

    static Cell copies_cell(std::size_t copies, const Counts& counts) {
        if (counts.unasked > 0)
            return {base::format("{} + {} unknown", copies, counts.unasked), Style::yellow};
        return {base::format("{} of {}", copies, counts.all),
                copies == counts.all ? Style::green : Style::yellow};
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

    static std::string height_text(const Manifest& manifest) { return chain_text(manifest.networks, " "); }

    /// Of one that SQLite could not read the files themselves were stored.
    static std::string database_text(const Manifest& manifest) {
        if (manifest.image) return human_size(manifest.image->bytes());
        const bool has_files = std::ranges::any_of(
            manifest.files, [](const auto& file) { return file.path.starts_with("data/"); });
        return has_files ? "unreadable" : "none";
    }

    static void print(Output& out, const repository::BackupList& list,
                      const std::map<std::string, Tested>& proofs, const Holders& held,
                      const Counts& counts) {
        using Align = Column::Align;
        // Eighty columns show what a backup to go back to is chosen by.
        std::vector<Column> columns({{"ID"},
                                     {"TYPE"},
                                     {"MADE (UTC)"},
                                     {.title = "AGE", .align = Align::right, .may_go = true},
                                     {"HEIGHT"},
                                     {.title = "BLOCKS", .align = Align::right, .may_go = true},
                                     {.title = "DATABASE", .align = Align::right, .may_go = true},
                                     {.title = "STORED", .align = Align::right, .may_go = true},
                                     {"PROVED", Align::right}});
        if (counts.all > 1) columns.push_back({"COPIES", Align::right});
        if (!list.damaged.empty()) columns.push_back({.title = "WHY", .may_fall = true});
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
            std::vector<Cell> cells({manifest.id.brief(), std::string(repository::type_name(manifest.type)),
                                     made, age(manifest.finished_at), height_text(manifest),
                                     growth(manifest, before), database_text(manifest),
                                     human_size(manifest.stored_bytes),
                                     tested.proved_at   ? Cell(age(*tested.proved_at), Style::green)
                                     : tested.failed_at ? Cell("FAILED", Style::red)
                                                        : Cell("never", Style::dim)});
            if (counts.all > 1) {
                const auto at = held.find(manifest.id.hex());
                const std::size_t copies = at == held.end() ? 0 : at->second.size();
                cells.push_back(copies_cell(copies, counts));
            }
            if (!list.damaged.empty()) cells.push_back("");
            table.row(cells);
        }
        for (const repository::DamagedBackup& backup : list.damaged) {
            const Style style = backup.unread ? Style::yellow : Style::red;
            std::vector<Cell> cells(columns.size(), "");
            cells[0] = base::printable(backup.id.substr(0, 8));
            cells[1] = Cell(backup.unread ? "unread" : "damaged", style);
            cells.back() = Cell(base::printable(backup.reason), style);
            table.row(cells);
        }
        if (table.empty()) {
            out.line("There is no backup yet. Make one with 'bt2c-dr backup'.");
            return;
        }
        out.table(table);
        const std::size_t all = list.damaged.size() + list.backups.size();
        if (list.damaged.size() > list.unread())
            out.line("\n{} of {} backups are damaged: 'bt2c-dr repository check' tells more.",
                     list.damaged.size() - list.unread(), all);
        if (list.unread() > 0)
            out.line(
                "\n{} of {} backups cannot be read; nothing says that they are damaged. 'bt2c-dr location "
                "status' tells which location cannot be read.",
                list.unread(), all);
        if (std::ranges::any_of(list.damaged, &repository::DamagedBackup::disk))
            out.line(
                "A disk fails to give one: look into the kernel's log (as root: dmesg); 'bt2c-dr repository "
                "check' tells what to do with it.");
    }
};

}  // namespace

std::unique_ptr<Command> list_backups_command() {
    return std::make_unique<ListBackupsCommand>();
}

}  // namespace bt2c::cli
