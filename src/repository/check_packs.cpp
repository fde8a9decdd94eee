// Packs and indexes, without reading the blobs.

#include "base/error.hpp"
#include "base/text.hpp"
#include "repository/check_inventory.hpp"
#include "repository/index.hpp"
#include "repository/pack_set.hpp"

namespace bt2c::repository {

using base::Error;
using base::ErrorKind;
using base::format;

namespace {

/// Both must be the same in a pack and in the index that tells of it.
crypto::Digest digest_of(const PackDirectory& directory, const crypto::SecretBytes& backup_secret) {
    return crypto::Sha256().update(directory.encode()).update(backup_secret.view()).finish();
}

void check_pack(Check& check, PackUse& use) {
    const PackInfo& pack = use.info;
    const std::string name = object_name(ObjectType::pack, pack.id);
    check.reads_pack(pack.id, [&] {
        // One that came after the listing is looked for again.
        const auto listed = check.sizes.find(name);
        const auto size = listed != check.sizes.end() ? std::optional(listed->second)
                                                      : check.repository.location().size_of(name);
        if (!size) return check.pack_finding(pack.id, FindingKind::missing, "it is not there");
        OpenedPack opened = open_pack(check.repository, pack.id);
        const PackDirectory& directory = opened.directory;
        if (*size != pack.bytes)
            throw Error(ErrorKind::failed,
                        format("it has {} bytes where its manifest says {}", *size, pack.bytes));
        if (directory.backup != pack.backup || directory.pack_bytes() != pack.bytes)
            throw Error(ErrorKind::failed, "its directory does not agree with its manifest");
        use.told = digest_of(directory, opened.keys.backup_secret);
        check.opened.add(pack.id, std::make_shared<const ReadablePack>(
                                      ReadablePack{std::move(opened.directory), std::move(opened.keys.key)}));
    });
}

void index_finding(Check& check, const Manifest& manifest, FindingKind kind, std::string text) {
    check.book.add({object_name(ObjectType::index, manifest.id),
                    kind,
                    std::move(text),
                    {manifest.id.hex()},
                    "the backup is not harmed, only slower to open; 'bt2c-dr repository rebuild-index' makes "
                    "the index anew from the packs"});
}

/// What is wrong with the entries of an index; empty when nothing is.
std::string fault_in(const Check& check, const Manifest& manifest, const Index& index) {
    const std::vector<IndexEntry>& entries = index.entries;
    std::size_t at = 0;
    for (const PackInfo& pack : manifest.packs) {
        if (pack.backup != manifest.id) continue;
        if (at == entries.size() || entries[at].pack != pack.id)
            return format("it does not tell of pack {}", pack.id.brief());
        const auto& told = check.packs.at(pack.id).told;
        if (told && *told != digest_of(entries[at].directory, index.backup_secret))
            return format("it tells something else of pack {} than the pack", pack.id.brief());
        ++at;
    }
    return at == entries.size() ? "" : "it tells of packs that its manifest does not name";
}

void check_index(Check& check, const Manifest& manifest) {
    try {
        const auto index = read_index(check.repository, manifest.id);
        if (!index) return index_finding(check, manifest, FindingKind::missing, "it is not there");
        const std::string fault = fault_in(check, manifest, *index);
        if (!fault.empty()) index_finding(check, manifest, FindingKind::damaged, fault);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        index_finding(check, manifest, check.kind_of_damage(object_name(ObjectType::index, manifest.id)),
                      Check::text_of(error));
    }
}

}  // namespace

void check_packs(Check& check) {
    std::vector<PackUse*> uses;
    for (auto& [id, use] : check.packs) uses.push_back(&use);
    check.progress.items_phase("checking packs", uses.size());
    check.for_each(uses.size(), [&](std::uint64_t i) { check_pack(check, *uses[i]); });
}

void check_indexes(Check& check) {
    check.progress.items_phase("checking indexes", check.backups.size());
    check.for_each(check.backups.size(), [&](std::uint64_t i) { check_index(check, check.backups[i]); });
}

}  // namespace bt2c::repository
