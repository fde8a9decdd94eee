#include "cli/commands.hpp"
#include "cli/secret_input.hpp"
#include "crypto/mnemonic.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;
using crypto::SecretBytes;

class KeysCombineCommand final : public Command {
    About about() const override {
        return {
            .name = "keys combine",
            .summary = "put a phrase together from its shares",
            .description =
                "Takes SLIP-0039 shares and shows the phrase that they were made of, once. A share that is "
                "damaged, "
                "doubled, or of another set is named by its place.\n\n"
                "To bring a key back, 'recover-keys --shares' does both in one step and never shows the "
                "phrase.",
            .examples = {{"bt2c-dr keys combine", "ask for the shares on the terminal"},
                         {"bt2c-dr keys combine --shares share-1-of-3.txt,share-3-of-3.txt", "from files"}},
            .exits = {ErrorKind::failed}};
    }

    void declare(Options& options) override {
        options.paths(files_, "--shares", "FILES", "the files that hold them, one share to a line, or '-'");
        options.value(passphrase_file_, "--passphrase-file", "FILE",
                      "the shares' passphrase, in the first line");
    }

    Result run(Context& context) override {
        if (context.json())
            throw Error(ErrorKind::usage, "a phrase is a secret, and never part of a JSON document")
                .hint("'recover-keys --shares' brings the key back without showing the phrase");
        const SecretBytes phrase = combined_phrase(files_, passphrase_file_);
        context.console().out.write(phrase.text());
        context.console().out.write("\n");
        return {.document = Json::object({}), .print = {}};
    }

    std::vector<std::filesystem::path> files_;
    std::optional<std::filesystem::path> passphrase_file_;
};

}  // namespace

std::unique_ptr<Command> keys_combine_command() {
    return std::make_unique<KeysCombineCommand>();
}

}  // namespace bt2c::cli
