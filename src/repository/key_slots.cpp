#include "repository/key_slots.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "crypto/mnemonic.hpp"
#include "crypto/password.hpp"
#include "crypto/random.hpp"
#include "crypto/seal.hpp"
#include "repository/copies.hpp"

namespace bt2c::repository {

using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::Json;
using crypto::SecretBytes;

namespace {

constexpr std::array<std::string_view, 4> slot_kind_names{"password", "key_file", "recovery_phrase", "token"};
constexpr std::size_t master_key_bytes = 32;
// What PKCS#11 allows for labels and serial numbers, each byte of which may be printed as four.
constexpr std::size_t token_text_max = 128;
constexpr std::size_t token_key_id_max = 64;
constexpr std::size_t token_key_bytes_max = 640;  // for RSA of 4096 bits

struct Slot {
    SlotInfo info;
    crypto::Argon2Cost cost;
    Bytes argon2_salt, salt, wrapped;
    std::optional<crypto::Digest> tag;  ///< slots of earlier versions have none
};

SecretBytes wrapping_key(const Slot& slot, const ObjectId& repository, const Secret& secret) {
    const SecretBytes stretched = slot.info.kind == SlotKind::password
                                      ? crypto::argon2id(secret.bytes.view(), slot.argon2_salt, slot.cost, 32)
                                      : secret.bytes.copy();
    std::string info = "bt2c-dr key slot";
    info += slot_kind_name(slot.info.kind);
    info += base::as_text(repository.bytes);
    return crypto::hkdf_sha256(stretched.view(), slot.salt, info, crypto::seal_key_bytes);
}

/// By which whoever opened the repository with another secret sees that this slot is as it was stored.
crypto::Digest tag_of(const Slot& slot, const ObjectId& repository, const SecretBytes& master) {
    const SecretBytes key = crypto::hkdf_sha256(master.view(), repository.bytes, "bt2c-dr key slot tag", 32);
    Bytes message(slot.info.id.bytes.begin(), slot.info.id.bytes.end());
    const auto add = [&](base::ByteView bytes) { message.insert(message.end(), bytes.begin(), bytes.end()); };
    add(base::as_bytes(slot_kind_name(slot.info.kind)));
    message.push_back(0);
    add(slot.salt);
    add(slot.wrapped);
    if (slot.info.kind == SlotKind::password) {
        base::put_le(message, slot.cost.passes);
        base::put_le(message, slot.cost.memory_bytes);
        add(slot.argon2_salt);
    }
    if (slot.info.token) add(slot.info.token->wrapped_secret);
    return crypto::hmac_sha256(key.view(), message);
}

Bytes hex_at(const Json& json, std::string_view key, std::size_t size) {
    Bytes bytes(size);
    if (!base::from_hex(json.string_at(key), bytes))
        throw Error(ErrorKind::failed, base::format("malformed key slot: '{}'", key));
    return bytes;
}

std::string token_text(const Json& json, std::string_view key) {
    const std::string& text = json.string_at(key);
    if (text.size() > token_text_max)
        throw Error(ErrorKind::failed, base::format("malformed key slot: '{}' is too long", key));
    return text;
}

Bytes token_bytes(const Json& json, std::string_view key, std::size_t size_max) {
    auto bytes = base::from_hex(json.string_at(key));
    if (!bytes || bytes->empty() || bytes->size() > size_max)
        throw Error(ErrorKind::failed, base::format("malformed key slot: '{}'", key));
    return std::move(*bytes);
}

TokenKey parse_token(const Json& json) {
    return {token_text(json, "label"), token_text(json, "serial"),
            token_bytes(json, "key_id", token_key_id_max),
            token_bytes(json, "public_key", token_key_bytes_max),
            token_bytes(json, "wrapped_secret", token_key_bytes_max)};
}

Json token_document(const TokenKey& token) {
    return Json::object({{"label", token.token_label},
                         {"serial", token.token_serial},
                         {"key_id", base::to_hex(token.key_id)},
                         {"public_key", base::to_hex(token.public_key)},
                         {"wrapped_secret", base::to_hex(token.wrapped_secret)}});
}

Slot parse_slot(const ObjectId& id, base::ByteView contents) {
    const Json json = Json::parse(base::as_text(contents));
    if (json.integer_at("version") != 1)
        throw Error(ErrorKind::failed, "the key slot has a version that this program does not know");
    Slot slot;
    slot.info.id = id;
    slot.info.label = json.string_at("label");
    slot.info.created_at = base::parse_utc(json.string_at("created_at")).value_or(0);
    const std::string& kind = json.string_at("kind");
    const auto found = std::find(slot_kind_names.begin(), slot_kind_names.end(), kind);
    if (found == slot_kind_names.end()) throw Error(ErrorKind::failed, "the key slot has an unknown kind");
    slot.info.kind = static_cast<SlotKind>(found - slot_kind_names.begin());
    if (slot.info.kind == SlotKind::password) {
        const Json& argon2 = json.at("argon2id");
        slot.cost = {argon2.unsigned_at("passes"), argon2.unsigned_at("memory_bytes")};
        if (!crypto::is_sound(slot.cost))
            throw Error(ErrorKind::failed, "malformed key slot: its cost is out of bounds");
        slot.argon2_salt = hex_at(argon2, "salt", crypto::argon2_salt_bytes);
    }
    if (slot.info.kind == SlotKind::token) slot.info.token = parse_token(json.at("token"));
    // Damaged it opens the repository all the same.
    if (const Json* repository = json.find("repository"); repository && repository->is_string())
        slot.info.repository = ObjectId::try_parse(json.string_at("repository"));
    slot.salt = hex_at(json, "salt", 32);
    slot.wrapped = hex_at(json, "wrapped", master_key_bytes + crypto::seal_tag_bytes);
    if (json.find("tag")) {
        slot.tag.emplace();
        std::ranges::copy(hex_at(json, "tag", slot.tag->size()), slot.tag->begin());
    }
    return slot;
}

struct ReadSlots {
    std::vector<Slot> slots;
    std::vector<std::string> damaged;
    std::vector<UnreadSlot> unread;
};

ReadSlots read_slots(storage::Location& location) {
    ReadSlots read;
    for (const storage::ObjectInfo& object : location.list("keys")) {
        ObjectReading reading(object.name);
        std::optional<ObjectId> id;
        try {
            id = ObjectId::parse(std::string_view(object.name).substr(5));
            std::optional<Slot> slot =
                read_any_copy(location, object.name, [&](storage::Location& copy) -> std::optional<Slot> {
                    const auto contents = reading.get(copy, slot_object_bytes_max);
                    if (contents) return parse_slot(*id, *contents);
                    if (&copy == &location) return std::nullopt;
                    throw Error(ErrorKind::failed, "the key slot is missing");
                });
            if (slot) read.slots.push_back(std::move(*slot));
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            // What is not named as a slot is none anywhere.
            if (const auto unread = id ? reading.unread(location) : std::nullopt)
                read.unread.push_back({object.name, *unread});
            else
                read.damaged.push_back(object.name);
        }
    }
    return read;
}

void require_undamaged(storage::Location& location, const std::string& name) {
    const auto damage = location.known_damage(name);
    if (!damage) return;
    throw Error(*damage).hint(
        "another of the repository's secrets may open it all the same: give the password or the 24-word "
        "recovery phrase in BT2C_REPO_PASSWORD; else " +
        damage->hint());
}

/// What one of several places has under the names that were read.
std::vector<Slot> slots_at(storage::Location& copy, const ReadSlots& read) {
    std::vector<Slot> slots;
    for (const Slot& known : read.slots) try {
            const auto contents = copy.get_range("keys/" + known.info.id.hex(), 0, slot_object_bytes_max);
            if (contents) slots.push_back(parse_slot(known.info.id, *contents));
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
        }
    return slots;
}

}  // namespace

std::string_view slot_kind_name(SlotKind kind) {
    return slot_kind_names[static_cast<std::size_t>(kind)];
}

Secret Secret::from_text(std::string_view text) {
    crypto::MnemonicResult phrase = crypto::entropy_from_mnemonic(text);
    if (phrase.fault == crypto::MnemonicFault::none && phrase.entropy.size() == 32)
        return {SlotKind::recovery_phrase, std::move(phrase.entropy)};
    return {SlotKind::password, SecretBytes::copy_of(base::as_bytes(text))};
}

Secret Secret::from_key_file(base::ByteView contents) {
    std::string_view text = base::as_text(contents);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    SecretBytes key(32);
    if (!base::from_hex(text, key.bytes()))
        throw Error(ErrorKind::wrong_secret,
                    "cannot use the repository's key file: it does not hold 64 hex digits")
            .hint(
                "restore the key file, or give the password or the 24-word recovery phrase in "
                "BT2C_REPO_PASSWORD");
    return {SlotKind::key_file, std::move(key)};
}

SlotInfo add_slot(storage::Location& location, const ObjectId& repository, const SecretBytes& master,
                  const Secret& secret, std::string label, std::optional<TokenKey> token) {
    BT2C_ASSERT(token.has_value() == (secret.kind == SlotKind::token));
    Slot slot;
    slot.info = {ObjectId::random(),  secret.kind,      std::move(label),
                 base::now_unix_ms(), std::move(token), repository};
    slot.argon2_salt.resize(crypto::argon2_salt_bytes);
    slot.salt.resize(32);
    crypto::fill_random(slot.argon2_salt);
    crypto::fill_random(slot.salt);
    slot.wrapped.resize(master.size() + crypto::seal_tag_bytes);
    crypto::Sealer(wrapping_key(slot, repository, secret)).seal(0, master.view(), slot.wrapped);

    Json json = Json::object({{"version", 1},
                              {"kind", slot_kind_name(slot.info.kind)},
                              {"label", slot.info.label},
                              {"created_at", base::format_utc(slot.info.created_at)},
                              {"repository", repository.hex()},
                              {"salt", base::to_hex(slot.salt)},
                              {"wrapped", base::to_hex(slot.wrapped)},
                              {"tag", base::to_hex(tag_of(slot, repository, master))}});
    if (secret.kind == SlotKind::password)
        json.set("argon2id", Json::object({{"passes", slot.cost.passes},
                                           {"memory_bytes", slot.cost.memory_bytes},
                                           {"salt", base::to_hex(slot.argon2_salt)}}));
    if (slot.info.token) json.set("token", token_document(*slot.info.token));
    const std::string text = json.dump(true) + "\n";
    // What a token says of itself may be too long.
    if (slot.info.token) parse_slot(slot.info.id, base::as_bytes(text));
    try {
        if (!location.put("keys/" + slot.info.id.hex(), base::as_bytes(text)))
            throw Error(ErrorKind::failed, "cannot store the key slot: its name is taken");
    } catch (Error& error) {
        if (error.state().empty()) error.state("no key was added");
        throw;
    }
    return slot.info;
}

void require_sound_slot(const ObjectId& id, base::ByteView contents, const ObjectId& repository,
                        const SecretBytes& master) {
    const Slot slot = parse_slot(id, contents);
    if (Json::parse(base::as_text(contents)).find("repository") && slot.info.repository != repository)
        throw Error(ErrorKind::failed, "the key slot does not name its repository");
    if (slot.tag && !crypto::equal(*slot.tag, tag_of(slot, repository, master)))
        throw Error(ErrorKind::failed, "the key slot is not as it was stored");
}

void require_all_read(const std::vector<UnreadSlot>& unread) {
    if (unread.empty()) return;
    const Error& first = unread.front().error;
    throw Error(ErrorKind::failed, "cannot tell what opens the repository: not all key slots could be read")
        .cause(first.in_full())
        .state("nothing was read or changed")
        .hint(first.hint().empty() ? "'bt2c-dr location status' tells which location cannot be read"
                                   : first.hint());
}

SlotList list_slots(storage::Location& location) {
    ReadSlots read = read_slots(location);
    SlotList list;
    list.damaged = std::move(read.damaged);
    list.unread = std::move(read.unread);
    for (Slot& slot : read.slots) list.slots.push_back(std::move(slot.info));
    return list;
}

std::optional<OpenedSlot> open_slots(storage::Location& location, const ObjectId& repository,
                                     const Secret& secret) {
    const ReadSlots read = read_slots(location);
    std::set<Bytes> tried;
    const auto open = [&](const Slot& slot) -> std::optional<OpenedSlot> {
        Bytes what = slot.wrapped;
        what.insert(what.end(), slot.salt.begin(), slot.salt.end());
        what.insert(what.end(), slot.argon2_salt.begin(), slot.argon2_salt.end());
        if (slot.info.kind != secret.kind || !tried.insert(what).second) return std::nullopt;
        SecretBytes master(master_key_bytes);
        if (!crypto::unseal(wrapping_key(slot, repository, secret), 0, slot.wrapped, master.bytes()))
            return std::nullopt;
        return OpenedSlot{slot.info.id, std::move(master)};
    };
    for (const Slot& slot : read.slots)
        if (auto opened = open(slot)) return opened;
    // That a copy can be read does not say that it is sound: the others may differ.
    for (const auto& copy : location.copies())
        for (const Slot& slot : slots_at(*copy, read))
            if (auto opened = open(slot)) return opened;
    require_all_read(read.unread);
    // To a secret that is right a damaged slot is as closed as any other is.
    for (const Slot& slot : read.slots)
        if (slot.info.kind == secret.kind) require_undamaged(location, "keys/" + slot.info.id.hex());
    for (const std::string& name : read.damaged) require_undamaged(location, name);
    if (!read.slots.empty()) return std::nullopt;
    Error error(ErrorKind::failed, "cannot open the repository: it has no readable key slot");
    error.cause(read.damaged.empty() ? "its folder 'keys' is empty or absent"
                                     : base::format("{} is damaged", read.damaged.front()));
    throw error.hint("bring the folder 'keys' back from a copy of the repository");
}

}  // namespace bt2c::repository
