#pragma once
// Numbers packs while a backup is being made.

#include <vector>

#include "repository/manifest.hpp"
#include "repository/pack_writer.hpp"
#include "repository/page_table.hpp"

namespace bt2c::backup {

/// A manifest lists the packs of earlier backups first and then its own. How many of the former are
/// referred to is known only when all pages and files are stored; until then they count from 2^31.
class PackNumbers {
 public:
    /// A blob of an earlier backup, by the list of packs that its number refers to.
    repository::BlobReference foreign(const std::vector<repository::PackInfo>& packs,
                                      repository::BlobReference reference);
    /// To be called when foreign() will not be called any more.
    repository::BlobReference final(repository::BlobReference reference) const;
    /// The manifest's list.
    std::vector<repository::PackInfo> list(const repository::ObjectId& backup,
                                           const std::vector<repository::StoredPack>& own) const;

 private:
    std::vector<repository::PackInfo> foreign_;
};

}  // namespace bt2c::backup
