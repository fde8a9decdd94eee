#pragma once
// From a live database to blobs: the pages of a consistent image.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "backup/content_scratch.hpp"
#include "backup/pack_numbers.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "chaindb/sqlite/live_database.hpp"
#include "repository/image_reader.hpp"

namespace bt2c::backup {

/// What an incremental backup is made against.
struct CaptureBase {
    std::uint32_t page_size = 0;
    /// Content ids of `count` pages of the full backup from `first_page`, as many as there are. Thread-safe.
    std::function<std::vector<repository::ContentId>(std::uint32_t first_page, std::uint32_t count)> content;
    /// The pages of one of the full backup's groups, empty where it has none. Thread-safe; no function where
    /// the full backup cannot be read: then pages that changed are stored whole.
    std::function<base::Bytes(std::uint32_t group)> full_group;
    /// Pages that earlier incrementals stored, sorted; referenced where the content is the same.
    std::vector<repository::PageEntry> stored_before;
};

struct CapturedImage {
    chaindb::ImageShape shape;
    std::uint32_t group_pages = 0;
    std::uint32_t groups = 0;  ///< stored by this backup; 0 against a base
    std::string digest;        ///< 64 hex digits
    std::vector<repository::PageEntry> differences;
    std::vector<repository::BlobReference> content_table;  ///< of a full backup
    std::shared_ptr<const ContentScratch> content_ids;     ///< of a full backup's pages
    std::vector<repository::NetworkState> networks;        ///< empty where the tables cannot be read
};

struct CaptureOptions {
    int compression_level = 1;
    unsigned threads = base::worker_count();
    std::vector<std::filesystem::path> scratch_folders;  ///< the first that takes 16 bytes a page
};

/// Stores the whole image (no base) or what differs from the base.
///
/// A first pass reads everything while nodes may write. If one did, further passes read again,
/// compare content ids and store what differs, until one pass saw a single commit: at the second
/// the writers' lock is held for the length of the pass where that is short enough for them, else
/// the passes go on in slices. Throws Error(busy) when writers never leave enough time.
CapturedImage capture_image(chaindb::sqlite::LiveDatabase& live, repository::PackWriter& packs,
                            const repository::RepositoryKeys& keys, const std::optional<CaptureBase>& base,
                            const CaptureOptions& options, base::Progress& progress);

}  // namespace bt2c::backup
