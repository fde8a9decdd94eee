#include "repository/format.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/random.hpp"

namespace bt2c::repository {

using base::Error;
using base::ErrorKind;
using base::format;

namespace {

constexpr std::array<std::uint8_t, 8> magic{'B', 'T', '2', 'C', '-', 'D', 'R', 0};

struct TypeRow {
    ObjectType type;
    std::string_view folder, noun;
};
constexpr std::array type_table{
    TypeRow{ObjectType::pack, "packs", "pack"},
    TypeRow{ObjectType::index, "index", "index"},
    TypeRow{ObjectType::manifest, "manifests", "manifest"},
    TypeRow{ObjectType::proof, "proofs", "proof"},
    TypeRow{ObjectType::retired, "retired", "mark"},
    TypeRow{ObjectType::pin, "pins", "pin"},
    TypeRow{ObjectType::intent, "intents", "intent"},
    TypeRow{ObjectType::sweep, "sweeps", "sweep"},
};

const TypeRow& row_of(ObjectType type) {
    const auto row = std::find_if(type_table.begin(), type_table.end(),
                                  [&](const TypeRow& candidate) { return candidate.type == type; });
    BT2C_ASSERT(row != type_table.end());
    return *row;
}

}  // namespace

ObjectId ObjectId::random() {
    return {crypto::random_array<16>()};
}

ObjectId ObjectId::parse(std::string_view text) {
    ObjectId id;
    if (!base::from_hex(text, id.bytes))
        throw Error(ErrorKind::failed, format("'{}' is no object id", base::printable(text.substr(0, 64))));
    return id;
}

std::optional<ObjectId> ObjectId::try_parse(std::string_view text) {
    ObjectId id;
    if (!base::from_hex(text, id.bytes) || id.hex() != text) return std::nullopt;
    return id;
}

ObjectId ObjectId::of(std::string_view object_name) {
    return parse(object_name.substr(object_name.rfind('/') + 1));
}

std::string_view object_folder(ObjectType type) {
    return row_of(type).folder;
}
std::string_view object_noun(ObjectType type) {
    return row_of(type).noun;
}
std::string object_name(ObjectType type, const ObjectId& id) {
    return format("{}/{}", object_folder(type), id.hex());
}

ObjectHeader make_header(ObjectType type, const ObjectId& id, SealKind seal) {
    ObjectHeader header{};
    std::copy(magic.begin(), magic.end(), header.begin());
    header[8] = format_version & 0xFF;
    header[9] = format_version >> 8;
    header[10] = static_cast<std::uint8_t>(type);
    header[11] = static_cast<std::uint8_t>(seal);
    std::copy(id.bytes.begin(), id.bytes.end(), header.begin() + 16);
    return header;
}

bool has_unknown_version(base::ByteView object) noexcept {
    return object.size() >= object_header_bytes && std::equal(magic.begin(), magic.end(), object.begin()) &&
           (base::get_le<std::uint16_t>(object.data() + 8) != format_version ||
            object[11] > static_cast<std::uint8_t>(SealKind::write_only));
}

SealKind seal_kind(base::ByteView object) {
    BT2C_ASSERT(object.size() >= object_header_bytes);
    return static_cast<SealKind>(object[11]);
}

void check_header(base::ByteView object, ObjectType type, const ObjectId& id) {
    const auto damaged = [&](std::string cause) {
        return Error(ErrorKind::failed, format("{} {} is damaged", object_noun(type), id.brief()))
            .cause(std::move(cause));
    };
    if (object.size() < object_header_bytes) throw damaged("it is shorter than its header");
    if (!std::equal(magic.begin(), magic.end(), object.begin()))
        throw damaged("its first bytes are not ours");
    const auto version = base::get_le<std::uint16_t>(object.data() + 8);
    if (has_unknown_version(object))
        throw Error(ErrorKind::failed, format("{} {} has format version {}, which this program does not know",
                                              object_noun(type), id.brief(), version))
            .hint("use a newer bt2c-dr");
    const ObjectHeader expected = make_header(type, id, seal_kind(object));
    if (!std::equal(expected.begin(), expected.end(), object.begin()))
        throw damaged("its header does not belong to its name: it was renamed, or swapped for another");
}

}  // namespace bt2c::repository
