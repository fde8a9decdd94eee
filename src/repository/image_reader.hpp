#pragma once
// The pages of a backup, straight out of the repository.

#include <array>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "repository/pack_set.hpp"
#include "repository/page_table.hpp"
#include "repository/read_ahead.hpp"

namespace bt2c::repository {

/// Thread-safe. Memory: the place of each group (12 bytes), each differing page (32 bytes), a cache of
/// 16 MiB for single reads, and that of ReadAhead.
class ImageReader {
 public:
    /// Throws Error when the backup has no image, or its parent or tables cannot be read.
    /// @param packs of the backup, where somebody has them open
    ImageReader(const Repository& repository, const Manifest& manifest,
                std::shared_ptr<const PackSet> packs = nullptr);
    ~ImageReader();

    const ImageInfo& image() const { return image_; }
    /// Groups of the image, the last one perhaps not whole.
    std::uint32_t group_count() const;
    std::uint32_t group_pages() const { return image_.group_pages; }

    /// For reading front to back: all pages of `count` groups into `out`, which has the size of
    /// just those pages. Nothing is cached.
    void read_groups(std::uint32_t first_group, std::uint32_t count, base::MutableBytes out) const;
    /// For reading here and there: any neighbouring pages, through the cache.
    void read_pages(std::uint32_t first_page, base::MutableBytes out) const;
    /// The pages of one group as the full backup's packs have them, without any differences: what
    /// page differences are made against. Empty where the full backup has no such group.
    base::Bytes full_group(std::uint32_t group) const;

    /// The differences of this backup, not those of its parent.
    const std::vector<PageEntry>& differences() const { return own_differences_; }
    const PackSet& packs() const { return *packs_; }
    /// The packs of the full backup, which are packs() for a full one.
    const PackSet& full_packs() const { return full_packs_ ? *full_packs_ : *packs_; }
    /// Where the full backup has a group; nullopt where it has none.
    std::optional<BlobReference> group_blob(std::uint32_t group) const;
    /// Throws Error naming the first page of a group that has no place in any table.
    void check_group(std::uint32_t group) const;

    /// The blob of loose pages that was read last.
    struct LooseBlob {
        const PackSet* packs = nullptr;
        BlobReference blob;
        base::Bytes contents;
    };
    /// Throws Error unless the blob of one of differences() can hold its page.
    void check_entry(const PageEntry& entry) const { check_entry(*packs_, entry); }
    /// Makes the page of one of differences() of its version in the full backup's group.
    void apply(const PageEntry& entry, base::MutableBytes page, LooseBlob& loose) const {
        apply(*packs_, entry, page, loose);
    }

 private:
    struct Group {
        BlobReference blob;
        std::uint32_t pages = 0;  ///< 0: not there
    };
    std::uint32_t pages_in_groups(std::uint32_t first_group, std::uint32_t count) const;
    void read_full_groups(std::uint32_t first_group, std::uint32_t count, base::MutableBytes out) const;
    void find_groups();
    void check_entry(const PackSet& packs, const PageEntry& entry) const;
    void apply(const PackSet& packs, const PageEntry& entry, base::MutableBytes page, LooseBlob& loose) const;

    ImageInfo image_;
    std::shared_ptr<const PackSet> packs_;       // of this backup
    std::unique_ptr<const PackSet> full_packs_;  // of its parent; null for a full backup
    std::vector<Group> groups_;
    std::vector<PageEntry> own_differences_, full_differences_;
    std::unique_ptr<ReadAhead> ahead_;  // for the pages of both

    using Cached = std::pair<std::uint32_t, std::shared_ptr<const base::Bytes>>;
    mutable std::mutex cache_mutex_;
    mutable std::list<Cached> cache_;  // most recently used first
    mutable std::unordered_map<std::uint32_t, std::list<Cached>::iterator> cache_index_;
};

/// The content ids of a full backup's pages, in pieces that are read as they are asked for.
/// Thread-safe; keeps the last few pieces.
class ContentTable {
 public:
    ContentTable(const Repository& repository, const Manifest& full)
        : ContentTable(std::make_shared<const PackSet>(repository, full), full) {}
    ContentTable(std::shared_ptr<const PackSet> packs, const Manifest& full);
    std::uint32_t page_count() const { return page_count_; }
    /// Ids of `count` pages from `first_page`, as many as there are.
    std::vector<ContentId> read(std::uint32_t first_page, std::uint32_t count) const;

 private:
    std::shared_ptr<const base::Bytes> piece(std::size_t number) const;
    std::shared_ptr<const PackSet> packs_;
    std::vector<BlobReference> pieces_;
    std::uint32_t page_count_;
    mutable std::mutex mutex_;
    mutable std::array<std::pair<std::size_t, std::shared_ptr<const base::Bytes>>, 4> kept_{};
    mutable std::size_t next_kept_ = 0;
};

}  // namespace bt2c::repository
