#pragma once
// What a check knows of a repository, and where its parts note what they find.

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "crypto/hash.hpp"
#include "repository/check.hpp"
#include "repository/copies.hpp"
#include "repository/pack_set.hpp"
#include "repository/read_witness.hpp"

namespace bt2c::repository {

/// Findings, one for each object: of several the first counts. Thread-safe.
class FindingBook {
 public:
    void add(const CheckFinding& finding);
    /// Of an object that could not be read nothing else is known: it replaces what was added, and keeps only
    /// which backups need the object.
    void add_unread(CheckFinding finding);
    bool has(const std::string& object) const;
    /// By the names of the objects.
    std::vector<CheckFinding> take();

 private:
    mutable std::mutex mutex_;
    std::map<std::string, CheckFinding> findings_;
};

/// A pack that a manifest names.
struct PackUse {
    PackInfo info;
    std::set<std::string> backups;  ///< ids of those that need it
    /// Of its directory and its backup's secret, as the pack itself has them; nullopt where it is not sound.
    std::optional<crypto::Digest> told = {};
};

/// One check under way.
struct Check {
    const Repository& repository;  ///< seen through the witness
    const ReadWitness& witness;
    base::Progress& progress;
    std::vector<Manifest> backups;     ///< that could be read, newest first
    std::set<std::string> unreadable;  ///< ids of the other manifests
    std::set<std::string> retired;     ///< ids of those that exist no more for readers
    std::map<ObjectId, PackUse> packs;
    std::map<std::string, std::uint64_t> sizes;  ///< of all objects, by name
    FindingBook book;
    CommonPacks opened = {};               ///< by check_packs()
    std::set<std::string> elsewhere = {};  ///< ids of backups that other locations have, and this one lacks

    std::shared_ptr<const PackSet> open(const Manifest& manifest) const {
        return std::make_shared<const PackSet>(repository, manifest, &opened);
    }

    /// nullptr when there is no such backup, or its manifest cannot be read.
    const Manifest* find(const ObjectId& id) const;
    /// The backup, unless it is retired, and those that were made against it.
    std::vector<std::string> users_of(const ObjectId& backup) const;
    std::vector<std::string> users_of_pack(const ObjectId& pack) const;
    bool is_sound(const ObjectId& pack) const;
    /// Something that the backup is read from could not be read, and has a finding: what follows says
    /// nothing.
    bool is_part_unread(const Manifest& manifest) const;

    void pack_finding(const ObjectId& pack, FindingKind kind, std::string text);
    /// What helps where no copy of a manifest is sound. let_go: a prune finds that none can be restored.
    enum class Remedy { new_full, let_go };
    void manifest_finding(const ObjectId& backup, FindingKind kind, std::string text,
                          Remedy remedy = Remedy::new_full);
    /// Runs `job`, which reads from a pack; what it throws becomes a finding about that pack. False then.
    template <typename Job>
    bool reads_pack(const ObjectId& pack, Job job) {
        try {
            job();
            return true;
        } catch (const base::Error& error) {
            if (error.kind() == base::ErrorKind::interrupted) throw;
            pack_finding(pack, kind_of_damage(object_name(ObjectType::pack, pack)), text_of(error));
            return false;
        }
    }
    /// Runs job(i) for i = 0 … count-1, as many side by side as the location is good for. Tells the progress.
    template <typename Job>
    void for_each(std::uint64_t count, Job job) {
        base::ordered_parallel(
            readers_at_once(repository.location()), count,
            [&](std::uint64_t i) {
                job(i);
                return true;
            },
            [&](std::uint64_t, bool) { progress.advance(1); });
    }
    /// damaged, or missing, or unknown_version: by what stands at the object's front; or unread.
    FindingKind kind_of_damage(const std::string& name) const;
    /// An error's cause where it has one: the message repeats the object's name.
    static std::string text_of(const base::Error& error);
};

// The parts of a check, in this order.
void check_packs(Check& check);
void check_indexes(Check& check);
void check_tables(Check& check);
void check_pack_data(Check& check);
void check_image_digests(Check& check);
void check_differences(Check& check);
void check_files(Check& check);

}  // namespace bt2c::repository
