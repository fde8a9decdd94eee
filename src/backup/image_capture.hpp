#pragma once
// From a live database to blobs: the pages of a consistent image.

#include <functional>
#include <optional>
#include <vector>

#include "backup/pack_numbers.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "chaindb/sqlite/live_database.hpp"
#include "repository/image_reader.hpp"

namespace bt2c::backup {

/// What an incremental backup is made against.
struct CaptureBase {
    const repository::ContentTable& content;  ///< of the full backup
    const repository::ImageReader& full;      ///< the full backup, for its groups
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
    std::vector<repository::NetworkState> networks;        ///< empty where the tables cannot be read
};

struct CaptureOptions {
    int compression_level = 1;
    unsigned threads = base::worker_count();
    std::filesystem::path scratch_folder;  ///< for 16 bytes a page
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
