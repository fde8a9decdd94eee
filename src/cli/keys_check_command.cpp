#include "cli/commands.hpp"
#include "cli/secret_input.hpp"
#include "crypto/base64.hpp"
#include "keys/wallet_file.hpp"

namespace bt2c::cli {
namespace {

using base::ErrorKind;
using base::Json;

class KeysCheckCommand final : public Command {
    About about() const override {
        return {
            .name = "keys check",
            .summary = "see whether a wallet file opens with its password, and holds the key it says",
            .description =
                "Opens a wallet file, of version 1.0 or of the older kind without a version, and proves that "
                "the "
                "key in it is sound and that of the file's address. Nothing is written.\n\n"
                "The password is taken from BT2C_WALLET_PASSWORD, else from --wallet-password-file, else "
                "asked for.",
            .examples = {{"bt2c-dr keys check HOME/wallets/bt2c_….json", "rehearse: is that its password?"}},
            .exits = {ErrorKind::failed, ErrorKind::wrong_secret},
            .if_it_fails = "nothing was changed"};
    }

    void declare(Options& options) override {
        options.argument(file_, "FILE", "the wallet file").required = true;
        options.value(password_file_, "--wallet-password-file", "FILE", "its password, in the first line");
    }

    Result run(Context&) override {
        const keys::WalletFile file = keys::WalletFile::read(file_);
        const crypto::SecretBytes password =
            wallet_password(password_file_, "Password of the wallet file", false);
        const base::Bytes public_key = keys::encode_public_key(file.open(password.view()));
        return {.document = Json::object({{"address", file.address},
                                          {"public_key", crypto::to_base64(public_key)},
                                          {"version", file.versioned ? Json("1.0") : Json()}}),
                .print = [address = file.address, versioned = file.versioned](Output& out) {
                    out.line("The wallet opens; its key is sound, and that of {}.",
                             out.styled(Style::bold, address));
                    if (!versioned)
                        out.line(
                            "It is of the older kind, whose keys do not follow from a phrase: keep the file "
                            "and its "
                            "password, nothing else brings this key back.");
                }};
    }

    std::filesystem::path file_;
    std::optional<std::filesystem::path> password_file_;
};

}  // namespace

std::unique_ptr<Command> keys_check_command() {
    return std::make_unique<KeysCheckCommand>();
}

}  // namespace bt2c::cli
