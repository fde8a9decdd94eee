#pragma once
// The files of the node's home that a backup holds beside the database.

#include <string>
#include <vector>

#include "backup/pack_numbers.hpp"
#include "base/progress.hpp"
#include "config/home.hpp"
#include "repository/manifest.hpp"
#include "repository/pack_writer.hpp"

namespace bt2c::backup {

struct CapturedFiles {
    std::vector<repository::FileEntry> entries;
    bool changed = false;  ///< against `before`: contents, names, kinds, owners or modes
};

/// Stores all that is below config/, keys/, wallets/ and network/. Symbolic links are stored as links and
/// never followed, with a note where they lead out of these folders; what is no file, folder or link is left
/// out, with a note. A file that changes while it is read is read again, at last with a note. Contents that
/// `before` holds under the same path are referenced. Throws Error when a file cannot be read.
CapturedFiles capture_files(const config::Home& home, repository::PackWriter& packs,
                            const repository::RepositoryKeys& keys, const repository::Manifest* before,
                            PackNumbers& numbers, base::Progress& progress);

/// Stores the database's own files as they are, for a database that SQLite cannot read.
std::vector<repository::FileEntry> capture_raw_database(const config::Home& home,
                                                        repository::PackWriter& packs,
                                                        const repository::RepositoryKeys& keys,
                                                        base::Progress& progress);

}  // namespace bt2c::backup
