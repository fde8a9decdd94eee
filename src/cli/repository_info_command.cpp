#include <algorithm>
#include <array>
#include <filesystem>

#include "cli/backup_document.hpp"
#include "cli/commands.hpp"
#include "cli/key_slot_document.hpp"
#include "cli/repository_access.hpp"
#include "repository/repository_format.hpp"

namespace bt2c::cli {
namespace {

using base::Json;
using repository::Repository;

struct Facts {
    repository::RepositoryFormat format;
    std::string location;
    bool write_only_node = false;
    std::uint64_t backups = 0;                   ///< manifests that are there
    std::optional<repository::BackupList> list;  ///< not where the node cannot read it
    repository::SlotList slots;
    std::uint64_t packs = 0, bytes = 0;
};

class RepositoryInfoCommand final : public Command {
    About about() const override {
        return {
            .name = "repository info",
            .summary = "show what the repository is and holds",
            .description =
                "Shows where the repository is, its id and format, how many backups it holds, the space "
                "they take, and the key slots that open it.\n\n"
                "On a write-only node (with a write key and without a password or key file) it tells "
                "what can be "
                "told without reading a backup.",
            .examples = {{"bt2c-dr repository info", "show it"}},
            .exits = {base::ErrorKind::failed, base::ErrorKind::wrong_secret, base::ErrorKind::no_repository},
            .if_it_fails = "nothing was changed"};
    }

    Result run(Context& context) override {
        const config::Home& home = context.home_unchecked();
        const bool write_only = std::filesystem::exists(home.write_key_file());
        const bool cannot_read =
            write_only && !std::filesystem::exists(home.key_file()) && !secret_is_in_environment();
        const Repository repository =
            cannot_read ? open_for_backup(context, repository_location(context)) : open_repository(context);
        storage::Location& location = repository.location();
        const auto facts = std::make_shared<Facts>();
        facts->format = repository::read_format(location);
        facts->location = base::printable(location.describe());
        facts->write_only_node = write_only;
        if (!cannot_read) facts->list = repository.list(Repository::Unread::pass_over);
        facts->slots = repository::list_slots(location);
        for (const storage::ObjectInfo& object : location.list("")) {
            facts->bytes += object.bytes;
            if (object.name.starts_with("packs/")) ++facts->packs;
            if (object.name.starts_with("manifests/")) ++facts->backups;
        }
        return {.document = document(*facts), .print = [facts](Output& out) { print(out, *facts); }};
    }

    static Json document(const Facts& facts) {
        Json slots = Json::array();
        for (const repository::SlotInfo& slot : facts.slots.slots) slots.push(slot_document(slot));
        return Json::object(
            {{"id", facts.format.id.hex()},
             {"location", facts.location},
             {"created_at", base::format_utc(facts.format.created_at)},
             {"format", repository::format_version},
             {"write_only_node", facts.write_only_node},
             {"backups", facts.list ? facts.list->backups.size() : facts.backups},
             {"write_only_backups", facts.list ? Json(write_only_backups(*facts.list)) : Json()},
             {"damaged_backups",
              facts.list ? Json(facts.list->damaged.size() - facts.list->unread()) : Json()},
             {"unread_backups", facts.list ? Json(facts.list->unread()) : Json()},
             {"packs", facts.packs},
             {"bytes", facts.bytes},
             {"slots", std::move(slots)},
             {"damaged_slots", facts.slots.damaged.size()},
             {"unread_slots", facts.slots.unread.size()}});
    }

    static std::size_t write_only_backups(const repository::BackupList& list) {
        return static_cast<std::size_t>(
            std::ranges::count_if(list.backups, &repository::Manifest::write_only));
    }

    static void add_backups(std::vector<std::pair<std::string, Cell>>& fields,
                            const repository::BackupList& list) {
        using repository::BackupType;
        std::array<std::size_t, 3> types{};
        for (const repository::Manifest& manifest : list.backups)
            ++types[static_cast<std::size_t>(manifest.type)];
        fields.push_back({"backups", base::format("{} full, {} incremental, {} safety",
                                                  types[static_cast<std::size_t>(BackupType::full)],
                                                  types[static_cast<std::size_t>(BackupType::incremental)],
                                                  types[static_cast<std::size_t>(BackupType::safety)])});
        if (const std::size_t sealed = write_only_backups(list))
            fields.push_back({"sealed", base::format("{} of them by nodes that cannot read them", sealed)});
        if (const std::size_t damaged = list.damaged.size() - list.unread())
            fields.push_back({"damaged", Cell(base::format("{} manifests", damaged), Style::red)});
        if (list.unread() > 0)
            fields.push_back({"unread", Cell(base::format("{} manifests", list.unread()), Style::yellow)});
        const auto latest = std::ranges::find_if(
            list.backups, [](const auto& manifest) { return manifest.type != BackupType::safety; });
        if (latest != list.backups.end())
            fields.push_back(
                {"latest", base::format("{}, {}", latest->id.brief(), chain_text(latest->networks))});
    }

    static void print(Output& out, const Facts& facts) {
        std::vector<std::pair<std::string, Cell>> fields{
            {"repository", facts.format.id.hex()},
            {"location", facts.location},
            {"made", base::format_utc(facts.format.created_at)},
            {"format", base::format("version {}", repository::format_version)}};
        if (facts.write_only_node)
            fields.push_back({"this node", "its backups are sealed so that it cannot read them"});
        if (facts.list)
            add_backups(fields, *facts.list);
        else
            fields.push_back({"backups", base::format("{}, which this node cannot read", facts.backups)});
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
