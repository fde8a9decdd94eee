#include "cli/token_access.hpp"

#include <cstdlib>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/secret_input.hpp"
#include "cli/secret_prompt.hpp"
#include "keys/rsa_key.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;

void TokenOptions::declare(Options& options) {
    options.value(module_, "--module", "FILE", "the token's PKCS#11 library; else token.module of dr.toml");
    options.value(token_, "--token", "LABEL",
                  "the token's label or serial number; else token.label of dr.toml, else the only one");
    options.value(pin_file_, "--pin-file", "FILE", "the token's PIN, in the first line");
}

token::Access TokenOptions::without_pin(Context& context) const {
    token::Access access;
    access.module = module_ ? *module_ : context.settings().token_module;
    if (access.module.empty())
        throw Error(ErrorKind::usage, "no PKCS#11 module is named")
            .hint("name the token's library with --module, or as 'module' in the table [token] of dr.toml");
    access.token = token_.empty() ? context.settings().token_label : token_;
    return access;
}

token::Access TokenOptions::with_given_pin(Context& context) const {
    token::Access access = without_pin(context);
    fs::path file = context.settings().token_pin_file;
    if (const char* named = std::getenv("BT2C_TOKEN_PIN_FILE"); named && *named) file = named;
    if (pin_file_) file = *pin_file_;
    if (!file.empty()) access.pin = read_secret_file(file);
    return access;
}

token::Access TokenOptions::with_pin(Context& context, const std::string& serial) const {
    token::Access access = with_given_pin(context);
    if (token_.empty() && !serial.empty()) access.token = serial;
    if (access.pin) return access;
    const token::TokenInfo token = token::find_token(access);
    if (!token.serial.empty()) access.token = token.serial;
    access.pin = ask_pin(context, token);
    if (!access.pin)
        throw Error(ErrorKind::usage, "no PIN was given, and there is no terminal to ask on")
            .hint(
                "name a file that holds it with --pin-file, BT2C_TOKEN_PIN_FILE, or token.pin_file in "
                "dr.toml");
    return access;
}

std::optional<crypto::SecretBytes> ask_pin(Context& context, const token::TokenInfo& token) {
    if (!token.pin_warning.empty())
        context.progress().note(base::format("token '{}': {}", token.label, token.pin_warning));
    return ask_secret(base::format("PIN of the token '{}'", token.label));
}

std::optional<std::string> address_of(const token::KeyInfo& key) {
    if (!keys::is_public_key(key.public_key)) return std::nullopt;
    return keys::address_of(key.public_key);
}

token::KeyInfo find_key(const token::TokenInfo& token, const std::string& name,
                        const std::function<bool(const token::KeyInfo&)>& fits) {
    std::vector<const token::KeyInfo*> matching;
    std::string others;
    for (const token::KeyInfo& key : token.keys) {
        if (key.public_key.empty() || !fits(key)) continue;
        const std::string called = address_of(key).value_or(key.label);
        others += base::format("{}{}", others.empty() ? "" : ", ", called);
        if (name.empty() || name == called || name == key.label) matching.push_back(&key);
    }
    if (matching.size() == 1) return *matching.front();
    Error error(ErrorKind::failed, !matching.empty() ? std::string("several keys of the token fit")
                                   : name.empty()
                                       ? base::format("the token '{}' has no such key", token.label)
                                       : base::format("the token '{}' has no such key '{}'", token.label,
                                                      base::printable(name)));
    if (!others.empty()) error.cause("there are: " + others);
    throw error.state("nothing was changed").hint("name one by its address: --key ADDRESS");
}

}  // namespace bt2c::cli
