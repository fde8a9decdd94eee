#pragma once
// The index of a backup: the directories of its own packs in one object. A cache.

#include <vector>

#include "repository/pack_directory.hpp"
#include "repository/pack_writer.hpp"
#include "repository/repository.hpp"

namespace bt2c::repository {

struct IndexEntry {
    ObjectId pack;
    PackDirectory directory;
};

struct Index {
    crypto::SecretBytes backup_secret;  ///< of its packs as well; see RepositoryKeys
    std::vector<IndexEntry> entries;    ///< in the order in which the backup wrote the packs
};

/// The index as an object.
base::Bytes encode_index(const RepositoryKeys& keys, const ObjectId& backup, const Index& index);

/// Reads an index. Throws Error when it is damaged, belongs to another backup, or has an unknown version.
Index decode_index(const RepositoryKeys& keys, const ObjectId& backup, base::ByteView object);

/// nullopt where the repository has none; of several locations another one's, where the nearest lacks it.
/// Throws as decode_index().
std::optional<Index> read_index(const Repository& repository, const ObjectId& backup);

/// Makes the index of a backup anew from the directories at the ends of its packs, where it is
/// missing or damaged; a damaged one is removed first. False when it was sound. Throws Error when a
/// pack is missing or damaged.
bool rebuild_index(const Repository& repository, const Manifest& manifest);

}  // namespace bt2c::repository
