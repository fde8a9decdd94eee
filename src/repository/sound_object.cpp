#include "repository/sound_object.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/seal.hpp"
#include "repository/copies.hpp"
#include "repository/index.hpp"
#include "repository/pack_directory.hpp"
#include "repository/sweeps.hpp"

namespace bt2c::repository {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorKind;
using base::format;

namespace {

void require_sound_pack(const RepositoryKeys& keys, const ObjectId& id, ByteView pack) {
    const auto require = [&](bool sound, const char* what) {
        if (!sound) throw Error(ErrorKind::failed, format("pack {} is damaged", id.brief())).cause(what);
    };
    check_header(pack, ObjectType::pack, id);
    const std::size_t front = front_bytes(pack);
    require(pack.size() >= front + pack_trailer_bytes, "it is cut off");
    const ByteView trailer = pack.last(pack_trailer_bytes);
    require(base::as_text(trailer).substr(4) == pack_end, "it is cut off");
    const std::size_t sealed = base::get_le<std::uint32_t>(trailer.data());
    require(sealed >= crypto::seal_tag_bytes && sealed <= pack.size() - front - pack_trailer_bytes,
            "it is cut off");
    const auto opened = keys.open_front(pack);
    require(opened.has_value(), "the seal of its secret does not verify");
    Bytes plain(sealed - crypto::seal_tag_bytes);
    require(crypto::unseal(opened->key, directory_number,
                           pack.subspan(pack.size() - pack_trailer_bytes - sealed, sealed), plain),
            "the seal of its directory does not verify");
    const PackDirectory directory = PackDirectory::decode(plain, front);
    require(directory.pack_bytes() == pack.size(), "its directory does not fit its size");
    for (std::size_t i = 0; i < directory.blobs.size(); ++i) {
        const BlobEntry& blob = directory.blobs[i];
        plain.resize(blob.sealed_bytes - std::min<std::size_t>(blob.sealed_bytes, crypto::seal_tag_bytes));
        require(!plain.empty() &&
                    crypto::unseal(opened->key, i, pack.subspan(blob.offset, blob.sealed_bytes), plain),
                "the seal of a blob does not verify");
    }
}

}  // namespace

void require_sound(const Repository& repository, const std::string& name, ByteView contents) {
    const std::size_t slash = name.find('/');
    const std::string folder = name.substr(0, slash);
    if (folder == "format" && Repository::parse_format(contents, "a copy").id != repository.id())
        throw Error(ErrorKind::failed, "it is the object 'format' of another repository");
    if (folder == "keys" && repository.keys().can_read())
        require_sound_slot(ObjectId::parse(std::string_view(name).substr(slash + 1)), contents,
                           repository.id(), repository.keys().master());
    const auto is = [&](ObjectType type) { return folder == object_folder(type); };
    constexpr std::array small{ObjectType::proof, ObjectType::retired, ObjectType::pin, ObjectType::sweep};
    if (!is(ObjectType::pack) && !is(ObjectType::index) && !is(ObjectType::manifest) &&
        std::ranges::none_of(small, is))
        return;
    const ObjectId id = ObjectId::parse(std::string_view(name).substr(slash + 1));
    if (!repository.keys().can_read()) {
        for (const ObjectType type : {ObjectType::pack, ObjectType::index, ObjectType::manifest})
            if (is(type)) check_header(contents, type, id);
        for (const ObjectType type : small)
            if (is(type)) check_header(contents, type, id);
        return;
    }
    if (is(ObjectType::pack)) require_sound_pack(repository.keys(), id, contents);
    if (is(ObjectType::index)) decode_index(repository.keys(), id, contents);
    if (is(ObjectType::manifest)) repository.open_manifest(id, contents);
    for (const ObjectType type : small)
        if (is(type)) repository.open_object(type, id, contents);
}

std::uint64_t object_bytes_max(const std::string& name) {
    constexpr std::uint64_t any_max = std::uint64_t{1} << 30;
    const std::string_view folder = std::string_view(name).substr(0, name.find('/'));
    if (folder == "keys" || folder == "format") return slot_object_bytes_max;
    for (const ObjectType type : {ObjectType::proof, ObjectType::retired, ObjectType::pin})
        if (folder == object_folder(type)) return small_object_bytes_max;
    if (folder == object_folder(ObjectType::sweep)) return sweep_bytes_max;
    return folder == object_folder(ObjectType::manifest) ? manifest_bytes_max : any_max;
}

Bytes read_sound(const Repository& repository, const std::string& name) {
    return read_any_copy(repository.location(), name, [&](storage::Location& copy) {
        std::optional<Bytes> contents = copy.get_range(name, 0, object_bytes_max(name));
        if (!contents) throw Error(ErrorKind::failed, format("{} is missing", name));
        require_sound(repository, name, *contents);
        return std::move(*contents);
    });
}

}  // namespace bt2c::repository
