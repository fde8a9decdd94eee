#include "cli/backup_document.hpp"
#include "cli/commands.hpp"
#include "cli/key_slot_document.hpp"
#include "cli/repository_access.hpp"

namespace bt2c::cli {
namespace {

using base::Json;
using repository::Repository;

struct Facts {
    Repository::Format format;
    std::string location;
    repository::BackupList list;
    repository::SlotList slots;
    std::uint64_t packs = 0, bytes = 0;
};

class RepositoryInfoCommand final : public Command {
    About about() const override {
        return {.name = "repository info",
                .summary = "show what the repository is and holds",
                .description =
                    "Shows where the repository is, its id and format, how many backups it holds, the space "
                    "they take, and the key slots that open it.",
                .examples = {{"bt2c-dr repository info", "show it"}},
                .exits = {base::ErrorKind::failed, base::ErrorKind::wrong_secret,
                          base::ErrorKind::no_repository}};
    }

    Result run(Context& context) override {
        const Repository repository = open_repository(context);
        storage::Location& location = repository.location();
        const auto facts = std::make_shared<Facts>();
        facts->format = Repository::read_format(location);
        facts->location = base::printable(location.describe());
        facts->list = repository.list();
        facts->slots = repository::list_slots(location);
        for (const storage::ObjectInfo& object : location.list("")) {
            facts->bytes += object.bytes;
            if (object.name.starts_with("packs/")) ++facts->packs;
        }
        return {.document = document(*facts), .print = [facts](Output& out) { print(out, *facts); }};
    }

    static Json document(const Facts& facts) {
        Json slots = Json::array();
        for (const repository::SlotInfo& slot : facts.slots.slots) slots.push(slot_document(slot));
        return Json::object({{"id", facts.format.id.hex()},
                             {"location", facts.location},
                             {"created_at", base::format_utc(facts.format.created_at)},
                             {"format", repository::format_version},
                             {"backups", facts.list.backups.size()},
                             {"damaged_backups", facts.list.damaged.size()},
                             {"packs", facts.packs},
                             {"bytes", facts.bytes},
                             {"slots", std::move(slots)},
                             {"damaged_slots", facts.slots.damaged.size()}});
    }

    static void print(Output& out, const Facts& facts) {
        using repository::BackupType;
        std::array<std::size_t, 3> types{};
        for (const repository::Manifest& manifest : facts.list.backups)
            ++types[static_cast<std::size_t>(manifest.type)];
        std::vector<std::pair<std::string, Cell>> fields{
            {"repository", facts.format.id.hex()},
            {"location", facts.location},
            {"made", base::format_utc(facts.format.created_at)},
            {"format", base::format("version {}", repository::format_version)},
            {"backups", base::format("{} full, {} incremental, {} safety",
                                     types[static_cast<std::size_t>(BackupType::full)],
                                     types[static_cast<std::size_t>(BackupType::incremental)],
                                     types[static_cast<std::size_t>(BackupType::safety)])}};
        if (!facts.list.damaged.empty())
            fields.push_back(
                {"damaged", Cell(base::format("{} manifests", facts.list.damaged.size()), Style::red)});
        if (!facts.list.backups.empty())
            fields.push_back({"latest", base::format("{}, {}", facts.list.backups.front().id.brief(),
                                                     chain_text(facts.list.backups.front().networks))});
        fields.push_back({"packs", base::human_count(facts.packs)});
        fields.push_back({"size", base::human_size(facts.bytes)});
        out.fields(fields, "");
        out.line();
        out.table(slot_table(facts.slots));
    }
};

}  // namespace

std::unique_ptr<Command> repository_info_command() {
    return std::make_unique<RepositoryInfoCommand>();
}

}  // namespace bt2c::cli
