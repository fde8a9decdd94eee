#include <algorithm>

#include "cli/backup_document.hpp"
#include "cli/commands.hpp"
#include "cli/repository_access.hpp"

namespace bt2c::cli {
namespace {

using base::human_size;
using base::Json;
using repository::Manifest;

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
                "A damaged manifest is listed as damaged and hides no other backup.",
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
        Json backups = Json::array();
        for (const Manifest& manifest : list->backups) {
            Json json = backup_document(manifest);
            json.set("created_at", base::format_utc(manifest.finished_at));
            json.set("locations", Json::Array{"local"});
            const auto proof = proofs.find(manifest.id.hex());
            json.set("verified_at", proof == proofs.end() ? Json() : Json(base::format_utc(proof->second)));
            backups.push(std::move(json));
        }
        Json damaged = Json::array();
        for (const repository::DamagedBackup& backup : list->damaged)
            damaged.push(Json::object({{"id", backup.id}, {"reason", backup.reason}}));
        Result result{
            .document = Json::object({{"backups", std::move(backups)}, {"damaged", std::move(damaged)}}),
            .print = [list, proofs](Output& out) { print(out, *list, proofs); }};
        if (!list->damaged.empty()) result.outcome = base::ErrorKind::findings;
        return result;
    }

    static std::string growth(const Manifest& manifest, const Manifest* before) {
        if (!before || manifest.networks.size() != 1 || before->networks.size() != 1) return "";
        const std::int64_t blocks = manifest.networks[0].height - before->networks[0].height;
        return blocks < 0 ? base::format("{}", blocks) : base::format("+{}", blocks);
    }

    static void print(Output& out, const repository::BackupList& list,
                      const std::map<std::string, base::UnixMs>& proofs) {
        using Align = Column::Align;
        Table table({{"ID"},
                     {"TYPE"},
                     {"MADE (UTC)"},
                     {"AGE", Align::right},
                     {"CHAIN", Align::left, true},
                     {"BLOCKS", Align::right},
                     {"DATABASE", Align::right},
                     {"STORED", Align::right},
                     {"PROVED", Align::right}});
        const base::UnixMs now = base::now_unix_ms();
        const auto age = [&](base::UnixMs time) {
            return time > now ? std::string("in the future")
                              : base::human_duration(static_cast<double>((now - time) / 1000));
        };
        for (std::size_t i = 0; i < list.backups.size(); ++i) {
            const Manifest& manifest = list.backups[i];
            const Manifest* before = i + 1 < list.backups.size() ? &list.backups[i + 1] : nullptr;
            const auto proof = proofs.find(manifest.id.hex());
            std::string made = base::format_utc(manifest.finished_at);
            made = made.substr(0, 10) + " " + made.substr(11, 8);
            table.row(
                {manifest.id.brief(), std::string(repository::type_name(manifest.type)), made,
                 age(manifest.finished_at), chain_text(manifest.networks), growth(manifest, before),
                 manifest.image ? human_size(manifest.image->bytes()) : std::string("unreadable"),
                 human_size(manifest.stored_bytes),
                 proof == proofs.end() ? Cell("never", Style::dim) : Cell(age(proof->second), Style::green)});
        }
        for (const repository::DamagedBackup& backup : list.damaged)
            table.row({base::printable(backup.id.substr(0, 8)), Cell("damaged", Style::red), "", "",
                       Cell(base::printable(backup.reason), Style::red), "", "", "", ""});
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
