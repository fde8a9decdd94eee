#pragma once
// Numbers packs while a backup is being made.

#include <map>
#include <vector>

#include "repository/manifest.hpp"
#include "repository/pack_writer.hpp"
#include "repository/page_table.hpp"

namespace bt2c::backup {

/// A manifest lists the packs of earlier backups that it needs first, and then its own. Which of the former
/// it needs is known only when all pages and files are stored; until then they count from 2^31.
class PackNumbers {
 public:
    /// A blob of an earlier backup, by the list of packs that its number refers to.
    repository::BlobReference foreign(const std::vector<repository::PackInfo>& packs,
                                      repository::BlobReference reference);
    /// The backup refers to the blob after all. To be called for each, after foreign() and before final().
    void need(repository::BlobReference reference);
    /// Of a blob that need() was called for.
    repository::BlobReference final(repository::BlobReference reference) const;
    /// The manifest's list.
    std::vector<repository::PackInfo> list(const repository::ObjectId& backup,
                                           const std::vector<repository::StoredPack>& own) const;

 private:
    std::vector<repository::PackInfo> foreign_;
    std::vector<repository::PackInfo> needed_;
    std::map<std::uint32_t, std::uint32_t> places_;  ///< in needed_, by the place in foreign_
};

}  // namespace bt2c::backup
