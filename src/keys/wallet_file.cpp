#include "keys/wallet_file.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "crypto/base64.hpp"
#include "crypto/cbc.hpp"
#include "crypto/pbkdf2.hpp"
#include "crypto/random.hpp"
#include "platform/file.hpp"

namespace bt2c::keys {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorKind;
using base::Json;
using crypto::SecretBytes;

namespace {

constexpr std::size_t wallet_text_bytes_max = 64 << 10;
constexpr std::size_t salt_bytes = 16;
/// PBKDF2 with HMAC-SHA1, which the format does not say but its writer's library had as a default.
constexpr unsigned iterations = 1'000'000;
constexpr std::string_view pem_begin = "-----BEGIN RSA PRIVATE KEY-----\n";
constexpr std::string_view pem_end = "\n-----END RSA PRIVATE KEY-----";
/// An offset within PKCS#1 where the modulus is, for keys of 2048 bits: after the sequence's header, the
/// version, and the modulus's own header and zero.
constexpr std::size_t modulus_offset = 4 + 3 + 4 + 1;

Error damaged(std::string cause) {
    return Error(ErrorKind::failed, "the wallet file is damaged")
        .cause(std::move(cause))
        .hint("take another copy of it, or derive the key from its phrase: 'bt2c-dr recover-keys --force'");
}

Bytes base64_member(const Json& object, std::string_view key) {
    auto bytes = crypto::from_base64(object.string_at(key));
    if (!bytes) throw damaged(base::format("its {} is not base64", key));
    return std::move(*bytes);
}

SecretBytes file_key(const WalletFile& file, ByteView password) {
    if (file.versioned) return crypto::pbkdf2(crypto::Pbkdf2Hash::sha1, password, file.salt, iterations, 32);
    SecretBytes text(password.size() + file.salt_text.size());
    std::ranges::copy(file.salt_text, std::ranges::copy(password, text.data()).out);
    return SecretBytes::copy_of(crypto::sha256(text.view()));
}

/// With the right password most blocks of a damaged file still decrypt, and with a wrong one none does. The
/// modulus is known from the public key; of the older kind's PEM it is known that all of it is text.
bool recognisable(const WalletFile& file, ByteView plain) {
    std::size_t good = 0;
    if (file.versioned) {
        const Bytes n = modulus_of(file.public_key);
        for (std::size_t at = 2 * crypto::cbc_block_bytes;
             at + crypto::cbc_block_bytes <= modulus_offset + n.size(); at += crypto::cbc_block_bytes)
            if (at + crypto::cbc_block_bytes <= plain.size() &&
                std::ranges::equal(plain.subspan(at, crypto::cbc_block_bytes),
                                   ByteView(n).subspan(at - modulus_offset, crypto::cbc_block_bytes)))
                ++good;
    } else {
        for (std::size_t at = 0; at + crypto::cbc_block_bytes <= plain.size(); at += crypto::cbc_block_bytes)
            if (std::ranges::all_of(plain.subspan(at, crypto::cbc_block_bytes), [](std::uint8_t byte) {
                    return byte == '\n' || (byte >= ' ' && byte <= '~');
                }))
                ++good;
    }
    return good > 0;
}

/// The PKCS#1 bytes in the plain text; nothing when its form is not that of the file's kind.
std::optional<SecretBytes> private_key_der(const WalletFile& file, const SecretBytes& plain) {
    const auto padding = crypto::cbc_padding(plain.view());
    if (!padding) return std::nullopt;
    SecretBytes content = plain.first(plain.size() - *padding);
    if (file.versioned) return content;
    std::string_view text = content.text();
    while (text.ends_with('\n')) text.remove_suffix(1);
    if (!text.starts_with(pem_begin) || !text.ends_with(pem_end)) return std::nullopt;
    text.remove_prefix(pem_begin.size());
    if (text.size() < pem_end.size()) return std::nullopt;
    text.remove_suffix(pem_end.size());
    return crypto::from_base64_secret(text);
}

std::size_t characters(ByteView utf8) {
    return static_cast<std::size_t>(
        std::ranges::count_if(utf8, [](std::uint8_t byte) { return (byte & 0xC0U) != 0x80U; }));
}

/// Nothing depends on it, so what is no sound time is as good as none.
std::optional<std::int64_t> creation_time(const Json& json) {
    constexpr std::int64_t year_9999_s = 253'402'300'799;
    try {
        const std::int64_t time_s = json.integer_at("creation_time");
        return time_s >= 0 && time_s <= year_9999_s ? std::optional(time_s) : std::nullopt;
    } catch (const Error&) {
        return std::nullopt;
    }
}

}  // namespace

WalletFile WalletFile::parse(std::string_view text) {
    WalletFile file;
    try {
        const Json json = Json::parse(text);
        const Json* version = json.find("version");
        file.versioned = version && !version->is_null();
        if (file.versioned && json.string_at("version") != "1.0")
            throw Error(ErrorKind::failed, "the wallet file is of an unknown kind")
                .cause(base::format("its version is '{}'", base::printable(json.string_at("version"))));
        file.address = json.string_at("address");
        const Json* sealed = file.versioned ? json.find("encrypted_private_key") : &json;
        if (!sealed || !sealed->is_object()) throw damaged("it has no encrypted_private_key");
        file.salt_text = sealed->string_at("salt");
        file.salt = base64_member(*sealed, "salt");
        file.iv = base64_member(*sealed, "iv");
        file.encrypted_key = base64_member(*sealed, "encrypted_key");
        if (file.versioned) {
            file.public_key = base64_member(json, "public_key");
            crypto::Digest digest{};
            if (const Json* hash = json.find("seed_phrase_hash"); hash && hash->is_string())
                if (base::from_hex(json.string_at("seed_phrase_hash"), digest)) file.phrase_digest = digest;
            file.creation_time_s = creation_time(json);
        } else if (const Json* hint = json.find("seed_phrase_hint"); hint && hint->is_string()) {
            file.phrase_hint = json.string_at("seed_phrase_hint");
        }
    } catch (const Error& error) {
        if (!error.hint().empty() || error.message().starts_with("the wallet file")) throw;
        throw damaged(error.in_full());
    }
    if (!is_address(file.address)) throw damaged("its address is none");
    if (file.iv.size() != crypto::cbc_block_bytes || file.encrypted_key.empty() ||
        file.encrypted_key.size() % crypto::cbc_block_bytes != 0)
        throw damaged("its encrypted key or iv is cut off");
    if (file.versioned) {
        modulus_of(file.public_key);
        if (address_of(file.public_key) != file.address)
            throw damaged("its public key is not the one that its address belongs to");
    }
    return file;
}

WalletFile WalletFile::read(const std::filesystem::path& path) {
    const Bytes contents = platform::read_file(path, wallet_text_bytes_max);
    try {
        return parse(base::as_text(contents));
    } catch (Error& error) {
        if (error.state().empty())
            error.state(base::format("the file is {}", base::printable(path.native())));
        throw;
    }
}

RsaKey WalletFile::open(ByteView password) const {
    const SecretBytes plain = crypto::decrypt_cbc_blocks(file_key(*this, password).view(), iv, encrypted_key);
    const auto der = private_key_der(*this, plain);
    std::optional<RsaKey> key;
    std::string fault = "its encrypted key is altered";
    if (der) try {
            key = decode_pkcs1(der->view());
        } catch (const Error& error) {
            fault = error.cause();
        }
    if (!key) {
        if (recognisable(*this, plain.view())) throw damaged(fault);
        throw Error(ErrorKind::wrong_secret, "the password does not open the wallet file")
            .cause(base::format("the wallet of {} has another password (a damaged salt would look the same)",
                                address))
            .state("the file is whole and as it was")
            .hint(versioned
                      ? "try the other passwords; with the seed phrase 'bt2c-dr recover-keys' makes the "
                        "wallet anew, under a new one"
                      : "try the other passwords: nothing else opens a wallet of this kind");
    }
    if (address_of(encode_public_key(*key)) != address)
        throw damaged("the key in it is sound, but not the one of its address");
    return std::move(*key);
}

void check_wallet_password(ByteView password) {
    if (characters(password) < wallet_password_characters_min)
        throw Error(ErrorKind::usage,
                    base::format("the wallet's password is too short: the chain's tools take "
                                 "{} characters and more",
                                 wallet_password_characters_min));
}

std::string wallet_text(const RsaKey& key, ByteView phrase, ByteView password, std::int64_t creation_time_s) {
    check_wallet_password(password);
    WalletFile file;
    file.versioned = true;
    const auto salt = crypto::random_array<salt_bytes>();
    const auto iv = crypto::random_array<crypto::cbc_block_bytes>();
    file.salt.assign(salt.begin(), salt.end());
    const Bytes sealed = crypto::encrypt_cbc(file_key(file, password).view(), iv, encode_pkcs1(key).view());
    const Bytes public_key = encode_public_key(key);
    const Json json =
        Json::object({{"address", address_of(public_key)},
                      {"public_key", crypto::to_base64(public_key)},
                      {"encrypted_private_key", Json::object({{"salt", crypto::to_base64(salt)},
                                                              {"iv", crypto::to_base64(iv)},
                                                              {"encrypted_key", crypto::to_base64(sealed)}})},
                      {"seed_phrase_hash", base::to_hex(crypto::sha256(phrase))},
                      {"version", "1.0"},
                      {"creation_time", creation_time_s}});
    return json.dump(true);
}

}  // namespace bt2c::keys
