#pragma once
// The ways to open a repository: each slot wraps the master key with one secret.

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/time.hpp"
#include "crypto/secret.hpp"
#include "repository/format.hpp"
#include "storage/location.hpp"

namespace bt2c::repository {

inline constexpr std::uint64_t slot_object_bytes_max = 8192;

enum class SlotKind { password, key_file, recovery_phrase, token };
std::string_view slot_kind_name(SlotKind kind);

/// What a person or a file offers to open a repository with.
struct Secret {
    SlotKind kind = SlotKind::password;
    /// password: its bytes; key_file: 32 bytes; recovery_phrase: 32 bytes of entropy; token: the 32 bytes
    /// that the token's key decrypts.
    crypto::SecretBytes bytes;

    /// Text that a person typed: a recovery phrase if it is a valid one of 24 words, else a password.
    static Secret from_text(std::string_view text);
    /// The contents of a key file; throws Error(wrong_secret) when it is not 64 hex digits.
    static Secret from_key_file(base::ByteView contents);
};

/// What a slot of kind token says of the key that opens it. Nothing here is proved until the slot opens.
struct TokenKey {
    std::string token_label, token_serial;  ///< printable, as the token told them
    base::Bytes key_id;                     ///< CKA_ID (PKCS#11)
    base::Bytes public_key;                 ///< SubjectPublicKeyInfo (RFC 5280, 4.1.2.7)
    base::Bytes wrapped_secret;             ///< the secret, encrypted to it by crypto::encrypt_oaep()
};

struct SlotInfo {
    ObjectId id;
    SlotKind kind = SlotKind::password;
    std::string label;
    base::UnixMs created_at = 0;
    std::optional<TokenKey> token = {};  ///< of kind token
    /// Of which repository, as the slot says in the clear; slots of earlier builds do not.
    std::optional<ObjectId> repository = {};
};

/// Stores a new slot and returns what it is.
/// @param token given with a secret of kind token, and only then
SlotInfo add_slot(storage::Location& location, const ObjectId& repository, const crypto::SecretBytes& master,
                  const Secret& secret, std::string label, std::optional<TokenKey> token = {});

/// Whether the object is the slot that was stored under that id; of slots of earlier versions, which have no
/// tag, only whether it can be read. Throws Error(failed) that says what is wrong.
void require_sound_slot(const ObjectId& id, base::ByteView contents, const ObjectId& repository,
                        const crypto::SecretBytes& master);

/// One that may be sound: a place that may have it so cannot be read.
struct UnreadSlot {
    std::string name;  ///< the object's
    base::Error error;
};
/// Throws Error where there are any: what no other slot has, or opens, one of these may.
void require_all_read(const std::vector<UnreadSlot>& unread);

struct SlotList {
    std::vector<SlotInfo> slots;
    std::vector<std::string> damaged;  ///< names of objects that are no sound slots
    std::vector<UnreadSlot> unread;
};
SlotList list_slots(storage::Location& location);

struct OpenedSlot {
    ObjectId id;
    crypto::SecretBytes master;
};
/// The master key by the first slot that the secret opens; nullopt when it opens none. Throws
/// when there is no sound slot at all, which no secret could open, or one that it may open cannot be read.
std::optional<OpenedSlot> open_slots(storage::Location& location, const ObjectId& repository,
                                     const Secret& secret);

}  // namespace bt2c::repository
