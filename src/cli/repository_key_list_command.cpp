#include "cli/commands.hpp"
#include "cli/key_slot_document.hpp"
#include "cli/repository_access.hpp"
#include "repository/repository_format.hpp"

namespace bt2c::cli {
namespace {

using base::Json;

class RepositoryKeyListCommand final : public Command {
    About about() const override {
        return {.name = "repository key list",
                .summary = "list the passwords, key files, phrases and tokens that open the repository",
                .description =
                    "Lists the key slots: what kind of secret opens each, its label, and when it was "
                    "added. The secrets themselves are nowhere. It needs no secret, so that one can "
                    "see what there is to look for.",
                .examples = {{"bt2c-dr repository key list", "list them"}},
                .exits = {base::ErrorKind::failed, base::ErrorKind::no_repository},
                .if_it_fails = "nothing was changed"};
    }

    Result run(Context& context) override {
        const auto location = repository_location(context);
        repository::read_format(*location);
        const auto list = std::make_shared<const repository::SlotList>(repository::list_slots(*location));
        Json slots = Json::array();
        for (const repository::SlotInfo& slot : list->slots) slots.push(slot_document(slot));
        Json damaged = Json::array(), unread = Json::array();
        for (const std::string& name : list->damaged) damaged.push(base::printable(name));
        for (const repository::UnreadSlot& slot : list->unread) unread.push(base::printable(slot.name));
        return {.document = Json::object({{"slots", std::move(slots)},
                                          {"damaged", std::move(damaged)},
                                          {"unread", std::move(unread)}}),
                .print = [list](Output& out) { out.table(slot_table(*list)); }};
    }
};

}  // namespace

std::unique_ptr<Command> repository_key_list_command() {
    return std::make_unique<RepositoryKeyListCommand>();
}

}  // namespace bt2c::cli
