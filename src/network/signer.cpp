#include "network/signer.hpp"

#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "crypto/base64.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/random.hpp"
#include "crypto/seal.hpp"
#include "platform/file.hpp"

namespace bt2c::network {

namespace fs = std::filesystem;
using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::format;
using base::Json;
using base::printable;
using crypto::SecretBytes;

namespace {

constexpr std::string_view kind = "bt2c order signer";
constexpr int version = 1;
constexpr std::uint64_t file_bytes_max = 16 << 10;
constexpr std::string_view file_prefix = "emergency-", file_suffix = ".json";
constexpr unsigned file_mode = 0600;
constexpr std::size_t password_characters_min = 12;
/// The key that seals is made anew for each file, and seals one message.
constexpr std::uint64_t seal_number = 0;

Error unsound(std::string cause) {
    return Error(ErrorKind::failed, "the signer's key file is damaged").cause(std::move(cause));
}

Bytes bytes_at(const Json& json, std::string_view key) {
    auto bytes = crypto::from_base64(json.string_at(key));
    if (!bytes) throw unsound(format("its {} is not base64", key));
    return std::move(*bytes);
}

SignerFile read_members(const Json& json) {
    if (json.string_at("kind") != kind || json.integer_at("version") != version)
        throw unsound("it is no key of a signer, or of a version that this program does not know");
    SignerFile file;
    file.name = json.string_at("name");
    file.public_key = bytes_at(json, "public_key");
    if (!config::is_emergency_name(file.name) || file.public_key.size() != crypto::ed25519_public_bytes)
        throw unsound("its name or public key has not the right form");
    if (const Json* token = json.find("token")) {
        file.token_label = token->string_at("label");
        file.token_serial = token->string_at("serial");
        return file;
    }
    const Json& password = json.at("argon2id");
    file.cost = {password.unsigned_at("passes"), password.unsigned_at("memory_bytes")};
    file.salt = bytes_at(password, "salt");
    file.sealed_seed = bytes_at(json, "sealed_seed");
    if (!crypto::is_sound(file.cost) || file.salt.size() != crypto::argon2_salt_bytes ||
        file.sealed_seed.size() != crypto::ed25519_seed_bytes + crypto::seal_tag_bytes)
        throw unsound("its sealed key has not the right form");
    return file;
}

void check_password(base::ByteView password) {
    const auto characters =
        std::ranges::count_if(password, [](std::uint8_t byte) { return (byte & 0xC0U) != 0x80U; });
    if (static_cast<std::size_t>(characters) < password_characters_min)
        throw Error(ErrorKind::usage,
                    format("the password is too short: it has {} characters, and {} are needed", characters,
                           password_characters_min))
            .state("no key was made");
}

void store(const config::Home& home, const SignerFile& signer) {
    platform::durable_mkdir(home.keys(), 0700);
    const fs::path path = signer_file(home, signer.name);
    platform::DurableFile file(path, file_mode);
    file.append(base::as_bytes(signer.text() + "\n"));
    platform::give_to_owner_of(home.keys(), file.fd());
    if (!file.commit(platform::DurableFile::Existing::refuse))
        throw Error(ErrorKind::failed, format("there is a signer '{}' already", signer.name))
            .cause(printable(path.native()));
}

}  // namespace

std::string SignerFile::text() const {
    Json json = Json::object({{"kind", kind},
                              {"version", version},
                              {"name", name},
                              {"public_key", crypto::to_base64(public_key)}});
    if (on_token())
        return json.set("token", Json::object({{"label", token_label}, {"serial", token_serial}})).dump();
    json.set("argon2id", Json::object({{"passes", cost.passes},
                                       {"memory_bytes", cost.memory_bytes},
                                       {"salt", crypto::to_base64(salt)}}));
    return json.set("sealed_seed", crypto::to_base64(sealed_seed)).dump();
}

SignerFile SignerFile::parse(std::string_view text) {
    try {
        return read_members(Json::parse(text));
    } catch (const Error& error) {
        if (error.message().starts_with("the signer")) throw;
        throw unsound(error.in_full());
    }
}

SignerFile SignerFile::read(const fs::path& file) {
    return parse(base::as_text(platform::read_file(file, file_bytes_max)));
}

OrderSigner SignerFile::open(base::ByteView password) const {
    if (on_token())
        throw Error(ErrorKind::failed,
                    format("the key of '{}' is on the token '{}'", name, printable(token_label)));
    const SecretBytes key = crypto::argon2id(password, salt, cost, crypto::seal_key_bytes);
    const auto seed = std::make_shared<SecretBytes>(crypto::ed25519_seed_bytes);
    if (!crypto::unseal(key, seal_number, sealed_seed, seed->bytes()))
        throw Error(ErrorKind::wrong_secret, format("the password is not that of the signer '{}'", name))
            .cause("or its file is damaged: the two cannot be told apart")
            .hint(
                "the password is taken from BT2C_SIGNER_PASSWORD_FILE or BT2C_SIGNER_PASSWORD, else asked "
                "for");
    if (crypto::ed25519_public_key(*seed) != public_key)
        throw unsound("its key is not that of its public key");
    return {name, public_key,
            [seed](base::ByteView message) { return crypto::sign_ed25519(*seed, message); }};
}

OrderSigner SignerFile::open(token::Access access) const {
    const auto kept = std::make_shared<const token::Access>(std::move(access));
    return {name, public_key, [kept, key = public_key](base::ByteView message) {
                return token::sign_ed25519(*kept, key, message);
            }};
}

fs::path signer_file(const config::Home& home, std::string_view name) {
    return home.keys() / format("{}{}{}", file_prefix, name, file_suffix);
}

std::vector<std::string> signer_names(const config::Home& home) {
    std::vector<std::string> names;
    if (!fs::exists(home.keys())) return names;
    for (const auto& entry : fs::directory_iterator(home.keys())) {
        const std::string file = entry.path().filename().native();
        if (!file.starts_with(file_prefix) || !file.ends_with(file_suffix) ||
            file.size() <= file_prefix.size() + file_suffix.size())
            continue;
        names.push_back(
            file.substr(file_prefix.size(), file.size() - file_prefix.size() - file_suffix.size()));
    }
    std::ranges::sort(names);
    return names;
}

void check_new_signer(const config::Home& home, const std::string& name) {
    if (!config::is_emergency_name(name))
        throw Error(
            ErrorKind::usage,
            format("'{}' is no name of a signer: 1 to 64 letters, digits, '-', '_' or '.'", printable(name)));
    const fs::path file = signer_file(home, name);
    if (fs::exists(fs::symlink_status(file)))
        throw Error(ErrorKind::failed, format("there is a signer '{}' already", name))
            .cause(printable(file.native()))
            .state("no key was made")
            .hint("take another name, or move the file away");
}

SignerFile create_signer(const config::Home& home, const std::string& name, base::ByteView password) {
    check_new_signer(home, name);
    check_password(password);
    const SecretBytes seed = crypto::new_ed25519_seed();
    const auto salt = crypto::random_array<crypto::argon2_salt_bytes>();
    SignerFile signer;
    signer.name = name;
    signer.public_key = crypto::ed25519_public_key(seed);
    signer.salt.assign(salt.begin(), salt.end());
    signer.sealed_seed.resize(seed.size() + crypto::seal_tag_bytes);
    crypto::Sealer(crypto::argon2id(password, salt, signer.cost, crypto::seal_key_bytes))
        .seal(seal_number, seed.view(), signer.sealed_seed);
    store(home, signer);
    return signer;
}

SignerFile create_token_signer(const config::Home& home, const std::string& name,
                               const token::Access& access) {
    check_new_signer(home, name);
    const token::NewKey key = token::generate_ed25519_key(access, format("bt2c signer {}", name));
    SignerFile signer;
    signer.name = name;
    signer.public_key = key.public_key;
    signer.token_label = key.token_label;
    signer.token_serial = key.token_serial;
    try {
        store(home, signer);
    } catch (Error& error) {
        try {
            token::remove_key(access, crypto::ed25519_to_spki(key.public_key));
            error.state("the new key was removed from the token again");
        } catch (const Error& left) {
            error.state(format("the new key is still on the token: {}", left.message()));
        }
        throw;
    }
    return signer;
}

std::string member_block(const SignerFile& signer) {
    return format("[[member]]\nname = \"{}\"\npublic_key = \"{}\"\nmay = [\"pause\", \"resume\"]\n",
                  signer.name, crypto::to_base64(signer.public_key));
}

}  // namespace bt2c::network
