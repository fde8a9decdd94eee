#include "cli/commands.hpp"
#include "cli/hidden_arguments.hpp"
#include "cli/secret_input.hpp"
#include "cli/share_output.hpp"
#include "keys/phrase.hpp"

namespace bt2c::cli {
namespace {

using base::ErrorKind;
using base::Json;
using crypto::SecretBytes;

class KeysSplitCommand final : public Command {
    About about() const override {
        return {.name = "keys split",
                .summary = "split a seed phrase into shares, of which some give it back",
                .description =
                    "Makes SLIP-0039 shares of a seed phrase, or of a repository's recovery phrase: words on "
                    "paper, "
                    "for several people or places. Any --threshold of them give the phrase back; fewer tell "
                    "nothing "
                    "about it.\n\n"
                    "The shares are shown once, or written with --output into a folder, a file for each "
                    "(mode 0600), to "
                    "be carried apart. With --json they are never shown.\n\n"
                    "A passphrase may be set on top. Another one gives another phrase, and nothing says that "
                    "it is wrong.\n\n"
                    "Rehearse with the shares: of a seed phrase by 'bt2c-dr recover-keys --check --shares - "
                    "--expect-address ADDRESS', of a repository's recovery phrase by 'bt2c-dr keys combine | "
                    "bt2c-dr repository key confirm --recovery-phrase -'.",
                .examples = {{"bt2c-dr keys split --threshold 2 --shares 3", "any two of three"},
                             {"bt2c-dr keys split --threshold 3 --shares 5 --output /media/usb",
                              "five files, to be carried to five places"},
                             {"bt2c-dr keys split --group 2/3 --group 1/1",
                              "two of three operators, or the one share in the safe"}},
                .exits = {ErrorKind::failed}};
    }

    void declare(Options& options) override {
        options.value(phrase_, "--seed-phrase", "PHRASE",
                      "the phrase, or '-' to read it from standard input");
        output_.declare(options);
    }

    Result run(Context& context) override {
        output_.check(context);
        const SecretBytes phrase = keys::clean_phrase(read_phrase(phrase_, "Phrase to split").text());
        const std::vector<NamedShare> shares = output_.make(phrase);
        Json files = Json::array();
        for (std::string& file : output_.hand_out(shares, context.console().out)) files.push(std::move(file));
        return {
            .document = Json::object({{"shares", shares.size()}, {"files", files}}),
            .print = [this, files, count = shares.size()](Output& out) {
                if (!files.elements().empty()) out.line("{} shares are written, a file for each.", count);
                out.line("To give the phrase back it takes {}; fewer tell nothing about it.", output_.rule());
                out.line(
                    "They were tried out just now. Keep them in different places, and note on each what it "
                    "is for.");
                out.line("Rehearse at once, and once a year, with the shares");
                out.line(
                    "  of a seed phrase: bt2c-dr recover-keys --check --shares - --expect-address ADDRESS");
                out.line(
                    "  of a repository's recovery phrase: bt2c-dr keys combine | bt2c-dr repository key "
                    "confirm --recovery-phrase -");
            }};
    }

    ShareOutput output_;
    std::optional<std::string> phrase_;
};

}  // namespace

std::unique_ptr<Command> keys_split_command() {
    return std::make_unique<KeysSplitCommand>();
}

}  // namespace bt2c::cli
