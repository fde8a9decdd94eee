// Whether each backup's page tables give the digest of the image that was backed up.

#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "repository/check_inventory.hpp"
#include "repository/image_reader.hpp"

namespace bt2c::repository {

using base::Error;
using base::ErrorKind;

namespace {

/// Pages that differ, over all backups that are looked at in one reading of the content table.
constexpr std::size_t entries_at_once = std::size_t{1} << 20;

/// One backup whose digest is being made.
struct Image {
    const Manifest* manifest;
    std::vector<PageEntry> differences;
    crypto::Sha256 digest;
    bool whole = true;

    /// Takes pages `first` to `end` - 1, of which `ids` are those of the full backup, as many as it has.
    void update(std::uint64_t first, std::uint64_t end, const std::vector<ContentId>& ids) {
        end = std::min<std::uint64_t>(end, std::uint64_t{manifest->image->page_count} + 1);
        auto entry = std::lower_bound(differences.begin(), differences.end(), first,
                                      [](const PageEntry& a, std::uint64_t page) { return a.page < page; });
        for (std::uint64_t page = first; page < end; ++page) {
            if (entry != differences.end() && entry->page == page)
                digest.update((entry++)->id);
            else if (page - first < ids.size())
                digest.update(ids[page - first]);
            else
                whole = false;
        }
    }
};

void finish(Check& check, Image& image) {
    if (!image.whole || base::to_hex(image.digest.finish()) != image.manifest->image->digest)
        check.manifest_finding(image.manifest->id, FindingKind::damaged,
                               "its page tables do not give the image that was backed up");
}

void check_images(Check& check, const Manifest& full, std::vector<Image>& images) {
    const ContentTable table(check.repository, full);
    std::uint64_t pages = 0;
    for (const Image& image : images)
        pages = std::max<std::uint64_t>(pages, image.manifest->image->page_count);
    for (std::uint64_t page = 1; page <= pages; page += content_table_piece_entries) {
        const std::uint64_t end = std::min<std::uint64_t>(page + content_table_piece_entries, pages + 1);
        const std::vector<ContentId> ids =
            table.read(static_cast<std::uint32_t>(page), static_cast<std::uint32_t>(end - page));
        base::ordered_parallel(
            base::worker_count(), images.size(),
            [&](std::uint64_t i) {
                images[i].update(page, end, ids);
                return true;
            },
            [](std::uint64_t, bool) {});
    }
    for (Image& image : images) finish(check, image);
    check.progress.advance(images.size());
    images.clear();
}

bool is_readable(const Check& check, const Manifest& manifest) {
    return !check.book.has(object_name(ObjectType::manifest, manifest.id)) &&
           std::all_of(manifest.packs.begin(), manifest.packs.end(),
                       [&](const PackInfo& pack) { return check.is_sound(pack.id); });
}

/// The full backup and those made against it, some at a time. Those with a finding are passed over:
/// what their tables give says nothing more.
void check_family(Check& check, const Manifest& full) {
    std::vector<Image> images;
    std::size_t entries = 0;
    for (const Manifest& manifest : check.backups) {
        if (!manifest.image || (manifest.id != full.id && manifest.parent != full.id) ||
            !is_readable(check, manifest))
            continue;
        Image& image = images.emplace_back(Image{&manifest, {}, {}});
        // The content table of a full backup has its differences in it already.
        if (manifest.parent) {
            const auto packs = check.open(manifest);
            for (const BlobReference& piece : manifest.differences)
                decode_entries(packs->contents(piece), packs->size(), image.differences);
        }
        entries += image.differences.size();
        if (entries < entries_at_once) continue;
        check_images(check, full, images);
        entries = 0;
    }
    if (!images.empty()) check_images(check, full, images);
}

}  // namespace

void check_image_digests(Check& check) {
    check.progress.items_phase("checking images", check.backups.size());
    for (const Manifest& full : check.backups) {
        base::throw_if_interrupted();
        if (full.parent || !full.image || !is_readable(check, full)) continue;
        try {
            check_family(check, full);
        } catch (const Error& error) {
            // They were read before: what fails now has a finding, or changed meanwhile.
            if (error.kind() == ErrorKind::interrupted) throw;
            if (!check.is_part_unread(full))
                check.manifest_finding(full.id, FindingKind::damaged, error.in_full());
        }
    }
}

}  // namespace bt2c::repository
