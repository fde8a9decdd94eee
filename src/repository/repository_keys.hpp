#pragma once
// The keys of a repository: all of them, or those of a write-only node.

#include <optional>

#include "repository/format.hpp"
#include "repository/write_key.hpp"

namespace bt2c::repository {

/// What is derived from the master key, or what a write key file holds. Immutable, shared between threads.
class RepositoryKeys {
 public:
    /// Opens everything, and makes objects that the master key opens.
    RepositoryKeys(crypto::SecretBytes master, const ObjectId& repository);
    /// Opens nothing, and makes objects that only the holders of the master key open.
    explicit RepositoryKeys(WriteKey key) : write_(std::move(key)) {}

    bool can_read() const { return !master_.empty(); }
    /// Throws Error(wrong_secret) unless can_read().
    void require_reader() const;
    const ObjectId& repository() const { return write_.repository; }
    /// Throws as require_reader().
    const crypto::SecretBytes& master() const;
    /// For write-only nodes. Throws as require_reader(): whoever has one knows where it is.
    WriteKey write_key() const;
    /// One per thread.
    crypto::ContentHasher hasher() const { return crypto::ContentHasher(write_.content_key); }

    /// What the objects of a new backup have in common, kept in memory until it is stored: random on a
    /// write-only node, empty where the master key is at hand.
    crypto::SecretBytes new_backup_secret() const;
    struct NewObject {
        base::Bytes front;  ///< what the object begins with
        crypto::SecretBytes key;
    };
    /// @param backup_secret from new_backup_secret(), or of the backup that the object belongs to
    NewObject new_object(ObjectType type, const ObjectId& id, const crypto::SecretBytes& backup_secret) const;

    struct OpenedObject {
        crypto::SecretBytes backup_secret;  ///< empty for objects made with the master key
        crypto::SecretBytes key;
    };
    /// From an object's front, whose header was checked (check_header()), and perhaps more behind it. nullopt
    /// when it is cut off or its seal does not verify. Throws as require_reader().
    std::optional<OpenedObject> open_front(base::ByteView object) const;
    /// The key of an object whose backup's secret is known. Throws as require_reader().
    crypto::SecretBytes object_key(ObjectType type, const ObjectId& id,
                                   const crypto::SecretBytes& backup_secret) const;

 private:
    crypto::SecretBytes derive_key(base::ByteView header, const crypto::SecretBytes& backup_secret) const;

    crypto::SecretBytes master_;  ///< empty on a write-only node
    WriteKey write_;
    crypto::SecretBytes sealing_secret_key_;  ///< empty on a write-only node
};

}  // namespace bt2c::repository
