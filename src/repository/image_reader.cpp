#include "repository/image_reader.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "repository/compression.hpp"

namespace bt2c::repository {

using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::format;
using base::MutableBytes;

namespace {

constexpr std::size_t cached_groups_max = 64;

std::vector<PageEntry> read_differences(const Manifest& manifest, const PackSet& packs) {
    std::vector<PageEntry> entries;
    for (const BlobReference& piece : manifest.differences)
        decode_entries(packs.contents(piece), packs.size(), entries);
    return entries;
}

/// How many packs hold those pages.
std::size_t packs_of(const std::vector<PageEntry>& entries) {
    std::vector<bool> seen;
    for (const PageEntry& entry : entries) {
        if (seen.size() <= entry.blob.pack) seen.resize(entry.blob.pack + std::size_t{1});
        seen[entry.blob.pack] = true;
    }
    return static_cast<std::size_t>(std::ranges::count(seen, true));
}

}  // namespace

ImageReader::ImageReader(const Repository& repository, const Manifest& manifest,
                         std::shared_ptr<const PackSet> packs)
    : packs_(packs ? std::move(packs) : std::make_shared<const PackSet>(repository, manifest)) {
    if (!manifest.image)
        throw Error(ErrorKind::failed, format("backup {} holds no database image", manifest.id.brief()))
            .cause(
                "SQLite could not read the database when the backup was made; it holds the files as they "
                "were");
    image_ = *manifest.image;
    own_differences_ = read_differences(manifest, *packs_);
    if (manifest.parent) {
        const Manifest full = repository.manifest(*manifest.parent);
        if (!full.image || full.parent || full.image->page_size != image_.page_size ||
            full.image->group_pages != image_.group_pages)
            throw Error(ErrorKind::failed,
                        format("backup {} does not fit its parent {}", manifest.id.brief(), full.id.brief()));
        full_packs_ = std::make_unique<PackSet>(repository, full);
        full_differences_ = read_differences(full, *full_packs_);
        groups_.resize(full.image->groups);
    } else {
        groups_.resize(image_.groups);
    }
    ahead_ = std::make_unique<ReadAhead>(packs_of(own_differences_) + packs_of(full_differences_));
    find_groups();
}

ImageReader::~ImageReader() = default;

void ImageReader::find_groups() {
    const PackSet& packs = full_packs();
    for (std::uint32_t pack = 0; pack < packs.size(); ++pack) {
        const auto& blobs = packs.directory(pack).blobs;
        for (std::uint32_t blob = 0; blob < blobs.size(); ++blob) {
            if (blobs[blob].kind != BlobKind::group) continue;
            const std::uint32_t group = (blobs[blob].first_page - 1) / image_.group_pages;
            if (group >= groups_.size() || blobs[blob].page_count > image_.group_pages ||
                blobs[blob].page_count == 0 || blobs[blob].first_page != group * image_.group_pages + 1 ||
                blobs[blob].plain_bytes != blobs[blob].page_count * image_.page_size)
                throw packs.damaged(pack, "its directory names pages that cannot be");
            groups_[group] = {{pack, blob}, blobs[blob].page_count};
        }
    }
}

std::uint32_t ImageReader::group_count() const {
    return (image_.page_count + image_.group_pages - 1) / image_.group_pages;
}

std::uint32_t ImageReader::pages_in_groups(std::uint32_t first_group, std::uint32_t count) const {
    const std::uint64_t first = std::uint64_t{first_group} * image_.group_pages;
    const std::uint64_t end =
        std::min<std::uint64_t>(first + std::uint64_t{count} * image_.group_pages, image_.page_count);
    return static_cast<std::uint32_t>(end - std::min(end, first));
}

Bytes ImageReader::full_group(std::uint32_t group) const {
    if (group >= groups_.size() || groups_[group].pages == 0) return {};
    const PackSet& packs = full_packs();
    return packs.contents(groups_[group].blob);
}

std::optional<BlobReference> ImageReader::group_blob(std::uint32_t group) const {
    if (group >= groups_.size() || groups_[group].pages == 0) return std::nullopt;
    return groups_[group].blob;
}

void ImageReader::check_group(std::uint32_t group) const {
    const std::uint32_t first = group * image_.group_pages + 1;
    const std::uint32_t stored = group < groups_.size() ? groups_[group].pages : 0;
    for (std::uint32_t i = stored; i < pages_in_groups(group, 1); ++i)
        if (!find_entry(own_differences_, first + i) && !find_entry(full_differences_, first + i))
            throw Error(ErrorKind::failed, format("the backup lacks page {}", first + i))
                .hint("run 'bt2c-dr repository check' to list what is damaged");
}

void ImageReader::read_full_groups(std::uint32_t first_group, std::uint32_t count, MutableBytes out) const {
    const PackSet& packs = full_packs();
    const std::size_t stride = std::size_t{image_.group_pages} * image_.page_size;
    for (std::uint32_t i = 0; i < count;) {
        const std::uint32_t group = first_group + i;
        if (group >= groups_.size() || groups_[group].pages == 0) {
            const std::size_t at = i * stride;
            std::ranges::fill(out.subspan(at, std::min(stride, out.size() - at)), std::uint8_t{0});
            ++i;
            continue;
        }
        const BlobReference first = groups_[group].blob;
        std::uint32_t run = 1;
        while (i + run < count && group + run < groups_.size() && groups_[group + run].pages > 0 &&
               groups_[group + run].blob == BlobReference{first.pack, first.blob + run})
            ++run;
        const PackSet::Payloads payloads = packs.payloads(first, run);
        for (std::uint32_t k = 0; k < run; ++k) {
            const std::size_t size = packs.entry({first.pack, first.blob + k}).plain_bytes;
            const std::size_t at = (i + k) * stride;
            const std::size_t room = std::min(size, out.size() - std::min(out.size(), at));
            const std::size_t after = std::min(out.size(), at + stride) - at;
            std::ranges::fill(out.subspan(at, after).subspan(room), std::uint8_t{0});
            // A database that shrank since the full backup needs only a part of its last group.
            bool ok = false;
            if (room == size) {
                ok = decompress_payload(payloads.views[k], out.subspan(at, size));
            } else {
                Bytes whole(size);
                ok = decompress_payload(payloads.views[k], whole);
                std::copy_n(whole.begin(), room, out.begin() + static_cast<std::ptrdiff_t>(at));
            }
            if (!ok) throw packs.damaged(first.pack, "a group of pages cannot be decompressed");
        }
        i += run;
    }
}

void ImageReader::check_entry(const PackSet& packs, const PageEntry& entry) const {
    const BlobEntry& blob = packs.entry(entry.blob);
    const bool fits = blob.kind == BlobKind::page_difference
                          ? blob.first_page == entry.page && blob.plain_bytes == image_.page_size
                          : blob.kind == BlobKind::loose_pages && entry.position < blob.page_count &&
                                blob.plain_bytes == std::uint64_t{blob.page_count} * (4 + image_.page_size);
    if (!fits)
        throw packs.damaged(entry.blob.pack, format("page {} is not where its table says", entry.page));
}

void ImageReader::apply(const PackSet& packs, const PageEntry& entry, MutableBytes page,
                        LooseBlob& loose) const {
    check_entry(packs, entry);
    const BlobEntry& blob = packs.entry(entry.blob);
    const auto unfit = [&] {
        return packs.damaged(entry.blob.pack, format("page {} is not where its table says", entry.page));
    };
    if (blob.kind == BlobKind::page_difference) {
        const Bytes before(page.begin(), page.end());
        if (!decompress(ahead_->payload(packs, entry.blob), page, before)) throw unfit();
        return;
    }
    if (loose.packs != &packs || loose.blob != entry.blob) {
        Bytes contents(blob.plain_bytes);
        if (!decompress_payload(ahead_->payload(packs, entry.blob), contents))
            throw packs.damaged(entry.blob.pack, "a blob cannot be decompressed");
        loose = {&packs, entry.blob, std::move(contents)};
    }
    if (base::get_le<std::uint32_t>(loose.contents.data() + std::size_t{entry.position} * 4) != entry.page)
        throw unfit();
    const std::size_t at = std::size_t{blob.page_count} * 4 + std::size_t{entry.position} * image_.page_size;
    std::copy_n(loose.contents.begin() + static_cast<std::ptrdiff_t>(at), page.size(), page.begin());
}

void ImageReader::read_groups(std::uint32_t first_group, std::uint32_t count, MutableBytes out) const {
    const std::uint32_t pages = pages_in_groups(first_group, count);
    BT2C_ASSERT(out.size() == std::size_t{pages} * image_.page_size);
    for (std::uint32_t i = 0; i < count; ++i) check_group(first_group + i);
    read_full_groups(first_group, count, out);
    const std::uint32_t first_page = first_group * image_.group_pages + 1;
    std::vector<const PageEntry*> own, older;
    for (std::uint32_t page = first_page; page < first_page + pages; ++page) {
        if (const PageEntry* entry = find_entry(own_differences_, page))
            own.push_back(entry);
        else if (const PageEntry* full = find_entry(full_differences_, page))
            older.push_back(full);
    }
    LooseBlob loose;
    const auto apply_all = [&](const PackSet& packs, std::vector<const PageEntry*>& entries) {
        // As they are stored, so that a blob of several pages is opened once.
        std::ranges::sort(entries, {}, [](const PageEntry* entry) { return entry->blob; });
        for (const PageEntry* entry : entries) {
            const std::size_t at = std::size_t{entry->page - first_page} * image_.page_size;
            apply(packs, *entry, out.subspan(at, image_.page_size), loose);
        }
    };
    apply_all(*packs_, own);
    if (full_packs_) apply_all(*full_packs_, older);
}

void ImageReader::read_pages(std::uint32_t first_page, MutableBytes out) const {
    for (std::size_t done = 0; done < out.size();) {
        const auto page = first_page - 1 + static_cast<std::uint32_t>(done / image_.page_size);
        const std::uint32_t group = page / image_.group_pages;
        std::shared_ptr<const Bytes> contents;
        {
            const std::lock_guard lock(cache_mutex_);
            if (const auto found = cache_index_.find(group); found != cache_index_.end()) {
                cache_.splice(cache_.begin(), cache_, found->second);
                contents = found->second->second;
            }
        }
        if (!contents) {
            Bytes fresh(std::size_t{pages_in_groups(group, 1)} * image_.page_size);
            read_groups(group, 1, fresh);
            contents = std::make_shared<const Bytes>(std::move(fresh));
            const std::lock_guard lock(cache_mutex_);
            if (!cache_index_.contains(group)) {
                cache_.emplace_front(group, contents);
                cache_index_[group] = cache_.begin();
            }
            if (cache_.size() > cached_groups_max) {
                cache_index_.erase(cache_.back().first);
                cache_.pop_back();
            }
        }
        const std::size_t within = std::size_t{page % image_.group_pages} * image_.page_size;
        BT2C_ASSERT(within < contents->size());
        const std::size_t part = std::min(out.size() - done, contents->size() - within);
        std::copy_n(contents->begin() + static_cast<std::ptrdiff_t>(within), part,
                    out.begin() + static_cast<std::ptrdiff_t>(done));
        done += part;
    }
}

ContentTable::ContentTable(std::shared_ptr<const PackSet> packs, const Manifest& full)
    : packs_(std::move(packs)),
      pieces_(full.content_table),
      page_count_(full.image ? full.image->page_count : 0) {
    const std::size_t needed =
        (std::size_t{page_count_} + content_table_piece_entries - 1) / content_table_piece_entries;
    if (pieces_.size() != needed)
        throw Error(ErrorKind::failed, format("backup {} has no whole content table", full.id.brief()));
}

std::shared_ptr<const Bytes> ContentTable::piece(std::size_t number) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [kept, bytes] : kept_)
        if (bytes && kept == number) return bytes;
    auto bytes = std::make_shared<const Bytes>(packs_->contents(pieces_[number]));
    const std::size_t entries = std::min<std::size_t>(content_table_piece_entries,
                                                      page_count_ - number * content_table_piece_entries);
    if (bytes->size() != entries * sizeof(ContentId))
        throw packs_->damaged(pieces_[number].pack, "a piece of its content table has a wrong length");
    kept_[next_kept_++ % kept_.size()] = {number, bytes};
    return bytes;
}

std::vector<ContentId> ContentTable::read(std::uint32_t first_page, std::uint32_t count) const {
    std::vector<ContentId> ids;
    const std::uint64_t end = std::min<std::uint64_t>(std::uint64_t{first_page} - 1 + count, page_count_);
    for (std::uint64_t page = first_page - 1; page < end;) {
        const auto bytes = piece(page / content_table_piece_entries);
        for (std::uint64_t at = page % content_table_piece_entries;
             at < bytes->size() / sizeof(ContentId) && page < end; ++at, ++page) {
            ContentId id;
            std::copy_n(bytes->begin() + static_cast<std::ptrdiff_t>(at * sizeof(ContentId)),
                        sizeof(ContentId), id.begin());
            ids.push_back(id);
        }
    }
    return ids;
}

}  // namespace bt2c::repository
