#include "repository/manifest.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"

namespace bt2c::repository {

using base::Error;
using base::ErrorKind;
using base::Json;

namespace {

constexpr std::array<std::string_view, 3> type_names{"full", "incremental", "safety"};
constexpr std::array<std::string_view, 3> file_kind_names{"file", "folder", "link"};

[[noreturn]] void malformed(std::string_view what) {
    throw Error(ErrorKind::failed, base::format("malformed manifest: {}", what));
}

template <typename Enum, std::size_t Size>
Enum parse_enum(const std::array<std::string_view, Size>& names, const std::string& text) {
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) malformed(base::format("'{}' is not known", base::printable(text)));
    return static_cast<Enum>(found - names.begin());
}

std::uint32_t u32_at(const Json& json, std::string_view key) {
    const std::uint64_t value = json.unsigned_at(key);
    if (value > std::numeric_limits<std::uint32_t>::max()) malformed(base::format("'{}' is too large", key));
    return static_cast<std::uint32_t>(value);
}

/// The kernel takes no longer path, and keeps no longer link. Of names alone some file systems take more than
/// 255 bytes; a restore looks at what its own takes.
constexpr std::size_t path_bytes_max = 4095;

bool is_path(std::string_view text) {
    return !text.empty() && text.size() <= path_bytes_max && text.find('\0') == std::string_view::npos;
}

std::string shown(std::string_view path) {
    constexpr std::size_t shown_bytes = 200;
    return base::printable(path.substr(0, shown_bytes)) + (path.size() > shown_bytes ? "…" : "");
}

/// Whether something else would take a path's place, or be reached through it, is not left to a restore.
void require_sound_files(const std::vector<FileEntry>& files) {
    std::vector<const FileEntry*> sorted;
    for (const FileEntry& file : files) {
        if (!is_plain_path(file.path)) malformed(base::format("'{}' is no path in a home", shown(file.path)));
        if (file.kind == FileKind::link && !is_path(file.target))
            malformed(base::format("the link {} leads to no path", shown(file.path)));
        sorted.push_back(&file);
    }
    // With the slash before all others, what is below something comes right behind it.
    const auto weight = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c); };
    std::ranges::sort(sorted, [&](const FileEntry* a, const FileEntry* b) {
        return std::ranges::lexicographical_compare(a->path, b->path, std::less(), weight, weight);
    });
    for (std::size_t i = 1; i < sorted.size(); ++i) {
        const FileEntry& before = *sorted[i - 1];
        const std::string& path = sorted[i]->path;
        if (path == before.path) malformed(base::format("it names {} twice", shown(path)));
        if (before.kind != FileKind::folder && path.starts_with(before.path) &&
            path[before.path.size()] == '/')
            malformed(base::format("{} is below what is no folder", shown(path)));
    }
}

/// How many there can be the bound of the text says.
void require_sound_packs(const std::vector<PackInfo>& packs) {
    std::vector<ObjectId> ids(packs.size());
    std::ranges::transform(packs, ids.begin(), &PackInfo::id);
    std::ranges::sort(ids);
    if (const auto twice = std::ranges::adjacent_find(ids); twice != ids.end())
        malformed(base::format("it names pack {} twice", twice->brief()));
}

/// A path as text that JSON can hold and that reads back to the same bytes.
std::string escape_path(std::string_view path) {
    std::string out;
    for (std::size_t i = 0; i < path.size();) {
        // printable() tells whether a character can stand as it is: bytes that cannot come out longer.
        const auto byte = static_cast<unsigned char>(path[i]);
        const std::size_t length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
        const std::string_view character = path.substr(i, length);
        if (path[i] != '%' && base::printable(character) == character) {
            out += character;
            i += character.size();
        } else {
            out += base::format("%{:02X}", byte);
            ++i;
        }
    }
    return out;
}

std::string unescape_path(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::uint8_t byte = 0;
        if (text[i] != '%') {
            out += text[i];
        } else if (base::from_hex(text.substr(i + 1, 2), base::MutableBytes(&byte, 1))) {
            out += static_cast<char>(byte);
            i += 2;
        } else {
            malformed("a path has a bad escape");
        }
    }
    return out;
}

Json references_to_json(const std::vector<BlobReference>& references) {
    Json list = Json::array();
    for (const BlobReference& reference : references) list.push(Json::Array{reference.pack, reference.blob});
    return list;
}

std::vector<BlobReference> references_from(const Json::Array& list, std::size_t packs) {
    std::vector<BlobReference> references;
    for (const Json& element : list) {
        const Json::Array& pair = element.elements();
        if (pair.size() != 2) malformed("a reference is no pair");
        const std::int64_t pack = pair[0].integer();
        const std::int64_t blob = pair[1].integer();
        if (pack < 0 || static_cast<std::uint64_t>(pack) >= packs || blob < 0 || blob > INT32_MAX)
            malformed("a reference is out of bounds");
        references.push_back({static_cast<std::uint32_t>(pack), static_cast<std::uint32_t>(blob)});
    }
    return references;
}

Json file_to_json(const FileEntry& file) {
    Json json = Json::object({{"path", escape_path(file.path)},
                              {"kind", file_kind_names[static_cast<std::size_t>(file.kind)]},
                              {"mode", file.mode},
                              {"uid", file.uid},
                              {"gid", file.gid},
                              {"mtime_ns", std::to_string(file.mtime_ns)}});
    if (file.kind == FileKind::file) {
        json.set("bytes", file.bytes);
        json.set("content_id", base::to_hex(file.content_id));
        json.set("pieces", references_to_json(file.pieces));
    }
    if (file.kind == FileKind::link) json.set("target", escape_path(file.target));
    return json;
}

FileEntry file_from(const Json& json, std::size_t packs) {
    FileEntry file;
    file.path = unescape_path(json.string_at("path"));
    file.kind = parse_enum<FileKind>(file_kind_names, json.string_at("kind"));
    file.mode = u32_at(json, "mode") & 07777;
    file.uid = u32_at(json, "uid");
    file.gid = u32_at(json, "gid");
    const std::string& time = json.string_at("mtime_ns");
    const char* end = time.data() + time.size();
    if (const auto read = std::from_chars(time.data(), end, file.mtime_ns);
        read.ec != std::errc{} || read.ptr != end)
        malformed("'mtime_ns' is no number");
    if (file.kind == FileKind::file) {
        file.bytes = json.unsigned_at("bytes");
        if (!base::from_hex(json.string_at("content_id"), file.content_id))
            malformed("'content_id' is no id");
        file.pieces = references_from(json.array_at("pieces"), packs);
    }
    if (file.kind == FileKind::link) file.target = unescape_path(json.string_at("target"));
    return file;
}

Json image_to_json(const ImageInfo& image) {
    return Json::object({{"page_size", image.page_size},
                         {"page_count", image.page_count},
                         {"digest", image.digest},
                         {"group_pages", image.group_pages},
                         {"groups", image.groups},
                         {"journal_mode", image.journal_mode},
                         {"mode", image.mode},
                         {"uid", image.uid},
                         {"gid", image.gid}});
}

ImageInfo image_from(const Json& json) {
    ImageInfo image;
    image.page_size = u32_at(json, "page_size");
    image.page_count = u32_at(json, "page_count");
    image.group_pages = u32_at(json, "group_pages");
    image.groups = u32_at(json, "groups");
    image.digest = json.string_at("digest");
    image.journal_mode = json.string_at("journal_mode");
    image.mode = u32_at(json, "mode") & 07777;
    image.uid = u32_at(json, "uid");
    image.gid = u32_at(json, "gid");
    const bool power_of_two = (image.page_size & (image.page_size - 1)) == 0;
    if (image.page_size < 512 || image.page_size > 65536 || !power_of_two || image.page_count == 0 ||
        image.group_pages == 0 || std::uint64_t{image.group_pages} * image.page_size > blob_bytes_max)
        malformed("the image's sizes are out of bounds");
    return image;
}

base::UnixMs time_at(const Json& json, std::string_view key) {
    const auto time = base::parse_utc(json.string_at(key));
    if (!time) malformed(base::format("'{}' is no time", key));
    return *time;
}

}  // namespace

bool is_plain_path(std::string_view path) {
    if (!is_path(path)) return false;
    for (;;) {
        const std::size_t slash = path.find('/');
        const std::string_view name = path.substr(0, slash);
        if (name.empty() || name == "." || name == "..") return false;
        if (slash == std::string_view::npos) return true;
        path.remove_prefix(slash + 1);
    }
}

std::string_view type_name(BackupType type) {
    return type_names[static_cast<std::size_t>(type)];
}

Json Manifest::to_json() const {
    Json networks_json = Json::array();
    for (const NetworkState& state : networks)
        networks_json.push(Json::object({{"network", state.network},
                                         {"height", state.height},
                                         {"tip_hash", state.tip_hash},
                                         {"genesis_hash", state.genesis_hash}}));
    Json packs_json = Json::array();
    for (const PackInfo& pack : packs)
        packs_json.push(
            Json::object({{"id", pack.id.hex()}, {"backup", pack.backup.hex()}, {"bytes", pack.bytes}}));
    Json files_json = Json::array();
    for (const FileEntry& file : files) files_json.push(file_to_json(file));
    Json json = Json::object({{"type", type_name(type)},
                              {"parent", parent ? Json(parent->hex()) : Json()},
                              {"sequence", sequence},
                              {"program", program},
                              {"started_at", base::format_utc(started_at)},
                              {"finished_at", base::format_utc(finished_at)},
                              {"networks", networks_json},
                              {"image", image ? image_to_json(*image) : Json()},
                              {"content_table", references_to_json(content_table)},
                              {"differences", references_to_json(differences)},
                              {"pages_changed", pages_changed},
                              {"packs", packs_json},
                              {"stored_bytes", stored_bytes},
                              {"files", files_json}});
    if (node)
        json.set("node",
                 Json::object({{"name", node->name}, {"machine", node->machine}, {"home", node->home}}));
    return json;
}

Manifest Manifest::from_json(const ObjectId& id, const Json& json) {
    Manifest manifest;
    manifest.id = id;
    manifest.type = parse_enum<BackupType>(type_names, json.string_at("type"));
    if (const Json* parent = json.find("parent")) manifest.parent = ObjectId::parse(parent->string());
    manifest.sequence = json.unsigned_at("sequence");
    if (manifest.sequence > sequence_max)
        throw Error(ErrorKind::failed, "malformed manifest: its sequence is too high");
    manifest.program = json.string_at("program");
    if (const Json* node = json.find("node")) {
        const Json* const home = node->find("home");
        manifest.node = NodeIdentity{node->string_at("name"), node->string_at("machine"),
                                     home ? home->string() : std::string()};
    }
    manifest.started_at = time_at(json, "started_at");
    manifest.finished_at = time_at(json, "finished_at");
    for (const Json& state : json.array_at("networks"))
        manifest.networks.push_back({state.string_at("network"), state.integer_at("height"),
                                     crypto::bounded_text(state.string_at("tip_hash")),
                                     crypto::bounded_text(state.string_at("genesis_hash"))});
    if (const Json* image = json.find("image")) manifest.image = image_from(*image);
    for (const Json& pack : json.array_at("packs"))
        manifest.packs.push_back({ObjectId::parse(pack.string_at("id")),
                                  ObjectId::parse(pack.string_at("backup")), pack.unsigned_at("bytes")});
    require_sound_packs(manifest.packs);
    manifest.content_table = references_from(json.array_at("content_table"), manifest.packs.size());
    manifest.differences = references_from(json.array_at("differences"), manifest.packs.size());
    manifest.pages_changed = json.unsigned_at("pages_changed");
    manifest.stored_bytes = json.unsigned_at("stored_bytes");
    for (const Json& file : json.array_at("files"))
        manifest.files.push_back(file_from(file, manifest.packs.size()));
    require_sound_files(manifest.files);
    if (manifest.type == BackupType::incremental && (!manifest.parent || !manifest.image))
        malformed("an incremental backup without a parent");
    if (manifest.parent && (manifest.type == BackupType::full || !manifest.image))
        malformed("a parent where there can be none");
    return manifest;
}

}  // namespace bt2c::repository
