#pragma once
// A session with a token, and the RSA and Ed25519 keys that it shows. For the isolated process only.

#include <optional>
#include <vector>

#include "token/module.hpp"

namespace bt2c::token {

/// A private or public object.
struct KeyObject {
    Handle handle = 0;
    bool is_private = false;
    KeyInfo info;
};

/// One attribute of a template; the value must outlive the call.
struct Attribute {
    unsigned long type;  ///< CKA_…
    base::ByteView value;
};
using Template = std::vector<Attribute>;

class Session {
 public:
    /// With a PIN it logs in. The module must outlive it.
    Session(const Module& module, const Slot& slot, const crypto::SecretBytes* pin, bool writable);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// The RSA and Ed25519 keys that the session may see, private ones first.
    std::vector<KeyObject> keys() const;
    /// The private key of a public one. Throws Error(failed) when there is none.
    Handle private_key(base::ByteView public_key) const;
    /// The public key that an object shows, as SubjectPublicKeyInfo; empty when it shows none.
    base::Bytes public_key_of(Handle object) const;
    /// Nullopt where the object has no such attribute or does not show it.
    std::optional<bool> flag(Handle object, unsigned long type) const;

    Handle create(const Template& attributes, const std::string& what) const;
    void destroy(Handle object, const std::string& what) const;
    struct Pair {
        Handle public_key, private_key;
    };
    Pair generate(const Template& public_part, const Template& private_part, const std::string& what) const;
    Pair generate_ed25519(const Template& public_part, const Template& private_part,
                          const std::string& what) const;
    /// RSASSA-PKCS1-v1_5 over a SHA-256.
    base::Bytes sign(Handle key, const crypto::Digest& digest) const;
    base::Bytes sign_ed25519(Handle key, base::ByteView message) const;
    /// RSAES-OAEP with SHA-1 and MGF1 with SHA-1. The result is a secret; whoever has it wipes it.
    base::Bytes decrypt(Handle key, base::ByteView sealed) const;

 private:
    void login(const Slot& slot, const crypto::SecretBytes& pin) const;
    std::vector<Handle> objects(unsigned long object_class, unsigned long key_type) const;
    Pair generate_by(unsigned long mechanism, const Template& public_part, const Template& private_part,
                     const std::string& what) const;
    base::Bytes sign_by(unsigned long mechanism, Handle key, base::ByteView input) const;
    std::optional<base::Bytes> attribute(Handle object, unsigned long type, std::size_t size_max) const;

    const Module& module_;
    const ck_function_list& calls_;
    Handle session_ = 0;
};

}  // namespace bt2c::token
