#include "cli/commands.hpp"
#include "cli/secret_prompt.hpp"
#include "cli/token_access.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;

class KeysTokenRemoveCommand final : public Command {
    About about() const override {
        return {
            .name = "keys token remove",
            .summary = "destroy a key on a hardware token",
            .description =
                "Removes the key, its private and its public part, from the token. It is gone for good "
                "unless its phrase, its shares or a wallet file exist elsewhere. A key that opens a "
                "repository ('repository key add --token-key') opens it no more.\n\nOn a terminal it asks "
                "first; elsewhere it needs --force.",
            .examples = {{"bt2c-dr keys token remove --key bt2c_…", "ask, and remove it"},
                         {"bt2c-dr keys token remove --key bt2c_… --force", "remove it unasked"}},
            .exits = {ErrorKind::failed, ErrorKind::wrong_secret}};
    }

    void declare(Options& options) override {
        options.value(key_, "--key", "ADDRESS", "the key's address or label").required = true;
        options.flag(force_, "--force", "do not ask");
        token_.declare(options);
    }

    Result run(Context& context) override {
        if (key_.empty()) throw Error(ErrorKind::usage, "--key is empty");
        token::Access access = token_.with_pin(context);
        const token::TokenInfo token = token::find_token(access);
        if (!token.serial.empty()) access.token = token.serial;
        const token::KeyInfo key = find_key(token, key_, [](const token::KeyInfo&) { return true; });
        const std::string called = address_of(key).value_or(key.label);
        if (!force_) confirm(called, token.label);
        token::remove_key(access, key.public_key);
        return {.document = Json::object({{"address", called}, {"token", token.label}, {"removed", true}}),
                .print = [called, label = token.label](Output& out) {
                    out.line("The key of {} is removed from the token '{}'.", out.styled(Style::bold, called),
                             label);
                    out.line("It is gone for good unless its phrase, shares or wallet file exist.");
                }};
    }

    /// A whole word: a 'y' is typed too easily for what cannot be undone.
    static void confirm(const std::string& called, const std::string& token) {
        const auto typed = ask_secret(
            base::format("The key {} is about to be destroyed on the token '{}'. To go on, type 'destroy'",
                         called, token));
        if (!typed)
            throw Error(ErrorKind::usage,
                        "a key is not destroyed unasked, and there is no terminal to ask on")
                .state("nothing was removed")
                .hint("--force removes it without asking");
        if (typed->text() != "destroy")
            throw Error(ErrorKind::failed, "the key is not removed: that was not wanted")
                .state("nothing was removed");
    }

    TokenOptions token_;
    std::string key_;
    bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> keys_token_remove_command() {
    return std::make_unique<KeysTokenRemoveCommand>();
}

}  // namespace bt2c::cli
