#pragma once
// The words of the repository format; see docs/repository-format.md.
//
//   blob       one sealed piece of a pack
//   pack       a write-once object of about 16 MiB that holds blobs
//   index      the directories of a backup's packs; a cache
//   manifest   what a backup holds; the backup exists when its manifest does

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "crypto/hash.hpp"

namespace bt2c::repository {

using crypto::ContentId;

constexpr std::uint16_t format_version = 1;
constexpr std::size_t object_header_bytes = 32;
constexpr std::size_t pack_bytes_target = std::size_t{16} << 20;
/// Who reads a whole pack asks for no more; its last blob and its directory stand behind the target.
constexpr std::size_t pack_bytes_max = 4 * pack_bytes_target;
constexpr std::size_t blob_bytes_max = std::size_t{2} << 20;  ///< before and after compression
constexpr std::size_t file_piece_bytes = std::size_t{1} << 20;
constexpr std::size_t small_object_bytes_max = 4096;  ///< of proofs, pins and marks
constexpr std::size_t group_bytes = 262144;
constexpr std::size_t content_table_piece_entries = 65536;
constexpr std::size_t differences_piece_entries = 32768;
/// At a pack's end: the sealed length of its directory, and this mark.
constexpr std::string_view pack_end = "BT2CPACK";
constexpr std::size_t pack_trailer_bytes = 4 + pack_end.size();
constexpr std::uint64_t directory_number = UINT64_MAX;  ///< seal number of a pack's directory

enum class ObjectType : std::uint8_t {
    pack = 1,
    index = 2,
    manifest = 3,
    proof = 4,
    retired = 5,  ///< a backup of this id exists no more
    pin = 6,
    intent = 7,  ///< a backup is being made or copied
    sweep = 8,   ///< what a prune found to be needed by nobody
};
enum class BlobKind : std::uint8_t {
    group = 1,
    loose_pages = 2,
    page_difference = 3,
    file_piece = 4,
    table_piece = 5,
};

/// The id of an object: 16 random bytes.
struct ObjectId {
    std::array<std::uint8_t, 16> bytes{};
    auto operator<=>(const ObjectId&) const = default;
    static ObjectId random();
    /// Throws Error when `text` is not 32 hex digits.
    static ObjectId parse(std::string_view text);
    /// nullopt when it is not 32 lower-case hex digits.
    static std::optional<ObjectId> try_parse(std::string_view text);
    /// That of the object of this name, such as "packs/3fa4…". Throws as parse().
    static ObjectId of(std::string_view object_name);
    std::string hex() const { return base::to_hex(bytes); }
    /// Enough to tell backups apart in messages.
    std::string brief() const { return hex().substr(0, 8); }
};

/// Where an object stands in a location, such as "packs/3fa4…".
std::string object_name(ObjectType type, const ObjectId& id);
/// What stands behind the last slash of an object's name.
inline std::string leaf_of(const std::string& name) {
    return name.substr(name.rfind('/') + 1);
}
/// All that a repository has at its top.
inline constexpr std::array<std::string_view, 11> top_names{"format",    "keys",    "packs",   "index",
                                                            "manifests", "proofs",  "retired", "pins",
                                                            "sweeps",    "intents", "ended"};
/// The folder of all objects of a type, such as "packs".
std::string_view object_folder(ObjectType type);
/// "pack", "index", "manifest" and so on.
std::string_view object_noun(ObjectType type);

/// A blob by the position of its pack in the manifest's list, and its number in that pack.
struct BlobReference {
    std::uint32_t pack = 0;
    std::uint32_t blob = 0;
    auto operator<=>(const BlobReference&) const = default;
};

/// How the key of an object is found; byte 11 of its header.
enum class SealKind : std::uint8_t { master_key = 0, write_only = 1 };
/// Behind the header of an object of kind write_only: its backup's secret, sealed to the repository's public
/// key.
constexpr std::size_t sealed_secret_bytes = 80;
/// Header and sealed secret: what an object can have in front of its first seal.
constexpr std::size_t front_bytes_max = object_header_bytes + sealed_secret_bytes;
constexpr std::size_t front_bytes(SealKind kind) {
    return kind == SealKind::write_only ? front_bytes_max : object_header_bytes;
}
/// As the header says, which was checked by check_header().
SealKind seal_kind(base::ByteView object);
inline std::size_t front_bytes(base::ByteView object) {
    return front_bytes(seal_kind(object));
}

using ObjectHeader = std::array<std::uint8_t, object_header_bytes>;
ObjectHeader make_header(ObjectType type, const ObjectId& id, SealKind seal = SealKind::master_key);
/// Checks what stands in the clear at an object's front against what its name says; throws Error
/// that tells a foreign file, an unknown version, and an object under a wrong name apart.
void check_header(base::ByteView object, ObjectType type, const ObjectId& id);
/// Whether an object of ours begins with a version that this program does not know.
bool has_unknown_version(base::ByteView object) noexcept;

}  // namespace bt2c::repository
