#include "cli/commands.hpp"
#include "cli/key_slot_document.hpp"
#include "cli/locations.hpp"
#include "cli/repository_access.hpp"
#include "cli/token_slot.hpp"
#include "crypto/mnemonic.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;
using crypto::SecretBytes;
using repository::Secret;
using repository::SlotInfo;

class RepositoryKeyAddCommand final : public Command {
    About about() const override {
        return {
            .name = "repository key add",
            .summary = "add a password, key file, recovery phrase or token that opens the repository",
            .description =
                "Opens the repository with what is given already, and adds one more way to open it. All "
                "backups open with it, those made before too.\n\n"
                "--password asks for the new password, or takes it from BT2C_REPO_NEW_PASSWORD or "
                "BT2C_REPO_NEW_PASSWORD_FILE. --key-file makes a key file; one that exists already is "
                "used as "
                "it is. --recovery-phrase makes a new phrase of 24 words and shows it, once. --token-key "
                "makes a "
                "key on a hardware token, which never leaves it; where dr.toml names the token's module, the "
                "token then opens the repository when no password and no key file is there.",
            .examples = {{"bt2c-dr repository key add --password --label operators", "add a password"},
                         {"bt2c-dr repository key add --key-file /media/usb/repository.key",
                          "add a key file"},
                         {"bt2c-dr repository key add --recovery-phrase", "add a new recovery phrase"},
                         {"bt2c-dr repository key add --token-key", "add a key on a hardware token"}},
            .exits = {ErrorKind::failed, ErrorKind::wrong_secret, ErrorKind::partial,
                      ErrorKind::no_repository}};
    }

    void declare(Options& options) override {
        options.flag(password_, "--password", "add a password");
        options.value(key_file_, "--key-file", "PATH", "add a key file");
        options.flag(phrase_, "--recovery-phrase", "add a new recovery phrase");
        options.flag(token_key_, "--token-key", "add a key that is made on a hardware token");
        token_.declare(options);
        options.value(label_, "--label", "TEXT", "what 'key list' calls it");
    }

    Result run(Context& context) override {
        if (int{password_} + int{phrase_} + int{key_file_.has_value()} + int{token_key_} != 1)
            throw Error(ErrorKind::usage,
                        "give one of --password, --key-file, --recovery-phrase and --token-key");
        if (!token_key_ && token_.given())
            throw Error(ErrorKind::usage, "--module, --token and --pin-file are for --token-key");
        if (token_key_) token_.without_pin(context);  // that no module is named is told first
        if (label_.size() > 200) throw Error(ErrorKind::usage, "the label is longer than 200 bytes");
        const auto whole = open_repository(context);
        const auto repository = whole.at(context.locations().first().location);
        const SlotInfo slot = password_
                                  ? add(repository, Secret::from_text(new_password().text()), "password")
                              : phrase_    ? add_phrase(context, repository)
                              : token_key_ ? add_token_slot(context, token_, repository, label_)
                                           : add_key_file(repository);
        const auto reached = context.locations().share_basics(whole);
        Json document = slot_document(slot);
        document.set("locations", outcomes_document(reached));
        document.set("key_file", key_file_ ? Json(base::printable(key_file_->native())) : Json());
        Result result{.document = std::move(document), .print = [slot, reached](Output& out) {
                          out.line("Key {} is added: {}.", out.styled(Style::bold, slot.id.brief()),
                                   slot_kind_text(slot.kind));
                          print_unreached(out, reached, "does not have it before the next 'location sync'");
                      }};
        if (is_partial(reached)) result.outcome = ErrorKind::partial;
        return result;
    }

    SlotInfo add(const repository::Repository& repository, const Secret& secret, const char* label) const {
        return repository::add_slot(repository.location(), repository.id(), repository.keys().master(),
                                    secret, label_.empty() ? label : label_);
    }

    SlotInfo add_phrase(Context& context, const repository::Repository& repository) const {
        begin_showing_phrase(context);
        const SecretBytes entropy = SecretBytes::random(32);
        SlotInfo slot =
            add(repository, {repository::SlotKind::recovery_phrase, entropy.copy()}, "recovery phrase");
        Terminal& err = context.console().err;
        err.write("The repository now opens with this recovery phrase too:\n\n");
        show_words(context, crypto::mnemonic_from_entropy(entropy.view()).text());
        err.write("\n" + err.styled(Style::bold, "Write these 24 words down, on paper, now.") +
                  " They are shown this once.\n\n");
        return slot;
    }

    SlotInfo add_key_file(const repository::Repository& repository) const {
        if (fs::exists(*key_file_)) return add(repository, read_key_file(*key_file_), "key file");
        // The file first: a slot whose key nobody has would only be in the way.
        const Secret secret{repository::SlotKind::key_file, make_key_file(*key_file_)};
        try {
            return add(repository, secret, "key file");
        } catch (...) {
            std::error_code ignored;
            fs::remove(*key_file_, ignored);
            throw;
        }
    }

    TokenOptions token_;
    bool password_ = false, phrase_ = false, token_key_ = false;
    std::optional<fs::path> key_file_;
    std::string label_;
};

}  // namespace

std::unique_ptr<Command> repository_key_add_command() {
    return std::make_unique<RepositoryKeyAddCommand>();
}

}  // namespace bt2c::cli
