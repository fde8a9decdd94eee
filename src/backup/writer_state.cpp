#include "backup/writer_state.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"

namespace bt2c::backup {

namespace fs = std::filesystem;
using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorKind;
using base::Json;
using repository::BackupType;
using repository::ContentId;
using repository::Manifest;
using repository::ObjectId;

namespace {

constexpr std::string_view mark = "BT2CWST1";
constexpr std::size_t prefix_bytes = mark.size() + 8;
constexpr std::size_t entry_bytes = 30;
/// As many as are read or written at a time.
constexpr std::uint32_t ids_at_once = 65536;

[[noreturn]] void damaged(std::string_view what) {
    throw Error(ErrorKind::failed,
                base::format("the state that it keeps of its backups is damaged: {}", what));
}

/// The size of a record, by its first bytes.
std::uint64_t record_bytes(ByteView prefix) {
    if (prefix.size() < prefix_bytes || !std::equal(mark.begin(), mark.end(), prefix.begin()))
        damaged("it does not begin as one");
    const auto json = base::get_le<std::uint32_t>(prefix.data() + mark.size());
    const auto entries = base::get_le<std::uint32_t>(prefix.data() + mark.size() + 4);
    return prefix_bytes + std::uint64_t{json} + std::uint64_t{entries} * entry_bytes + sizeof(crypto::Digest);
}

std::optional<Manifest> find(const std::vector<Manifest>& manifests, const Json* id) {
    if (!id) return std::nullopt;
    const ObjectId wanted = ObjectId::parse(id->string());
    const auto found = std::find_if(manifests.begin(), manifests.end(),
                                    [&](const Manifest& manifest) { return manifest.id == wanted; });
    if (found == manifests.end()) damaged("a manifest is missing");
    return *found;
}

bool fits(const Manifest& manifest, const Manifest& full) {
    return manifest.parent == full.id && manifest.image &&
           manifest.image->page_size == full.image->page_size &&
           manifest.image->group_pages == full.image->group_pages;
}

void require_sound(const WriterRecord& record) {
    const Manifest& full = record.full;
    if (full.type != BackupType::full || !full.image) damaged("it names no full backup");
    if (record.sibling && !fits(*record.sibling, full)) damaged("its backups do not fit each other");
    if (record.latest.id != full.id &&
        (record.latest.type != BackupType::incremental || !fits(record.latest, full)))
        damaged("its backups do not fit each other");
    if (!record.sibling && !record.entries.empty()) damaged("it has pages of no backup");
}

}  // namespace

Bytes WriterRecord::encode() const {
    Json manifests = Json::array();
    std::vector<ObjectId> known;
    const auto add = [&](const Manifest& manifest) {
        if (std::find(known.begin(), known.end(), manifest.id) != known.end()) return;
        known.push_back(manifest.id);
        manifests.push(Json::object({{"id", manifest.id.hex()}, {"manifest", manifest.to_json()}}));
    };
    add(full);
    add(latest);
    if (sibling) add(*sibling);
    const std::string text = Json::object({{"repository", repository.hex()},
                                           {"sequence", sequence},
                                           {"full", full.id.hex()},
                                           {"latest", latest.id.hex()},
                                           {"sibling", sibling ? Json(sibling->id.hex()) : Json()},
                                           {"manifests", std::move(manifests)}})
                                 .dump();
    Bytes out(mark.begin(), mark.end());
    base::put_le(out, static_cast<std::uint32_t>(text.size()));
    base::put_le(out, static_cast<std::uint32_t>(entries.size()));
    out.insert(out.end(), text.begin(), text.end());
    const Bytes table = repository::encode_entries(entries);
    out.insert(out.end(), table.begin(), table.end());
    const crypto::Digest digest = crypto::sha256(out);
    out.insert(out.end(), digest.begin(), digest.end());
    return out;
}

WriterRecord WriterRecord::decode(ByteView bytes) {
    if (record_bytes(bytes) != bytes.size()) damaged("it is cut off");
    const ByteView body = bytes.first(bytes.size() - sizeof(crypto::Digest));
    const crypto::Digest digest = crypto::sha256(body);
    if (!std::equal(digest.begin(), digest.end(), bytes.begin() + static_cast<std::ptrdiff_t>(body.size())))
        damaged("its digest is another");
    const auto json_bytes = base::get_le<std::uint32_t>(body.data() + mark.size());
    const Json json = Json::parse(base::as_text(body.subspan(prefix_bytes, json_bytes)));
    std::vector<Manifest> manifests;
    for (const Json& entry : json.array_at("manifests"))
        manifests.push_back(
            Manifest::from_json(ObjectId::parse(entry.string_at("id")), entry.at("manifest")));
    WriterRecord record;
    record.repository = ObjectId::parse(json.string_at("repository"));
    record.sequence = json.unsigned_at("sequence");
    if (record.sequence > repository::sequence_max) damaged("its sequence is too high");
    record.full = *find(manifests, &json.at("full"));
    record.latest = *find(manifests, &json.at("latest"));
    record.sibling = find(manifests, json.find("sibling"));
    repository::decode_entries(body.subspan(prefix_bytes + json_bytes),
                               record.sibling ? record.sibling->packs.size() : 0, record.entries);
    require_sound(record);
    return record;
}

fs::path WriterState::file(const config::Home& home, const ObjectId& repository) {
    return home.backups() / "writer-state" / repository.hex();
}

std::optional<WriterState> WriterState::load(const fs::path& file, const ObjectId& repository) {
    if (fs::symlink_status(file).type() == fs::file_type::not_found) return std::nullopt;
    WriterState state;
    state.name_ = file;
    state.fd_ = platform::open_for_reading(file, false);
    const std::uint64_t size = platform::file_size(state.fd_.get(), file);
    Bytes prefix(prefix_bytes);
    prefix.resize(platform::read_at(state.fd_.get(), prefix, 0, file));
    state.content_offset_ = record_bytes(prefix);
    if (state.content_offset_ > size) damaged("it is cut off");
    Bytes bytes(state.content_offset_);
    if (platform::read_at(state.fd_.get(), bytes, 0, file) != bytes.size()) damaged("it is cut off");
    state.record = WriterRecord::decode(bytes);
    if (state.record.repository != repository)
        throw Error(ErrorKind::failed, "the state that it keeps is of another repository");
    const repository::ImageInfo& image = *state.record.full.image;
    crypto::Sha256 digest;
    for (std::uint64_t page = 1; page <= image.page_count; page += ids_at_once) {
        base::throw_if_interrupted();
        for (const ContentId& id : state.content(static_cast<std::uint32_t>(page), ids_at_once))
            digest.update(id);
    }
    if (size != state.content_offset_ + std::uint64_t{image.page_count} * sizeof(ContentId) ||
        base::to_hex(digest.finish()) != image.digest)
        damaged("its content ids are not those of its full backup");
    return state;
}

void WriterState::save(const fs::path& file, const WriterRecord& record, const ContentIds& content) {
    require_sound(record);
    platform::durable_mkdir(file.parent_path(), 0700);
    platform::remove_stale_temporaries(file.parent_path());
    platform::DurableFile out(file, 0600);
    out.append(record.encode());
    for (std::uint64_t page = 1; page <= record.full.image->page_count; page += ids_at_once) {
        const std::vector<ContentId> ids = content(static_cast<std::uint32_t>(page), ids_at_once);
        out.append({reinterpret_cast<const std::uint8_t*>(ids.data()), ids.size() * sizeof(ContentId)});
    }
    out.commit(platform::DurableFile::Existing::replace);
}

std::vector<ContentId> WriterState::content(std::uint32_t first_page, std::uint32_t count) const {
    const std::uint64_t end =
        std::min<std::uint64_t>(std::uint64_t{first_page} - 1 + count, record.full.image->page_count);
    std::vector<ContentId> ids(end - std::min<std::uint64_t>(end, first_page - 1));
    auto* bytes = reinterpret_cast<std::uint8_t*>(ids.data());
    const std::size_t got =
        platform::read_at(fd_.get(), {bytes, ids.size() * sizeof(ContentId)},
                          content_offset_ + std::uint64_t{first_page - 1} * sizeof(ContentId), name_);
    ids.resize(got / sizeof(ContentId));
    return ids;
}

}  // namespace bt2c::backup
