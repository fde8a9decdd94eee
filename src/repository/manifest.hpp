#pragma once
// What a backup holds: the object that makes it exist.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/time.hpp"
#include "repository/format.hpp"

namespace bt2c::repository {

enum class BackupType { full, incremental, safety };
std::string_view type_name(BackupType type);

/// The chain of one network as the backup has it; hashes as crypto::bounded_text() gives them.
struct NetworkState {
    std::string network;
    std::int64_t height = 0;
    std::string tip_hash;
    std::string genesis_hash;  ///< hash of the lowest block; tells chains apart
};

/// Of the object, and of its text.
inline constexpr std::size_t manifest_bytes_max = std::size_t{64} << 20;

struct ImageInfo {
    std::uint32_t page_size = 0;
    std::uint32_t page_count = 0;
    std::uint32_t group_pages = 0;
    std::uint32_t groups = 0;  ///< of the full backup; 0 in others
    std::string digest;        ///< 64 hex digits; see "image digest" in the format
    std::string journal_mode;
    std::uint32_t mode = 0600, uid = 0, gid = 0;  ///< of the database file
    std::uint64_t bytes() const { return std::uint64_t{page_size} * page_count; }
};

enum class FileKind { file, folder, link };

/// Whether it is a path as backups name what is below a home: names with one slash between, none of which
/// leads elsewhere.
bool is_plain_path(std::string_view path);

struct FileEntry {
    std::string path;  ///< relative to the home
    FileKind kind = FileKind::file;
    std::uint32_t mode = 0, uid = 0, gid = 0;
    std::int64_t mtime_ns = 0;
    std::uint64_t bytes = 0;
    ContentId content_id{};
    std::vector<BlobReference> pieces;
    std::string target;  ///< of a link
};

struct PackInfo {
    ObjectId id;
    ObjectId backup;  ///< that wrote it
    std::uint64_t bytes = 0;
};

/// Which node made a backup.
struct NodeIdentity {
    std::string name;
    std::string machine;    ///< 16 hex digits that differ from machine to machine; empty where unknown
    std::string home = {};  ///< the same for the homes of one machine; empty in manifests of older versions
    bool operator==(const NodeIdentity& other) const {
        return name == other.name && machine == other.machine &&
               (home == other.home || home.empty() || other.home.empty());
    }
};

/// Numbers of backups end here, which every reader of JSON keeps exactly; of those that have this one the
/// time decides. Nobody comes so far who does not forge.
inline constexpr std::uint64_t sequence_max = std::uint64_t{1} << 53;

struct Manifest {
    ObjectId id;
    BackupType type = BackupType::full;
    std::optional<ObjectId> parent;
    std::uint64_t sequence = 0;
    std::string program;
    std::optional<NodeIdentity> node;
    base::UnixMs started_at = 0, finished_at = 0;
    std::vector<NetworkState> networks;
    std::optional<ImageInfo> image;
    std::vector<BlobReference> content_table, differences;
    std::uint64_t pages_changed = 0;
    std::vector<PackInfo> packs;
    std::uint64_t stored_bytes = 0;  ///< what the backup added to the repository
    std::vector<FileEntry> files;
    bool write_only = false;  ///< sealed by a write-only node; not stored in it, its object's front says so

    base::Json to_json() const;
    /// Throws Error when a field is missing, of a wrong type, or beyond sound bounds; or when it names what
    /// no home can hold: a path twice, one below what is no folder, one that is no path, or a pack twice.
    static Manifest from_json(const ObjectId& id, const base::Json& json);
};

}  // namespace bt2c::repository
