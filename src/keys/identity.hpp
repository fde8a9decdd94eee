#pragma once
// What is known of a key that is looked for.

#include <filesystem>
#include <optional>
#include <string>

#include "crypto/hash.hpp"
#include "keys/derive_key.hpp"
#include "keys/wallet_file.hpp"

namespace bt2c::keys {

/// At least the address; the more is known, the cheaper a wrong phrase is told.
struct KeyIdentity {
    std::string address;
    std::optional<base::Bytes> modulus;           ///< of 2048 bits
    std::optional<crypto::Digest> phrase_digest;  ///< SHA-256 of the phrase, out of a wallet file
};

/// Throws Error(usage) unless the text is an address.
KeyIdentity identity_of_address(std::string_view address);
KeyIdentity identity_of_wallet(const WalletFile& wallet);
/// Of a public key as base64, PEM or DER (SubjectPublicKeyInfo). Throws Error(failed).
KeyIdentity identity_of_public_key(base::ByteView text);

/// The key of a phrase, when it is the one of that identity; cheap tests come before the derivation.
/// @param phrase as the chain's tools would hash it
std::optional<RsaKey> matching_key(base::ByteView phrase, const KeyIdentity& identity,
                                   Variant variant = Variant::current);

}  // namespace bt2c::keys
