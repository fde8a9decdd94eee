// Every blob, and every page version and file against its content id.

#include <algorithm>
#include <functional>
#include <set>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "repository/check_inventory.hpp"
#include "repository/compression.hpp"
#include "repository/image_reader.hpp"

namespace bt2c::repository {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorKind;
using base::format;

namespace {

/// Bytes of neighbouring blobs that are fetched at once.
constexpr std::uint64_t bytes_per_read = std::uint64_t{1} << 20;

/// What the pages of a full backup should be.
struct FullTables {
    ImageReader reader;
    ContentTable content;
    FullTables(const Repository& repository, const Manifest& full)
        : reader(repository, full), content(repository, full) {}
};

/// nullptr where they cannot be read, which has a finding then, or there are none.
std::unique_ptr<const FullTables> tables_of(const Check& check, const Manifest& manifest) {
    if (manifest.parent || !manifest.image) return nullptr;
    try {
        return std::make_unique<const FullTables>(check.repository, manifest);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return nullptr;
    }
}

/// Unseals and decompresses all blobs of one pack, and compares groups with the tables.
class PackData {
 public:
    PackData(const Check& check, const PackSet& packs, std::uint32_t pack, const FullTables* tables)
        : packs_(packs), pack_(pack), tables_(tables), hasher_(check.repository.keys().hasher()) {}

    void run() {
        const std::vector<BlobEntry>& blobs = packs_.directory(pack_).blobs;
        std::uint32_t run = 0;
        for (std::uint32_t blob = 0; blob < blobs.size(); blob += run) {
            base::throw_if_interrupted();
            std::uint64_t bytes = blobs[blob].sealed_bytes;
            for (run = 1; blob + run < blobs.size() && bytes < bytes_per_read; ++run)
                bytes += blobs[blob + run].sealed_bytes;
            const PackSet::Payloads payloads = packs_.payloads({pack_, blob}, run);
            for (std::uint32_t i = 0; i < run; ++i) check_blob(blob + i, payloads.views[i]);
        }
    }

 private:
    void check_blob(std::uint32_t number, ByteView payload) {
        const BlobEntry& blob = packs_.entry({pack_, number});
        // It needs the full backup's page: check_differences() reads those.
        if (blob.kind == BlobKind::page_difference) return;
        Bytes plain(blob.plain_bytes);
        if (!decompress_payload(payload, plain))
            throw Error(ErrorKind::failed, format("its blob {} cannot be decompressed", number));
        if (blob.kind == BlobKind::group && tables_) check_group(blob, plain);
    }

    void check_group(const BlobEntry& blob, ByteView plain) {
        const std::uint32_t page_size = tables_->reader.image().page_size;
        const std::vector<ContentId> ids = tables_->content.read(blob.first_page, blob.page_count);
        // A database that shrank while it was backed up has pages in its groups that are not its own.
        for (std::uint32_t i = 0; i < ids.size(); ++i) {
            const std::uint32_t page = blob.first_page + i;
            if (find_entry(tables_->reader.differences(), page)) continue;
            if (hasher_(plain.subspan(std::size_t{i} * page_size, page_size)) != ids[i])
                throw Error(ErrorKind::failed, format("page {} in it is not what its table says", page));
        }
    }

    const PackSet& packs_;
    std::uint32_t pack_;
    const FullTables* tables_;
    crypto::ContentHasher hasher_;
};

/// What identifies a stored thing among all that were checked; 64 bits are plenty against chance.
std::uint64_t key_of(ByteView id, std::initializer_list<std::uint64_t> numbers, const ObjectId& pack) {
    Bytes text(id.begin(), id.end());
    text.insert(text.end(), pack.bytes.begin(), pack.bytes.end());
    for (const std::uint64_t number : numbers) base::put_le(text, number);
    return std::hash<std::string_view>{}(base::as_text(text));
}

/// Checks page versions that no earlier call has checked.
class DifferencesCheck {
 public:
    explicit DifferencesCheck(Check& check) : check_(check) {}

    void run(const Manifest& manifest) {
        const ImageReader reader(check_.repository, manifest, check_.open(manifest));
        std::vector<const PageEntry*> fresh;
        std::vector<std::uint64_t> keys;
        for (const PageEntry& entry : reader.differences()) {
            const ObjectId& pack = reader.packs().info(entry.blob.pack).id;
            const std::uint64_t key = key_of(entry.id, {entry.blob.blob, entry.position, entry.page}, pack);
            if (!check_.is_sound(pack) || std::binary_search(checked_.begin(), checked_.end(), key)) continue;
            fresh.push_back(&entry);
            keys.push_back(key);
        }
        constexpr std::size_t part = 256;
        base::ordered_parallel(
            readers_at_once(check_.repository.location()), (fresh.size() + part - 1) / part,
            [&](std::uint64_t i) {
                const std::size_t first = i * part;
                check_part(reader, std::span(fresh).subspan(first, std::min(part, fresh.size() - first)));
                return true;
            },
            [&](std::uint64_t, bool) {});
        std::sort(keys.begin(), keys.end());
        std::vector<std::uint64_t> merged;
        merged.reserve(checked_.size() + keys.size());
        std::merge(checked_.begin(), checked_.end(), keys.begin(), keys.end(), std::back_inserter(merged));
        checked_ = std::move(merged);
    }

 private:
    void check_part(const ImageReader& reader, std::span<const PageEntry* const> entries) {
        crypto::ContentHasher hasher = check_.repository.keys().hasher();
        const std::uint32_t page_size = reader.image().page_size;
        std::uint32_t group_number = UINT32_MAX;
        std::optional<Bytes> group;
        Bytes page;
        ImageReader::LooseBlob loose;
        for (const PageEntry* entry : entries) {
            const std::uint32_t number = (entry->page - 1) / reader.group_pages();
            if (number != group_number) group = read_group(reader, number);
            group_number = number;
            if (!group) continue;
            page.assign(page_size, 0);
            const std::size_t at = std::size_t{(entry->page - 1) % reader.group_pages()} * page_size;
            if (at < group->size()) page.assign(&(*group)[at], &(*group)[at] + page_size);
            check_.reads_pack(reader.packs().info(entry->blob.pack).id, [&] {
                reader.apply(*entry, page, loose);
                if (hasher(page) != entry->id)
                    throw Error(ErrorKind::failed,
                                format("page {} in it is not what its table says", entry->page));
            });
        }
    }

    /// What page differences are against: empty where the full backup has none. nullopt where it cannot
    /// be read, which has a finding then.
    std::optional<Bytes> read_group(const ImageReader& reader, std::uint32_t number) {
        Bytes group;
        const auto blob = reader.group_blob(number);
        if (blob && !check_.reads_pack(reader.full_packs().info(blob->pack).id,
                                       [&] { group = reader.full_group(number); }))
            return std::nullopt;
        return group;
    }

    Check& check_;
    std::vector<std::uint64_t> checked_;  // sorted
};

void check_file(Check& check, const PackSet& packs, const FileEntry& file) {
    crypto::ContentHasher hasher = check.repository.keys().hasher();
    Bytes ids;
    for (const BlobReference& reference : file.pieces) {
        const ObjectId& pack = packs.info(reference.pack).id;
        const bool read = check.is_sound(pack) && check.reads_pack(pack, [&] {
            const ContentId id = hasher(packs.contents(reference));
            ids.insert(ids.end(), id.begin(), id.end());
        });
        if (!read) return;
    }
    const bool one = ids.size() == sizeof(ContentId);
    if (one ? !std::equal(ids.begin(), ids.end(), file.content_id.begin()) : hasher(ids) != file.content_id)
        throw Error(ErrorKind::failed,
                    format("file {} is not what its manifest says", base::printable(file.path)));
}

/// Runs `job` for each backup whose manifest and parent can be read; faults become findings about it.
template <typename Job>
void for_each_backup(Check& check, Job job) {
    for (const Manifest& manifest : check.backups) {
        base::throw_if_interrupted();
        try {
            job(manifest);
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            // A part of it that cannot be read has a finding of its own, which tells more.
            bool known = check.is_part_unread(manifest) || (manifest.parent && !check.find(*manifest.parent));
            for (const auto& [id, use] : check.packs)
                known = known || (use.backups.contains(manifest.id.hex()) && !check.is_sound(id));
            if (!known) check.manifest_finding(manifest.id, FindingKind::damaged, error.message());
        }
        check.progress.advance(1);
    }
}

}  // namespace

void check_pack_data(Check& check) {
    std::uint64_t total = 0;
    for (const auto& [id, use] : check.packs) total += use.info.bytes;
    check.progress.phase("reading packs", total);
    std::set<ObjectId> done;
    for (const Manifest& manifest : check.backups) {
        std::vector<std::uint32_t> wanted;
        for (std::uint32_t i = 0; i < manifest.packs.size(); ++i) {
            const PackInfo& pack = manifest.packs[i];
            // Each pack with the backup that wrote it, where that can be read: its tables tell of the pages.
            if ((pack.backup == manifest.id || !check.find(pack.backup)) && check.is_sound(pack.id) &&
                done.insert(pack.id).second)
                wanted.push_back(i);
        }
        const auto packs = check.open(manifest);
        const auto tables = tables_of(check, manifest);
        base::ordered_parallel(
            readers_at_once(check.repository.location()), wanted.size(),
            [&](std::uint64_t i) {
                const PackInfo& pack = manifest.packs[wanted[i]];
                check.reads_pack(pack.id, [&] {
                    PackData(check, *packs, wanted[i], pack.backup == manifest.id ? tables.get() : nullptr)
                        .run();
                });
                return pack.bytes;
            },
            [&](std::uint64_t, std::uint64_t bytes) { check.progress.advance(bytes); });
    }
}

void check_differences(Check& check) {
    check.progress.items_phase("checking differences", check.backups.size());
    DifferencesCheck differences(check);
    for_each_backup(check, [&](const Manifest& manifest) {
        if (manifest.image) differences.run(manifest);
    });
}

void check_files(Check& check) {
    check.progress.items_phase("checking files", check.backups.size());
    std::set<std::uint64_t> checked;
    for_each_backup(check, [&](const Manifest& manifest) {
        const auto packs = check.open(manifest);
        for (const FileEntry& file : manifest.files) {
            if (file.kind != FileKind::file) continue;
            std::uint64_t key = file.pieces.size();
            for (const BlobReference& piece : file.pieces)
                key = key_of(file.content_id, {key, piece.blob}, packs->info(piece.pack).id);
            if (!file.pieces.empty() && !checked.insert(key).second) continue;
            check_file(check, *packs, file);
        }
    });
}

}  // namespace bt2c::repository
