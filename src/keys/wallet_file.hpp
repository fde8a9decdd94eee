#pragma once
// Wallet files of the chain's own tools: an RSA key under a password, as JSON. Two kinds are read,
// version 1.0 of the deterministic key manager and the older one without a version; the first is written.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "crypto/hash.hpp"
#include "keys/rsa_key.hpp"

namespace bt2c::keys {

/// What stands in a wallet file for all to read.
struct WalletFile {
    bool versioned = false;  ///< version 1.0; the older kind has neither public key nor hash
    std::string address;
    base::Bytes public_key;  ///< SubjectPublicKeyInfo; empty in the older kind
    base::Bytes salt, iv, encrypted_key;
    std::string salt_text;                        ///< as written: the older kind's key follows from the text
    std::optional<crypto::Digest> phrase_digest;  ///< SHA-256 of the phrase as it was typed
    std::optional<std::int64_t> creation_time_s;  ///< Unix time; of version 1.0
    std::string phrase_hint;                      ///< the phrase's first word, in the older kind

    /// Throws Error(failed) with what is wrong; a public key that is not the address's is.
    static WalletFile parse(std::string_view json);
    /// parse() of a file of at most 64 KiB.
    static WalletFile read(const std::filesystem::path& path);

    /// The key in it. Throws Error(wrong_secret) when the password is not the file's, and Error(failed) when
    /// the file is damaged, or holds a key that is not that of its address. The format has no authentication:
    /// the two are told apart by what of the key can be recognised. A damaged salt looks like a wrong
    /// password. Takes half a second in version 1.0.
    RsaKey open(base::ByteView password) const;
};

/// The fewest characters that the chain's tools take for a new wallet's password.
constexpr std::size_t wallet_password_characters_min = 12;

/// Throws Error(usage) when a password, UTF-8, has fewer.
void check_wallet_password(base::ByteView password);

/// A wallet file of version 1.0, byte for byte as the chain's key manager would write it.
/// @param phrase as it was typed; its plain SHA-256 becomes part of the file, as the format has it
/// @param password as check_wallet_password() takes it
std::string wallet_text(const RsaKey& key, base::ByteView phrase, base::ByteView password,
                        std::int64_t creation_time_s);

}  // namespace bt2c::keys
