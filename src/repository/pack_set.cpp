#include "repository/pack_set.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/seal.hpp"
#include "repository/compression.hpp"
#include "repository/copies.hpp"
#include "repository/index.hpp"

namespace bt2c::repository {

using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::format;

namespace {

constexpr std::size_t trailer_bytes = pack_trailer_bytes;
/// Read at each end of a pack: a small one is whole then, and of others the directory is nearly always.
constexpr std::size_t end_bytes = 8192;
constexpr std::size_t common_blobs_max = std::size_t{1} << 20;
/// A key is kept in guarded memory, of which it takes as much as so many entries of a directory.
constexpr std::size_t common_blobs_of_key = 64;

Error damaged_pack(const ObjectId& pack, std::string cause) {
    return Error(ErrorKind::failed, format("pack {} is damaged", pack.brief()))
        .cause(std::move(cause))
        .hint("run 'bt2c-dr repository check --read-data' to list what is damaged");
}

Error missing_pack(const ObjectId& pack) {
    return Error(ErrorKind::failed, format("pack {} is missing", pack.brief()))
        .hint("run 'bt2c-dr repository check' to list what is missing");
}

OpenedPack open_pack_at(storage::Location& location, const RepositoryKeys& all_keys, const ObjectId& pack) {
    const std::string name = object_name(ObjectType::pack, pack);
    const auto front = location.get_range(name, 0, end_bytes);
    if (!front) throw missing_pack(pack);
    check_header(*front, ObjectType::pack, pack);
    const auto too_short = [&] { return damaged_pack(pack, "it is cut off"); };
    const std::size_t front_size = front_bytes(*front);
    if (front->size() < front_size + trailer_bytes) throw too_short();
    auto keys = all_keys.open_front(*front);
    if (!keys) throw damaged_pack(pack, "the seal of its secret does not verify");
    const bool whole = front->size() < end_bytes;
    const auto size = whole ? front->size() : location.size_of(name);
    if (!size) throw missing_pack(pack);
    if (*size < front->size()) throw too_short();
    const auto read_end = [&](std::uint64_t bytes) {
        auto end = location.get_range(name, *size - bytes, bytes).value_or(Bytes());
        if (end.size() != bytes) throw too_short();
        return end;
    };
    Bytes end = whole ? *front : read_end(std::min<std::uint64_t>(*size, end_bytes));
    const std::uint8_t* const trailer = end.data() + end.size() - trailer_bytes;
    if (!std::equal(pack_end.begin(), pack_end.end(), trailer + 4)) throw too_short();
    const auto sealed_bytes = base::get_le<std::uint32_t>(trailer);
    if (sealed_bytes < crypto::seal_tag_bytes || sealed_bytes > *size - trailer_bytes - front_size)
        throw too_short();
    const std::size_t wanted = sealed_bytes + trailer_bytes;
    if (end.size() < wanted) end = read_end(wanted);
    Bytes plain(sealed_bytes - crypto::seal_tag_bytes);
    if (!crypto::unseal(keys->key, directory_number, base::ByteView(end).last(wanted).first(sealed_bytes),
                        plain))
        throw damaged_pack(pack, "the seal of its directory does not verify");
    return {PackDirectory::decode(plain, front_size), std::move(*keys)};
}

}  // namespace

OpenedPack open_pack(const Repository& repository, const ObjectId& pack) {
    return read_any_copy(
        repository.location(), object_name(ObjectType::pack, pack),
        [&](storage::Location& copy) { return open_pack_at(copy, repository.keys(), pack); });
}

void CommonPacks::add(const ObjectId& pack, std::shared_ptr<const ReadablePack> readable) {
    const std::lock_guard lock(mutex_);
    const std::size_t blobs = readable->directory.blobs.size() + common_blobs_of_key;
    if (blobs_ + blobs > common_blobs_max) return;
    blobs_ += blobs;
    packs_.emplace(pack, std::move(readable));
}

std::shared_ptr<const ReadablePack> CommonPacks::find(const ObjectId& pack) const {
    const std::lock_guard lock(mutex_);
    const auto found = packs_.find(pack);
    return found == packs_.end() ? nullptr : found->second;
}

PackSet::PackSet(const Repository& repository, const Manifest& manifest, const CommonPacks* common)
    : repository_(repository), common_(common), packs_(manifest.packs), loaded_(manifest.packs.size()) {
    try {
        load_index(manifest.id);
    } catch (const Error& error) {
        // The index is a cache: what it does not tell, the packs do. 'repository check' names it.
        if (error.kind() == ErrorKind::interrupted) throw;
    }
}

PackSet::~PackSet() = default;

void PackSet::load_index(const ObjectId& backup) {
    auto index = read_index(repository_, backup);
    if (!index) return;
    std::size_t at = 0;
    for (IndexEntry& entry : index->entries) {
        while (at < packs_.size() && packs_[at].id != entry.pack) ++at;
        if (at == packs_.size()) return;
        loaded_[at] = std::make_shared<const ReadablePack>(
            ReadablePack{std::move(entry.directory),
                         repository_.keys().object_key(ObjectType::pack, entry.pack, index->backup_secret)});
    }
}

const ReadablePack& PackSet::loaded(std::uint32_t pack) const {
    const std::lock_guard lock(mutex_);
    auto& slot = loaded_.at(pack);
    if (!slot && common_) slot = common_->find(packs_[pack].id);
    if (!slot) {
        OpenedPack opened = open_pack(repository_, packs_[pack].id);
        slot = std::make_shared<const ReadablePack>(
            ReadablePack{std::move(opened.directory), std::move(opened.keys.key)});
    }
    return *slot;
}

const PackDirectory& PackSet::directory(std::uint32_t pack) const {
    return loaded(pack).directory;
}

const BlobEntry& PackSet::entry(BlobReference reference) const {
    const auto& blobs = directory(reference.pack).blobs;
    if (reference.blob >= blobs.size())
        throw damaged(reference.pack, format("it has no blob {}", reference.blob));
    return blobs[reference.blob];
}

Bytes PackSet::payload(BlobReference reference) const {
    Payloads one = payloads(reference, 1);
    one.bytes.resize(one.views.front().size());
    return std::move(one.bytes);
}

PackSet::Payloads PackSet::payloads(BlobReference first, std::uint32_t count) const {
    BT2C_ASSERT(count > 0);
    try {
        return payloads_of_one_copy(first, count);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted || count == 1) throw;
    }
    // Each copy may have another one of them damaged.
    Payloads all;
    std::vector<std::size_t> sizes;
    for (std::uint32_t i = 0; i < count; ++i) {
        const Payloads one = payloads_of_one_copy({first.pack, first.blob + i}, 1);
        sizes.push_back(one.views.front().size());
        all.bytes.insert(all.bytes.end(), one.views.front().begin(), one.views.front().end());
    }
    std::size_t offset = 0;
    for (const std::size_t size : sizes) {
        all.views.push_back(base::ByteView(all.bytes).subspan(offset, size));
        offset += size;
    }
    return all;
}

PackSet::Payloads PackSet::payloads_of_one_copy(BlobReference first, std::uint32_t count) const {
    const ReadablePack& pack = loaded(first.pack);
    const BlobEntry& begin = entry(first);
    const BlobEntry& last = entry({first.pack, first.blob + count - 1});
    const std::uint64_t size = std::uint64_t{last.offset} + last.sealed_bytes - begin.offset;
    const std::string name = object_name(ObjectType::pack, packs_[first.pack].id);
    return read_any_copy(repository_.location(), name, [&](storage::Location& copy) {
        auto sealed = copy.get_range(name, begin.offset, size);
        if (!sealed) throw missing_pack(packs_[first.pack].id);
        if (sealed->size() != size) throw damaged(first.pack, "it is cut off");
        Payloads payloads{std::move(*sealed), {}};
        for (std::uint32_t i = 0; i < count; ++i) {
            const BlobEntry& blob = entry({first.pack, first.blob + i});
            const base::MutableBytes part =
                base::MutableBytes(payloads.bytes).subspan(blob.offset - begin.offset, blob.sealed_bytes);
            const base::MutableBytes plain = part.first(part.size() - crypto::seal_tag_bytes);
            if (plain.empty() || !crypto::unseal(pack.key, first.blob + i, part, plain))
                throw damaged(first.pack, "its seal does not verify");
            payloads.views.emplace_back(plain);
        }
        return payloads;
    });
}

Bytes PackSet::contents(BlobReference reference) const {
    Bytes plain(entry(reference).plain_bytes);
    if (!decompress_payload(payload(reference), plain))
        throw damaged(reference.pack, "a blob cannot be decompressed");
    return plain;
}

Error PackSet::damaged(std::uint32_t pack, std::string cause) const {
    return damaged_pack(packs_[pack].id, std::move(cause));
}

}  // namespace bt2c::repository
