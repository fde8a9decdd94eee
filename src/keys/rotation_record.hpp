#pragma once
// The record of a key's rotation: the holder of the old key and the holder of the new one both sign that the
// validator goes on under the new address. docs/key-rotation.md describes it for other implementations.

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/time.hpp"
#include "config/home.hpp"
#include "keys/rsa_key.hpp"

namespace bt2c::keys {

/// A key that can sign, wherever its private part is.
struct Signer {
    base::Bytes public_key;  ///< SubjectPublicKeyInfo
    /// RSASSA-PKCS1-v1_5 with SHA-256 of a message.
    std::function<base::Bytes(base::ByteView)> sign;
};
/// The signer keeps a copy of the key.
Signer signer_of(const RsaKey& key);

struct RotationRecord {
    std::string network;
    std::string genesis_hash;  ///< of the chain's lowest block; empty where it has none yet
    base::Bytes old_public_key, new_public_key;
    bool compromised = false;  ///< the old key was stolen: its address is to be banned
    std::string reason;
    base::UnixMs rotated_at = 0;
    base::Bytes old_signature, new_signature;

    std::string old_address() const { return address_of(old_public_key); }
    std::string new_address() const { return address_of(new_public_key); }
    /// What both sign: the record as compact JSON, without the signatures. Its member `purpose` keeps it
    /// apart from whatever else those keys sign.
    std::string signed_text() const;
    /// With the signatures, on one line.
    std::string text() const;

    /// Reads a record and proves both signatures. Throws Error(failed) when it is malformed, names an address
    /// that is not its key's, or rotates a key to itself; Error(wrong_secret) when a signature does not
    /// verify.
    static RotationRecord parse(std::string_view json);
};

/// Fills in keys and signatures.
void sign_rotation(RotationRecord& record, const Signer& old_key, const Signer& new_key);

/// Reads a file of at most 64 KiB; throws as parse().
RotationRecord read_rotation_record(const std::filesystem::path& file);

/// Records of this node's own rotations: HOME/keys/rotation-NEW_ADDRESS.json.
constexpr std::string_view rotation_record_prefix = "rotation-";
/// Writes the record there, durably, and returns the file. Throws Error(failed) when it cannot.
std::filesystem::path store_rotation_record(const config::Home& home, const RotationRecord& record);
struct StoredRotation {
    std::filesystem::path file;
    RotationRecord record;
};
/// The sound ones among these records. A damaged one can never take effect, and is passed over.
std::vector<StoredRotation> stored_rotations(const config::Home& home);

}  // namespace bt2c::keys
