#pragma once
// A repository that is open: its backups, and the few things that change it.

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "repository/format.hpp"
#include "repository/key_slots.hpp"
#include "repository/manifest.hpp"
#include "repository/pack_writer.hpp"
#include "storage/location.hpp"

namespace bt2c::repository {

/// A manifest that cannot be read; listed, so that one damaged backup hides no other.
struct DamagedBackup {
    std::string id;  ///< as its object is named
    std::string reason;
    bool unread = false;  ///< not damaged as far as is known: a place that may have it sound cannot be read
    bool disk = false;    ///< unread since a disk cannot give it
};

class Intent;

/// Why a manifest cannot be used.
struct UnusableManifest {
    base::Error error;
    bool unread = false;  ///< as DamagedBackup has it
};
using ManifestRead = std::variant<Manifest, UnusableManifest>;

struct BackupList {
    std::vector<Manifest> backups;       ///< newest first
    std::vector<DamagedBackup> damaged;  ///< or unread
    std::size_t unread() const {
        return static_cast<std::size_t>(std::ranges::count_if(damaged, &DamagedBackup::unread));
    }
};

/// The newest full or incremental backup of those that can be read; a damaged one may be newer.
struct LatestBackup {
    Manifest manifest;
    std::vector<DamagedBackup> damaged;
    std::optional<Manifest> doubt;  ///< as doubt_of_latest() has it
};

/// Of backups, newest first by their numbers, one that says it was made later than the newest full or
/// incremental one, and not in the future; of a newest one that says it was made in the future, the latest of
/// the others: a clock was wrong, a node lost count (a write-only one without its state), or somebody forged.
/// Null where time and number agree, or nearly.
const Manifest* doubt_of_latest(const std::vector<Manifest>& backups, base::UnixMs now);

/// Thread-safe; several processes may use one repository at once without a lock.
class Repository {
 public:
    static bool exists(storage::Location& location);
    /// Throws Error when there is a repository already, or what is left of one without its `format`.
    static void require_none(storage::Location& location);
    /// Makes a repository with a new master key and one slot for each secret (with its label).
    /// Throws as require_none(). Failing, it leaves no repository.
    struct LabelledSecret {
        Secret secret;
        std::string label;
    };
    static Repository init(std::shared_ptr<storage::Location> location,
                           const std::vector<LabelledSecret>& secrets);
    /// Throws Error: no_repository, wrong_secret, or a damaged or unknown format.
    static Repository open(std::shared_ptr<storage::Location> location, const Secret& secret);
    /// For a write-only node: backups can be stored, and all that reads throws Error(wrong_secret). Throws as
    /// open(); wrong_secret when the key is of another repository.
    static Repository open_to_write(std::shared_ptr<storage::Location> location, WriteKey key);
    /// Throws as open(), but for wrong_secret.
    static ObjectId read_id(storage::Location& location);

    storage::Location& location() const { return *location_; }
    const ObjectId& id() const { return keys_->repository(); }
    const RepositoryKeys& keys() const { return *keys_; }
    /// The key slot that the secret opened, in whichever location; nullopt for a repository that was just
    /// made, and for a write-only node.
    const std::optional<ObjectId>& opened_slot() const { return opened_slot_; }

    /// What cannot be read just now is passed over, or an Error where it matters that it is missed.
    enum class Unread { pass_over, refuse };
    /// What a prune has retired is left out. refuse: throws Error where there are backups and none could be
    /// read, for one at least not since it is damaged.
    BackupList list(Unread unread = Unread::refuse) const;
    /// Reads manifests side by side and hands each over, one at a time and in that order, so that not all of
    /// them need to be kept.
    void read_manifests(const std::vector<ObjectId>& ids,
                        const std::function<void(const ObjectId&, ManifestRead)>& take) const;
    /// Of the backups whose manifests these are, the ids (hex) of those that exist no more for readers: a
    /// prune has retired them, and removes them later. A write-only node, which cannot check the marks,
    /// believes all of them.
    std::set<std::string> retired_of(const std::vector<storage::ObjectInfo>& manifests) const;
    /// Whether there is a mark, and it is sound.
    bool is_retired(const ObjectId& backup) const;
    /// Throws Error when it is absent or damaged, or cannot be read.
    Manifest manifest(const ObjectId& id) const;
    /// The same of an object at hand.
    Manifest open_manifest(const ObjectId& id, base::ByteView object) const;
    /// The same repository, seen in one of its locations alone.
    Repository at(std::shared_ptr<storage::Location> location) const {
        Repository there(std::move(location), keys_);
        there.opened_slot_ = opened_slot_;
        return there;
    }
    /// Throws Error with a hint when there is none.
    LatestBackup latest() const;
    /// By "latest" (the newest full or incremental one), or as by_id(). Throws Error with a hint when there
    /// is none.
    Manifest find(const std::string& name) const;
    /// By an id or the beginning of one (four digits at least). Throws Error with a hint when it names
    /// several.
    std::optional<Manifest> by_id(const std::string& name) const;

    /// Stores the index of the backup's own packs, then its manifest: after this it exists. Throws
    /// Error, and the backup does not exist, also when the repository or one of the packs that the
    /// manifest names is gone meanwhile.
    /// @param backup_secret that of the PackWriter that wrote the packs
    /// @param built_on backups whose packs it refers to; it must not be that one of them was retired
    /// meanwhile
    /// @param intent of this backup; must still be fresh
    void store_backup(const Manifest& manifest, const std::vector<StoredPack>& own_packs,
                      const crypto::SecretBytes& backup_secret = {},
                      const std::vector<ObjectId>& built_on = {}, const Intent* intent = nullptr) const;

    /// Records that a backup was proved restorable now; `details` are members that the record has besides,
    /// less than 3 KiB.
    void record_proof(const ObjectId& backup, std::string what, const base::Json& details = {}) const;
    /// Records that it was tested now and did not restore, which ends all proofs before.
    void record_failure(const ObjectId& backup, std::string what) const;
    /// What the latest test of a backup found: one of the two.
    struct Tested {
        std::optional<base::UnixMs> proved_at, failed_at;
    };
    /// By the backup's id in hex. Damaged records are left out.
    std::map<std::string, Tested> proofs(Unread unread = Unread::pass_over) const;
    /// Of `backups`, the full one or one that builds on it whose latest test failed; null where none did. A
    /// new one that builds on the full one refers to what both stored.
    static const Manifest* failed_below(const ObjectId& full, const std::vector<Manifest>& backups,
                                        const std::map<std::string, Tested>& proofs);

    /// Stores an object with a short JSON text, less than 3 KiB, in `location`. False when its name is taken.
    bool store_small(storage::Location& location, ObjectType type, const ObjectId& id,
                     const base::Json& json) const;
    /// Its text; nullopt when it is absent, damaged, or sealed by a write-only node. Throws Error when it
    /// cannot be told: no copy was sound, and one of a `listed` object could not be read, or all of any
    /// other.
    std::optional<base::Json> sound_small(ObjectType type, const ObjectId& id, bool listed) const;
    /// The same of an object at hand.
    base::Json open_small(ObjectType type, const ObjectId& id, base::ByteView contents) const;
    /// Throws Error for an object that a write-only node sealed.
    static void require_master_seal(ObjectType type, const ObjectId& id, base::ByteView object);
    /// A new object of one sealed text.
    base::Bytes seal_object(ObjectType type, const ObjectId& id, base::ByteView plain,
                            const crypto::SecretBytes& backup_secret) const;
    /// A whole sealed object of the kinds that hold one sealed text (all but packs and indexes).
    base::Bytes open_object(ObjectType type, const ObjectId& id, base::ByteView object) const;

 private:
    Repository(std::shared_ptr<storage::Location> location, std::shared_ptr<const RepositoryKeys> keys)
        : location_(std::move(location)), keys_(std::move(keys)) {}
    /// The manifests that are there, but for those that are retired.
    std::vector<ObjectId> listed() const;
    ManifestRead read_manifest(const ObjectId& id) const;
    base::Bytes seal_manifest(const Manifest& manifest, const crypto::SecretBytes& backup_secret) const;
    void check_still_there(const Manifest& manifest, const std::vector<ObjectId>& built_on) const;

    std::shared_ptr<storage::Location> location_;
    std::shared_ptr<const RepositoryKeys> keys_;
    std::optional<ObjectId> opened_slot_;
};

}  // namespace bt2c::repository
