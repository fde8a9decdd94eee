#include "cli/commands.hpp"
#include "cli/secret_input.hpp"
#include "cli/token_access.hpp"
#include "cli/tombstoned.hpp"
#include "keys/derive_key.hpp"
#include "keys/key_history.hpp"
#include "keys/phrase.hpp"
#include "keys/wallet_file.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;
using crypto::SecretBytes;

class KeysTokenImportCommand final : public Command {
    About about() const override {
        return {
            .name = "keys token import",
            .summary = "put a validator's key onto a hardware token, from where it signs",
            .description =
                "Takes the key from a wallet file (--wallet), or derives it from its seed phrase as "
                "'recover-keys' does, and puts it onto the token: sensitive, not extractable, to sign only. "
                "The "
                "token then signs a challenge with it, which is verified; if that fails the key is removed "
                "again. A key that is on the token already is never put there twice.\n\nNothing is written "
                "to "
                "disk. The wallet file, phrase or shares remain the only way back if the token is lost: keep "
                "them, away from this machine.\n\nThe phrase is asked for on the terminal, or read from "
                "standard "
                "input with '--seed-phrase -'. The wallet's password is taken from BT2C_WALLET_PASSWORD, "
                "else "
                "from --wallet-password-file, else asked for; the PIN from --pin-file, BT2C_TOKEN_PIN_FILE "
                "or "
                "dr.toml, else asked for.",
            .examples = {{"bt2c-dr keys token import --wallet HOME/wallets/bt2c_….json",
                          "from a wallet file"},
                         {"bt2c-dr keys token import --token validator", "ask for the phrase"},
                         {"bt2c-dr keys token import --shares share-1-of-3.txt,share-3-of-3.txt",
                          "from shares, without a wallet file in between"}},
            .exits = {ErrorKind::failed, ErrorKind::wrong_secret}};
    }

    void declare(Options& options) override {
        options.value(wallet_, "--wallet", "FILE", "the wallet file that holds the key");
        options.value(wallet_password_file_, "--wallet-password-file", "FILE",
                      "its password, in the first line");
        options.value(phrase_, "--seed-phrase", "PHRASE",
                      "the phrase, or '-' to read it from standard input");
        options.paths(shares_, "--shares", "FILES",
                      "shares of the phrase in its place: files with one share to a line, or '-'");
        options.value(passphrase_file_, "--passphrase-file", "FILE",
                      "the shares' passphrase, in the first line");
        options.flag(raw_, "--raw-phrase", "take the text as it is: no list of words, no checksum");
        options.choice(variant_, "--variant", {"current", "3.9"},
                       "which PyCryptodome made the key: 3.9 for 3.6.5 to 3.9.9");
        token_.declare(options);
        options.flag(force_, "--force", "with --reason: take a key whose validator is tombstoned");
        options.value(reason_, "--reason", "TEXT", "why a tombstoned key is brought back");
    }

    Result run(Context& context) override {
        if (int{wallet_.has_value()} + int{phrase_.has_value()} + int{!shares_.empty()} > 1)
            throw Error(ErrorKind::usage, "give one of --wallet, --seed-phrase and --shares");
        if (raw_ && (wallet_ || !shares_.empty()))
            throw Error(ErrorKind::usage, "--raw-phrase is for a phrase that is typed or read");
        token_.without_pin(context);  // that no module is named is told before secrets are asked for
        const keys::RsaKey key = wallet_ ? key_of_wallet() : key_of_phrase(context);
        const base::Bytes public_key = keys::encode_public_key(key);
        const std::string address = keys::address_of(public_key);
        std::vector<std::string> warnings;
        const auto validators = validators_of(context, address, warnings);
        refuse_tombstoned(validators, address, force_, reason_);
        for (std::string& warning : warnings_of(validators)) warnings.push_back(std::move(warning));

        token::Access access = token_.with_pin(context);
        const token::TokenInfo token = token::find_token(access);
        if (!token.serial.empty()) access.token = token.serial;
        token::import_key(access, key.numbers(), address);
        keys::remember_act(context.home_unchecked(),
                           {base::now_unix_ms(), keys::KeyAct::Kind::in_token, address, reason_});
        Json list = Json::array();
        for (const std::string& warning : warnings) list.push(warning);
        return {.document = Json::object({{"address", address},
                                          {"token", token.label},
                                          {"serial", token.serial},
                                          {"warnings", std::move(list)}}),
                .print = [address, label = token.label, warnings](Output& out) {
                    out.line("The key of {} is on the token '{}'.", out.styled(Style::bold, address), label);
                    out.line("It has signed a challenge there, and the token does not give it out.");
                    for (const std::string& warning : warnings) out.line("warning: {}", warning);
                    out.line(
                        "Keep the phrase, shares or wallet file: if the token is lost, nothing else "
                        "brings this key back.");
                }};
    }

    keys::RsaKey key_of_wallet() const {
        const keys::WalletFile file = keys::WalletFile::read(*wallet_);
        const SecretBytes password =
            wallet_password(wallet_password_file_, "Password of the wallet file", false);
        return file.open(password.view());
    }

    keys::RsaKey key_of_phrase(Context& context) const {
        warn_of_secret_argument(context);
        const SecretBytes typed = shares_.empty() ? read_phrase(phrase_, "Seed phrase")
                                                  : combined_phrase(shares_, passphrase_file_);
        if (raw_ && typed.empty()) throw Error(ErrorKind::failed, "the phrase is empty");
        const SecretBytes hashed = raw_ ? keys::normalised(typed.text()) : keys::clean_phrase(typed.text());
        const auto variant = variant_ == "3.9" ? keys::Variant::older_3_9 : keys::Variant::current;
        return keys::derive_key(keys::seed_of_phrase(hashed.view()).view(), variant).key;
    }

    TokenOptions token_;
    std::optional<fs::path> wallet_, wallet_password_file_, passphrase_file_;
    std::optional<std::string> phrase_;
    std::vector<fs::path> shares_;
    std::string variant_ = "current", reason_;
    bool raw_ = false, force_ = false;
};

}  // namespace

std::unique_ptr<Command> keys_token_import_command() {
    return std::make_unique<KeysTokenImportCommand>();
}

}  // namespace bt2c::cli
