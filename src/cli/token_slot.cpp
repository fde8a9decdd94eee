#include "cli/token_slot.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/rsa.hpp"
#include "keys/rsa_key.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using crypto::SecretBytes;
using repository::Secret;
using repository::SlotInfo;
using repository::SlotKind;
using repository::TokenKey;

namespace {

constexpr std::size_t secret_bytes = 32;

SlotInfo store_slot(const token::Access& access, const token::NewKey& key,
                    const repository::Repository& repository, const std::string& label) {
    if (!keys::is_public_key(key.public_key) || key.token_serial.empty())
        throw Error(ErrorKind::failed, "cannot use the key that the token made")
            .cause("it is no RSA key of 2048 bits, or the token has no serial number");
    const SecretBytes secret = SecretBytes::random(secret_bytes);
    const base::Bytes wrapped = crypto::encrypt_oaep(key.public_key, secret.view());
    if (!crypto::equal(token::decrypt(access, key.public_key, wrapped).view(), secret.view()))
        throw Error(ErrorKind::failed, "the token does not decrypt what was encrypted to its key");
    return repository::add_slot(repository.location(), repository.id(), repository.keys().master(),
                                {SlotKind::token, secret.copy()},
                                label.empty() ? base::format("token {}", key.token_label) : label,
                                TokenKey{key.token_label, key.token_serial, key.id, key.public_key, wrapped});
}

/// Whether a token that is there is the one of a slot, and the one that dr.toml names.
bool is_token_of(const token::TokenInfo& token, const TokenKey& key, const std::string& wanted) {
    return token.serial == key.token_serial &&
           (wanted.empty() || token.label == wanted || token.serial == wanted);
}

SecretBytes secret_of(const token::Access& access, const TokenKey& key) {
    SecretBytes secret = token::decrypt(access, key.public_key, key.wrapped_secret);
    if (secret.size() == secret_bytes) return secret;
    throw Error(ErrorKind::failed, "the token's key does not open the repository")
        .cause(base::format("it decrypts {} bytes where {} are expected", secret.size(), secret_bytes));
}

/// The PIN of a token that opens the repository.
SecretBytes pin_of(Context& context, const token::TokenInfo& token) {
    auto typed = ask_pin(context, token);
    if (typed) return std::move(*typed);
    throw Error(ErrorKind::wrong_secret, "cannot open the repository: no password, key file or PIN was given")
        .cause(base::format("the token '{}' opens it, but there is no terminal to ask for its PIN on",
                            token.label))
        .hint("name a file that holds the PIN in BT2C_TOKEN_PIN_FILE or as token.pin_file in dr.toml");
}

/// The secret by the first slot whose token is there and has its key.
std::optional<Secret> secret_by(Context& context, const std::vector<SlotInfo>& slots) {
    const TokenOptions none_given;
    token::Access access = none_given.with_given_pin(context);
    const std::string wanted = std::move(access.token);
    const std::vector<token::TokenInfo> tokens = token::list_tokens({.module = access.module});
    std::optional<Error> failure;
    for (const SlotInfo& slot : slots) {
        const auto there = std::ranges::find_if(
            tokens, [&](const auto& token) { return is_token_of(token, *slot.token, wanted); });
        if (there == tokens.end()) continue;
        // One PIN for one token: never the PIN that was typed for another.
        if (!access.pin || (!access.token.empty() && access.token != there->serial))
            access.pin = pin_of(context, *there);
        access.token = there->serial;
        try {
            return Secret{SlotKind::token, secret_of(access, *slot.token)};
        } catch (const Error& error) {
            // The slot of a key that was removed from its token is no reason not to try another.
            if (error.kind() != ErrorKind::failed) throw;
            failure = error;
        }
    }
    if (failure) throw *failure;
    context.progress().note(
        base::format("the token '{}' (serial {}) would open the repository, but it is not there",
                     slots[0].token->token_label, slots[0].token->token_serial));
    return std::nullopt;
}

}  // namespace

SlotInfo add_token_slot(Context& context, const TokenOptions& options,
                        const repository::Repository& repository, const std::string& label) {
    token::Access access = options.with_pin(context);
    const token::NewKey key =
        token::generate_key(access, base::format("bt2c repository {}", repository.id().brief()));
    access.token = key.token_serial.empty() ? access.token : key.token_serial;
    try {
        return store_slot(access, key, repository, label);
    } catch (Error& error) {
        try {
            token::remove_key(access, key.public_key);
            error.state("no key was added");
        } catch (const Error& left) {
            error.state(
                base::format("no key was added to the repository, but the new key on the token could not "
                             "be removed: {}",
                             left.message()));
        }
        throw;
    }
}

std::optional<Secret> secret_from_token(Context& context, storage::Location& location) {
    if (context.settings().token_module.empty()) return std::nullopt;
    auto [slots, damaged, unread] = repository::list_slots(location);
    std::erase_if(slots, [](const SlotInfo& slot) { return !slot.token; });
    if (slots.empty()) {
        repository::require_all_read(unread);
        return std::nullopt;
    }
    try {
        return secret_by(context, slots);
    } catch (Error& error) {
        if (error.state().empty()) error.state("nothing was read or changed");
        error.hint(
            base::format("{}{}set BT2C_REPO_PASSWORD to the password or the 24-word recovery phrase to do "
                         "without the token",
                         error.hint(), error.hint().empty() ? "" : "; or "));
        throw;
    }
}

}  // namespace bt2c::cli
