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
std::vector<IndexEntry> entries_of_packs(const Repository& repository, const Manifest& manifest) {
    std::vector<IndexEntry> entries;
    for (const PackInfo& pack : manifest.packs) {
        base::throw_if_interrupted();
        if (pack.backup == manifest.id)
            entries.push_back({pack.id, read_pack_directory(repository, pack.id)});
    }
    return entries;
}

}  // namespace

Bytes encode_index(const RepositoryKeys& keys, const ObjectId& backup, const std::vector<IndexEntry>& packs) {
    const ObjectHeader header = make_header(ObjectType::index, backup);
    Bytes object(header.begin(), header.end());
    crypto::Sealer sealer(keys.object_key(header));
    for (std::size_t i = 0; i < packs.size(); ++i) {
        const Bytes plain = encode_entry(packs[i]);
        base::put_le(object, static_cast<std::uint32_t>(plain.size() + crypto::seal_tag_bytes));
        const std::size_t before = object.size();
        object.resize(before + plain.size() + crypto::seal_tag_bytes);
        sealer.seal(i, plain, base::MutableBytes(object).subspan(before));
    }
    return object;
}

std::vector<IndexEntry> decode_index(const RepositoryKeys& keys, const ObjectId& backup, ByteView object) {
    check_header(object, ObjectType::index, backup);
    const crypto::SecretBytes key = keys.object_key(object.first(object_header_bytes));
    base::Reader reader(object.subspan(object_header_bytes));
    std::vector<IndexEntry> entries;
    for (std::uint64_t number = 0; reader.left() > 0; ++number) {
        const ByteView sealed = reader.bytes(reader.integer<std::uint32_t>());
        Bytes plain(sealed.size() - std::min(sealed.size(), crypto::seal_tag_bytes));
        IndexEntry entry;
        if (plain.size() < entry.pack.bytes.size() || !crypto::unseal(key, number, sealed, plain))
            throw Error(ErrorKind::failed, base::format("index {} is damaged", backup.brief()))
                .cause("its seal does not verify");
        std::copy_n(plain.begin(), entry.pack.bytes.size(), entry.pack.bytes.begin());
        entry.directory = PackDirectory::decode(ByteView(plain).subspan(entry.pack.bytes.size()));
        entries.push_back(std::move(entry));
    }
    return entries;
}

std::optional<std::vector<IndexEntry>> read_index(const Repository& repository, const ObjectId& backup) {
    using Entries = std::optional<std::vector<IndexEntry>>;
    const std::string name = object_name(ObjectType::index, backup);
    const bool several = !repository.location().copies().empty();
    return read_any_copy(repository.location(), name, [&](storage::Location& copy) -> Entries {
        const auto object = copy.get_range(name, 0, index_bytes_max);
        if (object) return decode_index(repository.keys(), backup, *object);
        if (several) throw Error(ErrorKind::failed, base::format("index {} is missing", backup.brief()));
        return std::nullopt;
    });
}

bool rebuild_index(const Repository& repository, const Manifest& manifest) {
    const Bytes wanted = encode_index(repository.keys(), manifest.id, entries_of_packs(repository, manifest));
    const std::string name = object_name(ObjectType::index, manifest.id);
    // The seals hold no random numbers, so a sound index is equal byte by byte.
    const auto present = repository.location().get_range(name, 0, wanted.size() + 1);
    if (present && *present == wanted) return false;
    if (present) repository.location().remove(name);
    if (!repository.location().put(name, wanted))
        throw Error(ErrorKind::busy, base::format("cannot store index {}: another process stored it just now",
                                                  manifest.id.brief()));
    return true;
}

}  // namespace bt2c::repository
