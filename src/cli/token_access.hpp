#pragma once
// Options by which an operator says which token is meant, and how its PIN is given.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "cli/context.hpp"
#include "cli/options.hpp"
#include "token/token.hpp"

namespace bt2c::cli {

class TokenOptions {
 public:
    /// --module, --token, --pin-file
    void declare(Options& options);
    /// Whether one of them was.
    bool given() const { return module_ || pin_file_ || !token_.empty(); }

    /// The token, without its PIN: from the options, else from dr.toml. Throws Error(usage) when neither
    /// names a module.
    token::Access without_pin(Context& context) const;
    /// With the PIN as far as it is given: --pin-file, else BT2C_TOKEN_PIN_FILE, else token.pin_file.
    token::Access with_given_pin(Context& context) const;
    /// With the PIN, asked for on the terminal where it is not given. Which token it is for is settled first,
    /// so that the question can name it, and no PIN is tried on another. Throws Error(usage) when there is no
    /// terminal to ask on.
    /// @param serial the token to take unless --token names another; empty: any
    token::Access with_pin(Context& context, const std::string& serial = {}) const;

 private:
    std::optional<std::filesystem::path> module_, pin_file_;
    std::string token_;
};

/// The PIN of a token, asked for on the terminal after a warning of few tries left; nothing when there is no
/// terminal to ask on.
std::optional<crypto::SecretBytes> ask_pin(Context& context, const token::TokenInfo& token);

/// The address of a key of the chain's kind; nothing for another.
std::optional<std::string> address_of(const token::KeyInfo& key);

/// The one key that is called `name` (an address or a label) and fits; of those that fit the only one when
/// the name is empty. Throws Error(failed) naming those that there are.
token::KeyInfo find_key(const token::TokenInfo& token, const std::string& name,
                        const std::function<bool(const token::KeyInfo&)>& fits);

}  // namespace bt2c::cli
