#include <unistd.h>

#include <cerrno>

#include "cli/commands.hpp"
#include "cli/token_access.hpp"
#include "crypto/base64.hpp"
#include "crypto/ed25519.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;

/// SHA-256 of a file of any size, or of standard input for "-".
crypto::Digest digest_of(const fs::path& file) {
    const bool is_input = file == "-";
    const platform::Descriptor opened = is_input ? platform::Descriptor() : platform::open_for_reading(file);
    const int fd = is_input ? STDIN_FILENO : opened.get();
    crypto::Sha256 hash;
    base::Bytes piece(1 << 20);
    for (;;) {
        base::throw_if_interrupted();
        const ssize_t got = ::read(fd, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            throw base::system_error(base::format("cannot read {}", base::printable(file.native())), errno);
        if (got == 0) return hash.finish();
        hash.update(base::ByteView(piece).first(static_cast<std::size_t>(got)));
    }
}

class KeysTokenSignCommand final : public Command {
    About about() const override {
        return {
            .name = "keys token sign",
            .summary = "sign a file with a key that is on a hardware token",
            .description =
                "Makes an RSA signature (RSASSA-PKCS1-v1_5 with SHA-256) over a file of any size. The key "
                "stays on the token, which signs the file's hash. The signature is verified before it is "
                "given out: as a line of base64, or with --output as the bytes themselves.",
            .examples = {{"bt2c-dr keys token sign --key bt2c_… message.json", "print the signature"},
                         {"bt2c-dr keys token sign - --output message.sig < message.json",
                          "with the only key that signs; verify with 'openssl dgst -sha256 -verify'"}},
            .exits = {ErrorKind::failed, ErrorKind::wrong_secret}};
    }

    void declare(Options& options) override {
        options.argument(file_, "FILE", "what to sign; '-' for standard input").required = true;
        options.value(key_, "--key", "ADDRESS",
                      "the key's address or label; else the only one on the token that signs");
        options.value(output_, "--output,-o", "FILE", "write the signature there, as bytes");
        token_.declare(options);
    }

    Result run(Context& context) override {
        token::Access access = token_.with_pin(context);
        const token::TokenInfo token = token::find_token(access);
        if (!token.serial.empty()) access.token = token.serial;
        const token::KeyInfo key = find_key(token, key_, [](const token::KeyInfo& candidate) {
            return candidate.has_private && candidate.signs != false &&
                   !crypto::ed25519_from_spki(candidate.public_key);
        });
        const base::Bytes signature = token::sign(access, key.public_key, digest_of(file_));
        if (output_) write(signature);
        const auto address = address_of(key);
        const std::string text = crypto::to_base64(signature);
        return {.document =
                    Json::object({{"address", address ? Json(*address) : Json()},
                                  {"label", key.label},
                                  {"signature", text},
                                  {"output", output_ ? Json(base::printable(output_->native())) : Json()}}),
                .print = [this, text](Output& out) {
                    if (output_)
                        out.line("The signature is written to {}.", base::printable(output_->native()));
                    else
                        out.line("{}", text);
                }};
    }

    void write(const base::Bytes& signature) const {
        platform::DurableFile file(*output_, 0644);
        file.append(signature);
        if (!file.commit(platform::DurableFile::Existing::refuse))
            throw Error(ErrorKind::failed,
                        base::format("{} exists already", base::printable(output_->native())))
                .state("it was not changed")
                .hint("name another file");
    }

    TokenOptions token_;
    fs::path file_;
    std::string key_;
    std::optional<fs::path> output_;
};

}  // namespace

std::unique_ptr<Command> keys_token_sign_command() {
    return std::make_unique<KeysTokenSignCommand>();
}

}  // namespace bt2c::cli
