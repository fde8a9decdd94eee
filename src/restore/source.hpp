#pragma once
// What a restore can be made from, whatever it rests in.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.hpp"
#include "chaindb/page_image.hpp"
#include "platform/file.hpp"
#include "repository/repository.hpp"

namespace bt2c::restore {

/// The database of a source.
struct DatabaseSource {
    std::uint64_t bytes = 0;  ///< of the database file
    std::uint32_t mode = 0600, uid = 0, gid = 0;
    /// Writes the database into an empty file, whole and checked against what the source says of
    /// it; throws Error when that fails.
    std::function<void(platform::DurableFile&, base::Progress&)> write;
    using Prove = std::function<void(const chaindb::PageImage&)>;
    /// The same, for sources that can have it proved meanwhile: calls `prove` in another thread, with an
    /// image of the database for as long as that runs. Throws what either throws, first what the writing
    /// does.
    std::function<void(platform::DurableFile&, const Prove& prove, base::Progress&)> write_proved;
    /// Journal files that belong to a database that was kept as it was ("-wal", "-journal").
    struct Sidecar {
        std::string suffix;
        std::function<void(platform::DurableFile&)> write;
    };
    std::vector<Sidecar> sidecars;
    /// False for a database that SQLite could not read when it was kept: it is brought back as it was.
    bool readable = true;
};

/// A file, folder or link of config/, keys/ or wallets/.
struct FileSource {
    repository::FileEntry entry;
    /// The contents of a file, checked. Throws Error when they are damaged.
    std::function<base::Bytes(std::uint64_t piece)> read_piece;
};

struct RestoreSource {
    std::string name;  ///< for messages: "backup 40dc1520", or a path
    std::optional<DatabaseSource> database;
    std::vector<FileSource> files;
    std::vector<repository::NetworkState> networks;  ///< as the source tells; may be empty
    /// What a restore put away before it changed the home; it comes back whatever its chain is like.
    bool safety = false;
};

/// A backup in a repository (or in an exported file, which is one). The repository must outlive it.
RestoreSource source_of_backup(const repository::Repository& repository,
                               const repository::Manifest& manifest);

/// Any SQLite database.
RestoreSource source_of_database(const std::filesystem::path& path);

}  // namespace bt2c::restore
