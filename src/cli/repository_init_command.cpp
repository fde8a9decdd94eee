#include "cli/commands.hpp"
#include "cli/locations.hpp"
#include "cli/repository_access.hpp"

namespace bt2c::cli {
namespace {

using base::Json;
using repository::Repository;

class RepositoryInitCommand final : public Command {
    About about() const override {
        return {
            .name = "repository init",
            .summary = "make the repository that the backups go into",
            .description =
                "Makes an empty repository at the place that dr.toml names (HOME/backups/repository by "
                "default), and shows a recovery phrase of 24 words, once.\n\n"
                "It opens with the password in BT2C_REPO_PASSWORD, BT2C_REPO_PASSWORD_FILE or "
                "BT2C_REPO_PASSWORD_COMMAND where one of them is set; with --password, with one that is "
                "asked for (or given in BT2C_REPO_NEW_PASSWORD or BT2C_REPO_NEW_PASSWORD_FILE); else with a "
                "new key file HOME/config/repository.key. The first backup does the same by itself.",
            .examples = {{"bt2c-dr repository init", "make it, with a new key file"},
                         {"bt2c-dr repository init --password", "make it, and ask for a password"}},
            .exits = {base::ErrorKind::failed, base::ErrorKind::busy, base::ErrorKind::partial}};
    }

    void declare(Options& options) override {
        options.flag(password_, "--password", "ask for a new password instead of making a key file");
    }

    Result run(Context& context) override {
        context.home();
        context.locations({"*"});
        Repository::require_none(*repository_location(context));
        std::optional<crypto::SecretBytes> password;
        if (password_ && !secret_from_environment()) password = new_password();
        const NewRepository made = make_repository(context, std::move(password));
        show_recovery_phrase(context, made);
        const auto reached = context.locations().share_basics(made.repository);
        std::string location;  // of those that have it
        for (std::size_t i = 0; i < reached.size(); ++i)
            if (reached[i].status == "ok")
                location += (location.empty() ? "" : ", ") +
                            base::printable(context.locations().all()[i].location->describe());
        if (location.empty()) location = base::printable(made.place);
        const std::string id = made.repository.id().hex();
        Result result{
            .document =
                Json::object({{"id", id},
                              {"location", location},
                              {"locations", outcomes_document(reached)},
                              {"key_file", made.key_file ? Json(base::printable(*made.key_file)) : Json()}}),
            .print = [location, id, reached](Output& out) {
                out.line("Repository {} is made at {}.", out.styled(Style::bold, id.substr(0, 8)), location);
                print_unreached(out, reached, "has nothing of it yet");
            }};
        if (is_partial(reached)) result.outcome = base::ErrorKind::partial;
        return result;
    }

    bool password_ = false;
};

}  // namespace

std::unique_ptr<Command> repository_init_command() {
    return std::make_unique<RepositoryInitCommand>();
}

}  // namespace bt2c::cli
