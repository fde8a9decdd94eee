#include "repository/sound_object.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/seal.hpp"
#include "repository/copies.hpp"
#include "repository/index.hpp"
#include "repository/pack_directory.hpp"
#include "repository/repository_format.hpp"
#include "repository/sweeps.hpp"

namespace bt2c::repository {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorKind;
using base::format;

namespace {

Error damaged_pack(const ObjectId& id, const char* what) {
    return Error(ErrorKind::failed, format("pack {} is damaged", id.brief())).cause(what);
}

/// The first answer that one of the copies gives. Throws what the last of them said when none does.
template <typename Ask>
auto first_sound(std::span<const ByteView> copies, Ask ask) {
    for (std::size_t i = 0;; ++i) try {
            return ask(copies[i]);
        } catch (const Error&) {
            if (i + 1 == copies.size()) throw;
        }
}

struct PackFront {
    RepositoryKeys::OpenedObject opened;
    ByteView bytes;
};
PackFront sound_front(const RepositoryKeys& keys, const ObjectId& id, ByteView pack) {
    check_header(pack, ObjectType::pack, id);
    if (pack.size() < front_bytes(pack)) throw damaged_pack(id, "it is cut off");
    auto opened = keys.open_front(pack);
    if (!opened) throw damaged_pack(id, "the seal of its secret does not verify");
    return {std::move(*opened), pack.first(front_bytes(pack))};
}

struct PackEnd {
    PackDirectory directory;
    ByteView bytes;  ///< the sealed directory and the trailer
};
PackEnd sound_end(const PackFront& front, const ObjectId& id, ByteView pack) {
    const auto require = [&](bool sound, const char* what) {
        if (!sound) throw damaged_pack(id, what);
    };
    require(pack.size() >= front.bytes.size() + pack_trailer_bytes, "it is cut off");
    const ByteView trailer = pack.last(pack_trailer_bytes);
    require(base::as_text(trailer).substr(4) == pack_end, "it is cut off");
    const std::size_t sealed = base::get_le<std::uint32_t>(trailer.data());
    require(
        sealed >= crypto::seal_tag_bytes && sealed <= pack.size() - front.bytes.size() - pack_trailer_bytes,
        "it is cut off");
    const ByteView end = pack.last(sealed + pack_trailer_bytes);
    Bytes plain(sealed - crypto::seal_tag_bytes);
    require(crypto::unseal(front.opened.key, directory_number, end.first(sealed), plain),
            "the seal of its directory does not verify");
    return {PackDirectory::decode(plain, front.bytes.size()), end};
}

/// The parts of a pack in their order, each out of the first copy in which its seal verifies; views of the
/// copies. Throws Error that says what is wrong when no copy has one of them.
std::vector<ByteView> sound_parts(const RepositoryKeys& keys, const ObjectId& id,
                                  std::span<const ByteView> copies) {
    const auto front = first_sound(copies, [&](ByteView pack) { return sound_front(keys, id, pack); });
    const auto end = first_sound(copies, [&](ByteView pack) { return sound_end(front, id, pack); });
    std::vector<ByteView> parts{front.bytes};
    Bytes plain;
    for (std::size_t i = 0; i < end.directory.blobs.size(); ++i) {
        const BlobEntry& blob = end.directory.blobs[i];
        plain.resize(blob.sealed_bytes - crypto::seal_tag_bytes);
        parts.push_back(first_sound(copies, [&](ByteView pack) {
            if (pack.size() < std::uint64_t{blob.offset} + blob.sealed_bytes)
                throw damaged_pack(id, "it is cut off");
            const ByteView sealed = pack.subspan(blob.offset, blob.sealed_bytes);
            if (plain.empty() || !crypto::unseal(front.opened.key, i, sealed, plain))
                throw damaged_pack(id, "the seal of a blob does not verify");
            return sealed;
        }));
    }
    parts.push_back(end.bytes);
    return parts;
}

void require_sound_pack(const RepositoryKeys& keys, const ObjectId& id, ByteView pack) {
    std::size_t size = 0;
    for (const ByteView part : sound_parts(keys, id, std::span(&pack, 1))) size += part.size();
    if (size != pack.size()) throw damaged_pack(id, "its directory does not fit its size");
}

/// A pack that is whole nowhere, out of what is sound of its copies. Throws Error where that is not enough.
Bytes put_together(const Repository& repository, const std::string& name, const std::optional<Bytes>& but) {
    std::vector<Bytes> read;
    for (const auto& copy : repository.location().copies()) try {
            auto contents = copy->get_range(name, 0, object_bytes_max(name));
            if (contents && contents != but) read.push_back(std::move(*contents));
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
        }
    if (read.empty()) throw Error(ErrorKind::failed, format("{} has no other copy", name));
    const std::vector<ByteView> copies(read.begin(), read.end());
    Bytes whole;
    for (const ByteView part : sound_parts(repository.keys(), ObjectId::of(name), copies))
        whole.insert(whole.end(), part.begin(), part.end());
    return whole;
}

}  // namespace

void require_sound(const Repository& repository, const std::string& name, ByteView contents) {
    const std::size_t slash = name.find('/');
    const std::string folder = name.substr(0, slash);
    if (folder == "format" && parse_format(contents, "a copy").id != repository.id())
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
    if (folder == object_folder(ObjectType::pack)) return pack_bytes_max;
    if (folder == object_folder(ObjectType::sweep)) return sweep_bytes_max;
    return folder == object_folder(ObjectType::manifest) ? manifest_bytes_max : any_max;
}

Bytes read_sound(const Repository& repository, const std::string& name, const std::optional<Bytes>& but) {
    std::optional<Error> damage;
    try {
        return read_any_copy(repository.location(), name, [&](storage::Location& copy) {
            std::optional<Bytes> contents = copy.get_range(name, 0, object_bytes_max(name));
            if (!contents) throw Error(ErrorKind::failed, format("{} is missing", name));
            require_sound(repository, name, *contents);
            return std::move(*contents);
        });
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        damage = error;
    }
    if (name.starts_with("packs/") && repository.keys().can_read()) try {
            return put_together(repository, name, but);
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
        }
    throw Error(*damage);
}

}  // namespace bt2c::repository
