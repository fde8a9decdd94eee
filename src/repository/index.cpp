#include "repository/index.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "crypto/seal.hpp"
#include "repository/copies.hpp"
#include "repository/pack_set.hpp"

namespace bt2c::repository {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorKind;

namespace {

/// 2^26 groups, which are 4 TiB of pages.
constexpr std::uint64_t index_bytes_max = std::uint64_t{1} << 30;

Bytes encode_entry(const IndexEntry& entry) {
    Bytes plain(entry.pack.bytes.begin(), entry.pack.bytes.end());
    const Bytes directory = entry.directory.encode();
    plain.insert(plain.end(), directory.begin(), directory.end());
    return plain;
}

/// What the index of a backup must say, by the packs themselves.
Index index_of_packs(const Repository& repository, const Manifest& manifest) {
    Index index;
    for (const PackInfo& pack : manifest.packs) {
        base::throw_if_interrupted();
        if (pack.backup != manifest.id) continue;
        OpenedPack opened = open_pack(repository, pack.id);
        if (index.entries.empty())
            index.backup_secret = std::move(opened.keys.backup_secret);
        else if (!crypto::equal(index.backup_secret.view(), opened.keys.backup_secret.view()))
            throw Error(ErrorKind::failed, base::format("pack {} is damaged", pack.id.brief()))
                .cause("it is not sealed as the other packs of its backup are");
        index.entries.push_back({pack.id, std::move(opened.directory)});
    }
    return index;
}

bool same(const Index& a, const Index& b) {
    return crypto::equal(a.backup_secret.view(), b.backup_secret.view()) &&
           std::equal(
               a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
               [](const IndexEntry& x, const IndexEntry& y) { return encode_entry(x) == encode_entry(y); });
}

/// Whether the object is the index that is wanted; one that cannot be read is not.
bool is_index(const Repository& repository, const ObjectId& backup, ByteView object, const Index& wanted) {
    try {
        return same(decode_index(repository.keys(), backup, object), wanted);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return false;
    }
}

}  // namespace

Bytes encode_index(const RepositoryKeys& keys, const ObjectId& backup, const Index& index) {
    RepositoryKeys::NewObject object = keys.new_object(ObjectType::index, backup, index.backup_secret);
    Bytes bytes = std::move(object.front);
    crypto::Sealer sealer(object.key);
    for (std::size_t i = 0; i < index.entries.size(); ++i) {
        const Bytes plain = encode_entry(index.entries[i]);
        base::put_le(bytes, static_cast<std::uint32_t>(plain.size() + crypto::seal_tag_bytes));
        const std::size_t before = bytes.size();
        bytes.resize(before + plain.size() + crypto::seal_tag_bytes);
        sealer.seal(i, plain, base::MutableBytes(bytes).subspan(before));
    }
    return bytes;
}

Index decode_index(const RepositoryKeys& keys, const ObjectId& backup, ByteView object) {
    const auto damaged = [&] {
        return Error(ErrorKind::failed, base::format("index {} is damaged", backup.brief()))
            .cause("its seal does not verify");
    };
    check_header(object, ObjectType::index, backup);
    auto opened = keys.open_front(object);
    if (!opened) throw damaged();
    const std::size_t front = front_bytes(object);
    base::Reader reader(object.subspan(front));
    Index index{std::move(opened->backup_secret), {}};
    for (std::uint64_t number = 0; reader.left() > 0; ++number) {
        const ByteView sealed = reader.bytes(reader.integer<std::uint32_t>());
        Bytes plain(sealed.size() - std::min(sealed.size(), crypto::seal_tag_bytes));
        IndexEntry entry;
        if (plain.size() < entry.pack.bytes.size() || !crypto::unseal(opened->key, number, sealed, plain))
            throw damaged();
        std::copy_n(plain.begin(), entry.pack.bytes.size(), entry.pack.bytes.begin());
        // All packs of a backup are sealed as its index is.
        entry.directory = PackDirectory::decode(ByteView(plain).subspan(entry.pack.bytes.size()), front);
        index.entries.push_back(std::move(entry));
    }
    return index;
}

std::optional<Index> read_index(const Repository& repository, const ObjectId& backup) {
    const std::string name = object_name(ObjectType::index, backup);
    const bool several = !repository.location().copies().empty();
    return read_any_copy(repository.location(), name, [&](storage::Location& copy) -> std::optional<Index> {
        const auto object = get_sized(copy, name, index_bytes_max);
        if (object) return decode_index(repository.keys(), backup, *object);
        if (several) throw Error(ErrorKind::failed, base::format("index {} is missing", backup.brief()));
        return std::nullopt;
    });
}

bool rebuild_index(const Repository& repository, const Manifest& manifest) {
    // The same key may seal again: what it sealed before was the same too, since the packs are.
    const Index wanted = index_of_packs(repository, manifest);
    const std::string name = object_name(ObjectType::index, manifest.id);
    const auto present = get_sized(repository.location(), name, index_bytes_max);
    if (present && is_index(repository, manifest.id, *present, wanted)) return false;
    if (present) repository.location().remove(name);
    if (!repository.location().put(name, encode_index(repository.keys(), manifest.id, wanted)))
        throw Error(ErrorKind::busy, base::format("cannot store index {}: another process stored it just now",
                                                  manifest.id.brief()));
    return true;
}

}  // namespace bt2c::repository
