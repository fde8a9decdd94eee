#pragma once
// The keys of those who sign orders: HOME/keys/emergency-NAME.json. The private part is in the file, under a
// password, or on a token.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/home.hpp"
#include "crypto/password.hpp"
#include "crypto/secret.hpp"
#include "network/order.hpp"
#include "token/token.hpp"

namespace bt2c::network {

/// What stands in a key's file.
struct SignerFile {
    std::string name;
    base::Bytes public_key;  ///< Ed25519
    /// The seed: sealed by the key that Argon2id makes of the password. Empty where a token has it.
    crypto::Argon2Cost cost;
    base::Bytes salt, sealed_seed;
    std::string token_label, token_serial;  ///< of the token; empty where there is none

    bool on_token() const { return sealed_seed.empty(); }
    std::string text() const;
    /// Throws Error(failed) when it is malformed.
    static SignerFile parse(std::string_view json);
    static SignerFile read(const std::filesystem::path& file);

    /// The signer by a password. Throws Error(wrong_secret) when it is not this file's; Error(failed) when
    /// the key is on a token or not that of the file's public key. Takes a quarter of a second.
    OrderSigner open(base::ByteView password) const;
    /// The signer by the token that `access` names, with its PIN.
    OrderSigner open(token::Access access) const;
};

std::filesystem::path signer_file(const config::Home& home, std::string_view name);
/// The signers of a home, by name: those whose file has the name of one.
std::vector<std::string> signer_names(const config::Home& home);

/// Throws Error(usage) when `name` is no name, Error(failed) when there is such a signer.
void check_new_signer(const config::Home& home, const std::string& name);

/// Makes a key under a password, and its file (mode 0600), durably. Throws as
/// check_new_signer(), and Error(usage) when the password has fewer than 12 characters.
SignerFile create_signer(const config::Home& home, const std::string& name, base::ByteView password);
/// The same with a key that is made on a token and stays there. When the file cannot be written, the key is
/// removed from the token again.
SignerFile create_token_signer(const config::Home& home, const std::string& name,
                               const token::Access& access);

/// The member's lines for emergency-policy.toml.
std::string member_block(const SignerFile& signer);

}  // namespace bt2c::network
