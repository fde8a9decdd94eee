#pragma once
// The packs that one manifest names, and their blobs.

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/error.hpp"
#include "repository/pack_directory.hpp"
#include "repository/repository.hpp"

namespace bt2c::repository {

/// What it takes to read blobs of a pack.
struct ReadablePack {
    PackDirectory directory;
    crypto::SecretBytes key;
};

/// Packs that several sets of one repository name, so that each is opened once. Thread-safe. Memory: some
/// 24 MiB; what comes after those is not kept.
class CommonPacks {
 public:
    void add(const ObjectId& pack, std::shared_ptr<const ReadablePack> readable);
    /// nullptr where it is not kept.
    std::shared_ptr<const ReadablePack> find(const ObjectId& pack) const;

 private:
    mutable std::mutex mutex_;
    std::map<ObjectId, std::shared_ptr<const ReadablePack>> packs_;
    std::size_t blobs_ = 0;
};

/// Thread-safe. Directories come from the index, and where that is absent or damaged, or tells nothing of
/// them, from the packs themselves.
class PackSet {
 public:
    /// @param common of the repository, may be null; must outlive this
    PackSet(const Repository& repository, const Manifest& manifest, const CommonPacks* common = nullptr);
    ~PackSet();

    std::size_t size() const { return packs_.size(); }
    const PackInfo& info(std::uint32_t pack) const { return packs_.at(pack); }
    /// Throws Error when the pack is missing or damaged.
    const PackDirectory& directory(std::uint32_t pack) const;
    /// Throws Error when there is no such blob.
    const BlobEntry& entry(BlobReference reference) const;
    /// The compressed payload of a blob.
    base::Bytes payload(BlobReference reference) const;
    struct Payloads {
        base::Bytes bytes;
        std::vector<base::ByteView> views;  ///< of `bytes`, one for each blob
    };
    /// The payloads of `count` neighbouring blobs, fetched at once, or where no copy has all of them one by
    /// one.
    Payloads payloads(BlobReference first, std::uint32_t count) const;
    /// The same, but throws Error where no copy has all of them.
    Payloads payloads_of_one_copy(BlobReference first, std::uint32_t count) const;
    /// A blob's contents, for kinds without a prefix.
    base::Bytes contents(BlobReference reference) const;

    /// "pack 7f3a… is damaged", with a cause and what to do.
    base::Error damaged(std::uint32_t pack, std::string cause) const;

 private:
    const ReadablePack& loaded(std::uint32_t pack) const;
    void load_index(const ObjectId& backup);

    const Repository& repository_;
    const CommonPacks* common_;
    std::vector<PackInfo> packs_;
    mutable std::mutex mutex_;
    mutable std::vector<std::shared_ptr<const ReadablePack>> loaded_;
};

/// What a pack says of itself.
struct OpenedPack {
    PackDirectory directory;
    RepositoryKeys::OpenedObject keys;
};
/// Reads the front of a pack and the directory at its end from the location. Throws Error when the pack is
/// missing, damaged, or not the one its name says.
OpenedPack open_pack(const Repository& repository, const ObjectId& pack);
inline PackDirectory read_pack_directory(const Repository& repository, const ObjectId& pack) {
    return open_pack(repository, pack).directory;
}

}  // namespace bt2c::repository
