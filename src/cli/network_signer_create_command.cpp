#include "cli/commands.hpp"
#include "cli/secret_input.hpp"
#include "cli/token_access.hpp"
#include "crypto/base64.hpp"
#include "network/signer.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;

class NetworkSignerCreateCommand final : public Command {
    About about() const override {
        return {
            .name = "network signer create",
            .summary = "make a key that signs orders to pause and resume a network",
            .description =
                "Makes an Ed25519 key for a member of the response team, and HOME/keys/emergency-NAME.json. "
                "The key is in that file under a password of 12 characters at least (BT2C_SIGNER_PASSWORD, "
                "else the first line of the file BT2C_SIGNER_PASSWORD_FILE, else asked for); with "
                "--on-token it is made on a hardware token and never leaves that.\n\n"
                "It prints the member's lines for HOME/config/emergency-policy.toml of every node: public, "
                "but to be brought there by a way that nobody can change them on.",
            .examples = {{"bt2c-dr network signer create alice", "a key under a password"},
                         {"bt2c-dr network signer create bob --on-token --token 'bob card'",
                          "a key on a hardware token"}},
            .exits = {ErrorKind::failed, ErrorKind::wrong_secret}};
    }

    void declare(Options& options) override {
        options.argument(name_, "NAME", "the member's name: letters, digits, '-', '_' and '.'").required =
            true;
        options.flag(on_token_, "--on-token", "make the key on a hardware token");
        token_.declare(options);
    }

    Result run(Context& context) override {
        const config::Home& home = context.home_unchecked();  // a member's machine need not have one yet
        if (!on_token_ && token_.given())
            throw Error(ErrorKind::usage, "--module, --token and --pin-file are for --on-token only");
        const network::SignerFile signer = on_token_ ? make_on_token(context) : make_in_file(home);
        const std::string file = base::printable(network::signer_file(home, name_).native());
        const std::string block = network::member_block(signer);
        return {.document = Json::object({{"name", signer.name},
                                          {"public_key", crypto::to_base64(signer.public_key)},
                                          {"file", file},
                                          {"token", signer.on_token() ? Json(signer.token_label) : Json()},
                                          {"member", block}}),
                .print = [=](Output& out) {
                    out.line("The key of {} is made: {}", signer.name, file);
                    if (signer.on_token())
                        out.line("It is on the token '{}' (serial {}).", base::printable(signer.token_label),
                                 base::printable(signer.token_serial));
                    out.line(
                        "These lines belong into config/emergency-policy.toml of every node; say there "
                        "what {} may do:",
                        signer.name);
                    out.line();
                    out.raw(block);
                }};
    }

    network::SignerFile make_in_file(const config::Home& home) const {
        network::check_new_signer(home, name_);
        const crypto::SecretBytes password =
            signer_password(base::format("New password for the key of {}", name_), true);
        return network::create_signer(home, name_, password.view());
    }

    network::SignerFile make_on_token(Context& context) const {
        network::check_new_signer(context.home_unchecked(), name_);
        return network::create_token_signer(context.home_unchecked(), name_, token_.with_pin(context));
    }

    std::string name_;
    bool on_token_ = false;
    TokenOptions token_;
};

}  // namespace

std::unique_ptr<Command> network_signer_create_command() {
    return std::make_unique<NetworkSignerCreateCommand>();
}

}  // namespace bt2c::cli
