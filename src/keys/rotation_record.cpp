#include "keys/rotation_record.hpp"

#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/base64.hpp"
#include "crypto/rsa.hpp"
#include "platform/file.hpp"

namespace bt2c::keys {

namespace fs = std::filesystem;
using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::Json;

namespace {

constexpr std::string_view purpose = "bt2c key rotation";
constexpr int version = 1;
constexpr std::size_t reason_bytes_max = 1000;
constexpr std::uint64_t record_bytes_max = 64 << 10;
constexpr unsigned record_mode = 0600;

Error unsound_record(std::string cause) {
    return Error(ErrorKind::failed, "the rotation record is damaged").cause(std::move(cause));
}

Json signed_members(const RotationRecord& record) {
    return Json::object({{"purpose", purpose},
                         {"version", version},
                         {"network", record.network},
                         {"genesis_hash", record.genesis_hash},
                         {"old_address", record.old_address()},
                         {"old_public_key", crypto::to_base64(record.old_public_key)},
                         {"new_address", record.new_address()},
                         {"new_public_key", crypto::to_base64(record.new_public_key)},
                         {"compromised", record.compromised},
                         {"reason", record.reason},
                         {"rotated_at", base::format_utc(record.rotated_at)}});
}

Bytes bytes_at(const Json& json, std::string_view key) {
    auto bytes = crypto::from_base64(json.string_at(key));
    if (!bytes) throw unsound_record(base::format("its {} is not base64", key));
    return std::move(*bytes);
}

Bytes public_key_at(const Json& json, std::string_view key, std::string_view address) {
    Bytes public_key = bytes_at(json, key);
    modulus_of(public_key);
    if (address_of(public_key) != json.string_at(address))
        throw unsound_record(base::format("its {} is not that of its {}", key, address));
    return public_key;
}

void check_reason(const std::string& reason) {
    if (reason.size() > reason_bytes_max)
        throw Error(ErrorKind::usage, base::format("the reason is longer than {} bytes", reason_bytes_max));
}

RotationRecord read(std::string_view text) {
    const Json json = Json::parse(text);
    if (json.string_at("purpose") != purpose || json.integer_at("version") != version)
        throw unsound_record(
            "it is no record of a key rotation, or of a version that this program does not know");
    RotationRecord record;
    record.network = json.string_at("network");
    record.genesis_hash = json.string_at("genesis_hash");
    record.old_public_key = public_key_at(json, "old_public_key", "old_address");
    record.new_public_key = public_key_at(json, "new_public_key", "new_address");
    record.compromised = json.bool_at("compromised");
    record.reason = json.string_at("reason");
    const auto rotated_at = base::parse_utc(json.string_at("rotated_at"));
    if (!rotated_at) throw unsound_record("its rotated_at is no time");
    record.rotated_at = *rotated_at;
    record.old_signature = bytes_at(json, "old_signature");
    record.new_signature = bytes_at(json, "new_signature");
    check_reason(record.reason);
    return record;
}

}  // namespace

Signer signer_of(const RsaKey& key) {
    const auto kept = std::make_shared<const RsaKey>(key.copy());
    return {encode_public_key(key),
            [kept](base::ByteView message) { return crypto::sign_pkcs1_sha256(kept->numbers(), message); }};
}

std::string RotationRecord::signed_text() const {
    return signed_members(*this).dump();
}

std::string RotationRecord::text() const {
    Json json = signed_members(*this);
    json.set("old_signature", crypto::to_base64(old_signature));
    json.set("new_signature", crypto::to_base64(new_signature));
    return json.dump();
}

RotationRecord RotationRecord::parse(std::string_view text) {
    RotationRecord record;
    try {
        record = read(text);
    } catch (const Error& error) {
        if (error.message().starts_with("the rotation record")) throw;
        throw unsound_record(error.in_full());
    }
    if (record.old_public_key == record.new_public_key) throw unsound_record("it rotates a key to itself");
    const std::string message = record.signed_text();
    for (const auto& [who, key, signature] : {std::tuple("old", record.old_public_key, record.old_signature),
                                              std::tuple("new", record.new_public_key, record.new_signature)})
        if (!crypto::verify_pkcs1_sha256(key, base::as_bytes(message), signature))
            throw Error(ErrorKind::wrong_secret, "the rotation record is not valid")
                .cause(base::format("the signature of the {} key does not verify", who));
    return record;
}

void sign_rotation(RotationRecord& record, const Signer& old_key, const Signer& new_key) {
    check_reason(record.reason);
    record.old_public_key = old_key.public_key;
    record.new_public_key = new_key.public_key;
    const std::string message = record.signed_text();
    record.old_signature = old_key.sign(base::as_bytes(message));
    record.new_signature = new_key.sign(base::as_bytes(message));
}

RotationRecord read_rotation_record(const fs::path& file) {
    return RotationRecord::parse(base::as_text(platform::read_file(file, record_bytes_max)));
}

fs::path store_rotation_record(const config::Home& home, const RotationRecord& record) {
    platform::durable_mkdir(home.keys(), 0700);
    fs::path path = home.keys() / base::format("{}{}.json", rotation_record_prefix, record.new_address());
    platform::DurableFile file(path, record_mode);
    file.append(base::as_bytes(record.text() + "\n"));
    platform::give_to_owner_of(home.keys(), file.fd());
    file.commit(platform::DurableFile::Existing::replace);
    return path;
}

std::vector<StoredRotation> stored_rotations(const config::Home& home) {
    std::vector<StoredRotation> stored;
    if (!fs::exists(home.keys())) return stored;
    for (const auto& entry : fs::directory_iterator(home.keys())) {
        if (!entry.path().filename().native().starts_with(rotation_record_prefix)) continue;
        try {
            stored.push_back({entry.path(), read_rotation_record(entry.path())});
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
        }
    }
    std::ranges::sort(stored, {}, [](const StoredRotation& rotation) { return rotation.record.rotated_at; });
    return stored;
}

}  // namespace bt2c::keys
