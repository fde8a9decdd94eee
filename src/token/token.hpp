#pragma once
// Keys that stay in hardware: tokens (smart cards, security modules) behind a PKCS#11 module (OASIS, PKCS#11
// Cryptographic Token Interface 2.40).
//
// A module is foreign code that the operator names. Each call here runs it in a process of its own, so that
// one that crashes, hangs, prints or exits ends in an Error. What it says is bounded and checked here.
//
// All functions throw Error(failed) when the module cannot be used or the token refuses, with what is known
// of the reason; Error(wrong_secret) for a wrong or locked PIN; Error(interrupted) when this process is asked
// to stop. To be called from one thread, while no other holds locks that a forked child would need.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "crypto/hash.hpp"
#include "crypto/rsa.hpp"
#include "crypto/secret.hpp"

namespace bt2c::token {

/// Which token, through which module.
struct Access {
    std::filesystem::path module;
    std::string token = {};  ///< its label or serial number; empty: the only one that is initialised
    /// The user's PIN. An empty one leaves it to the keypad of a reader that has one.
    std::optional<crypto::SecretBytes> pin = {};
    int timeout_ms = 60'000;  ///< of each call; making a key takes a smart card half a minute
};

/// An RSA or Ed25519 key on a token: its private object, its public one, or both.
struct KeyInfo {
    std::string label;       ///< printable
    base::Bytes id;          ///< CKA_ID
    base::Bytes public_key;  ///< SubjectPublicKeyInfo (RFC 5280, 4.1.2.7); empty where the token keeps silent
    bool has_private = false;                                     ///< as far as the session may see
    std::optional<bool> signs, decrypts, sensitive, extractable;  ///< of the private object
};

struct TokenInfo {
    std::string label, serial, manufacturer, model;  ///< printable
    bool logged_in = false;                          ///< else only what is public is known
    std::string pin_warning;                         ///< few tries left; empty when all is well
    std::vector<KeyInfo> keys;
};

/// The token that `access` names, or all when it names none. With a PIN, and one token only, private keys
/// too.
std::vector<TokenInfo> list_tokens(const Access& access);
/// The token that `access` stands for, with its private keys when there is a PIN. Throws Error(failed) naming
/// those that are there when it is none or several of them, as all functions below do.
TokenInfo find_token(const Access& access);

/// Brings a key onto the token, sensitive and not extractable, to sign only; and its public key. Both have
/// the first 20 bytes of SHA-256 of the public key as their id. The token then has to say that it keeps the
/// key to itself, and to sign a challenge; if it does not, both are removed again. A key that is there in any
/// form is refused. When the module dies in between, a part may be left; remove_key() takes that away.
void import_key(const Access& access, const crypto::RsaPrivateNumbers& key, const std::string& label);

/// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2.1) by the private key of that public key. The signature has
/// been verified.
base::Bytes sign(const Access& access, base::ByteView public_key, const crypto::Digest& digest);

/// Destroys the private and the public object of that public key; how many there were, at least one.
unsigned remove_key(const Access& access, base::ByteView public_key);

/// A key pair that was made on a token.
struct NewKey {
    std::string token_label, token_serial;
    base::Bytes id, public_key;
};
/// Makes an RSA key pair of 2048 bits on the token: sensitive, not extractable, to decrypt only.
NewKey generate_key(const Access& access, const std::string& label);

/// Makes an Ed25519 key pair (PKCS#11 3.0) on the token: sensitive, not extractable, to sign only. The token
/// has signed a challenge with it. `public_key` is the 32 bytes of the key.
NewKey generate_ed25519_key(const Access& access, const std::string& label);
/// Ed25519 by the private key of that public key, of 32 bytes. The signature has been verified.
base::Bytes sign_ed25519(const Access& access, base::ByteView public_key, base::ByteView message);

/// Undoes crypto::encrypt_oaep() with the private key of that public key.
crypto::SecretBytes decrypt(const Access& access, base::ByteView public_key, base::ByteView sealed);

}  // namespace bt2c::token
