#include "cli/commands.hpp"
#include "cli/phrase_confirmation.hpp"
#include "cli/repository_access.hpp"
#include "cli/secret_input.hpp"

namespace bt2c::cli {
namespace {

using base::ErrorKind;
using base::Json;

class RepositoryKeyConfirmCommand final : public Command {
    About about() const override {
        return {.name = "repository key confirm",
                .summary = "prove that the recovery phrase on paper opens the repository, and note the day",
                .description =
                    "Asks for the 24 words and opens the repository with them. That they did is noted in "
                    "HOME/config/recovery-phrase-confirmed.json (the day, and which phrase by its key's id; "
                    "nothing of the words), where 'doctor' looks.\n\n"
                    "If the words are lost, or do not open it: 'repository key add --recovery-phrase' makes "
                    "others.",
                .examples = {{"bt2c-dr repository key confirm", "type the words from the paper"},
                             {"bt2c-dr repository key confirm --recovery-phrase -", "read them from a pipe"}},
                .exits = {ErrorKind::failed, ErrorKind::wrong_secret, ErrorKind::no_repository}};
    }

    void declare(Options& options) override {
        options.value(phrase_, "--recovery-phrase", "-", "'-' reads the words from standard input")
            .choices = {"-"};
    }

    Result run(Context& context) override {
        context.home();
        const repository::ObjectId id = repository::Repository::read_id(*repository_location(context));
        const config::PhraseRecord record = confirm_phrase(
            context, id,
            read_phrase(phrase_, "Recovery phrase of the repository, 24 words", "--recovery-phrase"));
        return {.document = Json::object({{"repository", record.repository},
                                          {"key", record.slot},
                                          {"confirmed_at", base::format_utc(record.confirmed_at)}}),
                .print = [record](Output& out) {
                    out.line("The recovery phrase (key {}) opens the repository; noted for {}.",
                             record.slot.substr(0, 8), base::format_utc(record.confirmed_at).substr(0, 10));
                }};
    }

    std::optional<std::string> phrase_;
};

}  // namespace

std::unique_ptr<Command> repository_key_confirm_command() {
    return std::make_unique<RepositoryKeyConfirmCommand>();
}

}  // namespace bt2c::cli
