#include "base/time.hpp"
#include "cli/commands.hpp"
#include "cli/key_slot_document.hpp"
#include "cli/locations.hpp"
#include "cli/repository_access.hpp"
#include "keys/rsa_key.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;

class RepositoryKeyRemoveCommand final : public Command {
    About about() const override {
        return {
            .name = "repository key remove",
            .summary = "remove a password, key file, recovery phrase or token",
            .description =
                "Removes one key slot, so that its secret opens the repository no more. The repository must "
                "be "
                "opened with another secret than the one to be removed: so the last way in that somebody has "
                "is never lost.\n\n"
                "The key on a token stays there; 'keys token remove' destroys it.\n\n"
                "Who has copied the slot and knows its secret can still open what was copied with it.",
            .examples = {{"bt2c-dr repository key list", "see the ids"},
                         {"bt2c-dr repository key remove 3fa4c1d2", "remove that one"}},
            .exits = {ErrorKind::failed, ErrorKind::wrong_secret, ErrorKind::partial,
                      ErrorKind::no_repository}};
    }

    void declare(Options& options) override {
        options.argument(id_, "ID", "the key: its id or the first digits of it").required = true;
    }

    Result run(Context& context) override {
        const auto repository = open_repository(context);
        const repository::SlotList list = repository::list_slots(repository.location());
        const std::string name = find(list);
        const std::string id = name.substr(name.rfind('/') + 1);
        if (!repository.opened_slot() || repository.opened_slot()->hex() == id)
            throw Error(
                ErrorKind::failed,
                base::format("cannot remove key {}: it is the one that the repository was opened with",
                             id.substr(0, 8)))
                .cause("its removal could lose the last way into the repository")
                .state("nothing was changed")
                .hint(
                    "give another secret, such as the recovery phrase in BT2C_REPO_PASSWORD; 'bt2c-dr "
                    "repository key add' makes one");
        require_unlocked(context, name);
        std::optional<repository::TokenKey> token;
        for (const repository::SlotInfo& slot : list.slots)
            if (slot.id.hex() == id) token = slot.token;
        const auto reached = context.locations().remove_slot(name);
        Result result{
            .document =
                Json::object({{"id", id}, {"removed", true}, {"locations", outcomes_document(reached)}}),
            .print = [id, token, reached](Output& out) {
                out.line("Key {} is removed.", out.styled(Style::bold, id.substr(0, 8)));
                print_unreached(out, reached, "still has it; remove it again when it is back");
                if (token)
                    out.line(
                        "Its key {} is still on the token '{}'; 'bt2c-dr keys token remove' destroys it.",
                        keys::address_of(token->public_key), base::printable(token->token_label));
            }};
        if (is_partial(reached)) result.outcome = ErrorKind::partial;
        return result;
    }

    /// Every prune locks the slots anew, so this may be for good.
    static void require_unlocked(Context& context, const std::string& name) {
        const Locations::One& first = context.locations().first();
        const auto until = first.location->kept_until(name);
        if (!until || *until <= base::now_unix_ms()) return;
        throw Error(ErrorKind::failed,
                    base::format("cannot remove key {}: it is locked", name.substr(name.rfind('/') + 1, 8)))
            .cause(
                base::format("its object lock in location '{}' ends {}, and each prune locks it for longer",
                             first.name, base::format_utc(*until)))
            .state("nothing was changed; its secret still opens the repository")
            .hint(
                "it can be removed once its lock has ended, if no prune runs before. Where its secret is "
                "known "
                "to others, begin a new repository: another prefix in dr.toml, then 'bt2c-dr init'");
    }

    /// The object's name, of any slot.
    std::string find(const repository::SlotList& list) const {
        std::vector<std::string> matches;
        const auto consider = [&](const std::string& name) {
            if (id_.size() >= 4 && name.substr(name.rfind('/') + 1).starts_with(id_)) matches.push_back(name);
        };
        for (const repository::SlotInfo& slot : list.slots) consider("keys/" + slot.id.hex());
        for (const std::string& name : list.damaged) consider(name);
        for (const repository::UnreadSlot& slot : list.unread) consider(slot.name);
        if (matches.size() == 1) return matches.front();
        throw Error(ErrorKind::failed, matches.empty()
                                           ? base::format("there is no key '{}'", base::printable(id_))
                                           : base::format("'{}' names several keys", base::printable(id_)))
            .state("nothing was changed")
            .hint("'bt2c-dr repository key list' shows the ids; at least four digits are needed");
    }

    std::string id_;
};

}  // namespace

std::unique_ptr<Command> repository_key_remove_command() {
    return std::make_unique<RepositoryKeyRemoveCommand>();
}

}  // namespace bt2c::cli
