// Page tables and lists of files: that all they refer to can be.

#include "base/error.hpp"
#include "base/text.hpp"
#include "repository/check_inventory.hpp"
#include "repository/image_reader.hpp"

namespace bt2c::repository {

using base::Error;
using base::ErrorKind;
using base::format;

namespace {

/// Reads the blobs that hold page tables. False when one cannot be read.
bool reads_tables(Check& check, const Manifest& manifest, const PackSet& packs) {
    bool sound = true;
    for (const auto* list : {&manifest.content_table, &manifest.differences})
        for (const BlobReference& reference : *list) {
            const ObjectId& pack = packs.info(reference.pack).id;
            sound = check.is_sound(pack) && check.reads_pack(pack, [&] {
                if (packs.entry(reference).kind != BlobKind::table_piece)
                    throw Error(ErrorKind::failed,
                                "a blob of it is no piece of a page table, as it should be");
                packs.contents(reference);
            }) && sound;
        }
    return sound;
}

void check_image_tables(Check& check, const Manifest& manifest, const std::shared_ptr<const PackSet>& packs) {
    const ImageReader reader(check.repository, manifest, packs);
    const ImageInfo& image = reader.image();
    if (!manifest.parent) {
        const ContentTable table(packs, manifest);
        for (std::uint64_t page = 1; page <= image.page_count; page += content_table_piece_entries)
            table.read(static_cast<std::uint32_t>(page), 1);
    }
    for (const PageEntry& entry : reader.differences()) reader.check_entry(entry);
    for (std::uint32_t group = 0; group < reader.group_count(); ++group) reader.check_group(group);
}

void check_file_pieces(Check& check, const Manifest& manifest, const PackSet& packs) {
    for (const FileEntry& file : manifest.files) {
        std::uint64_t bytes = 0;
        for (const BlobReference& reference : file.pieces) {
            const ObjectId& pack = packs.info(reference.pack).id;
            if (!check.is_sound(pack)) return;
            const BlobEntry& blob = packs.entry(reference);
            bytes += blob.plain_bytes;
            if (blob.kind != BlobKind::file_piece)
                throw Error(ErrorKind::failed,
                            format("file {} is not where it says", base::printable(file.path)));
        }
        if (bytes != file.bytes)
            throw Error(ErrorKind::failed,
                        format("the pieces of file {} have another size", base::printable(file.path)));
    }
}

void check_backup(Check& check, const Manifest& manifest) {
    try {
        const auto packs = check.open(manifest);
        if (manifest.image && reads_tables(check, manifest, *packs)) {
            // Faults of the parent and of packs have findings of their own.
            bool whole = true;
            for (const auto& [id, use] : check.packs)
                whole = whole && (check.is_sound(id) || !use.backups.contains(manifest.id.hex()));
            if (whole && (!manifest.parent || check.find(*manifest.parent)))
                check_image_tables(check, manifest, packs);
        }
        check_file_pieces(check, manifest, *packs);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        if (!check.is_part_unread(manifest))
            check.manifest_finding(manifest.id, FindingKind::damaged, error.in_full());
    }
}

}  // namespace

void check_tables(Check& check) {
    check.progress.items_phase("checking page tables", check.backups.size());
    check.for_each(check.backups.size(), [&](std::uint64_t i) { check_backup(check, check.backups[i]); });
}

}  // namespace bt2c::repository
