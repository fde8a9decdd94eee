#include "backup/predecessors.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::backup {

using base::Error;
using base::ErrorKind;
using repository::BackupType;
using repository::BlobReference;
using repository::Manifest;
using repository::PageEntry;
using repository::Repository;

namespace {

Predecessors read_predecessors(const Repository& repository) {
    Predecessors found;
    repository::BackupList list = repository.list();
    found.damaged = list.damaged.size();
    for (const Manifest& manifest : list.backups) {  // newest first
        found.sequence = std::max(found.sequence, manifest.sequence);
        if (!found.latest && manifest.type != BackupType::safety) found.latest = manifest;
        if (!found.full && manifest.type == BackupType::full) found.full = manifest;
    }
    if (!found.full) return found;
    if (const Manifest* failed = Repository::failed_below(found.full->id, list.backups, repository.proofs()))
        found.failed = failed->id;
    for (Manifest& manifest : list.backups)
        if (manifest.parent == found.full->id) {
            found.sibling = std::move(manifest);
            break;
        }
    return found;
}

std::shared_ptr<WriterState> load_state(const config::Home& home, const Repository& repository,
                                        std::string& unknown) {
    try {
        auto state = WriterState::load(WriterState::file(home, repository.id()), repository.id());
        if (state) return std::make_shared<WriterState>(std::move(*state));
        unknown = "it made none yet, or its folder backups/writer-state was removed";
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        unknown = error.in_full();
    }
    return nullptr;
}

Predecessors remembered_predecessors(const config::Home& home, const Repository& repository) {
    Predecessors found;
    // Others may have stored backups whose numbers cannot be read here; see the format.
    found.sequence = static_cast<std::uint64_t>(std::max<base::UnixMs>(0, base::now_unix_ms()));
    // By what the locations that can be reached list: of a single object a fan-out believes no absence while
    // one of them is away. Before the home's own files are read, which name what another backup of it adds.
    found.listing = look_at(repository);
    const std::shared_ptr<WriterState> state = load_state(home, repository, found.unknown);
    if (!state) return found;
    WriterRecord& record = state->record;
    found.sequence = std::max(found.sequence, record.sequence);
    const std::set<std::string>& usable = found.listing->usable;
    if (!usable.contains(record.full.id.hex())) {
        found.unknown =
            base::format("full backup {} is not in the repository any more, as far as it can be reached",
                         record.full.id.brief());
        return found;
    }
    if (record.sibling && !usable.contains(record.sibling->id.hex())) {
        record.sibling.reset();
        record.entries.clear();
    }
    if (!usable.contains(record.latest.id.hex())) record.latest = record.full;
    found.full = record.full;
    found.sibling = record.sibling;
    found.latest = record.latest;
    found.state = state;
    return found;
}

/// The pages that the newest sibling refers to.
std::vector<PageEntry> stored_before(const Repository& repository, const Predecessors& before,
                                     PackNumbers& numbers) {
    if (!before.sibling || !before.sibling->image) return {};
    std::vector<PageEntry> entries;
    if (before.state) {
        entries = before.state->record.entries;
    } else {
        const repository::PackSet packs(repository, *before.sibling);
        for (const BlobReference& piece : before.sibling->differences)
            repository::decode_entries(packs.contents(piece), packs.size(), entries);
    }
    for (PageEntry& entry : entries) entry.blob = numbers.foreign(before.sibling->packs, entry.blob);
    return entries;
}

}  // namespace

Predecessors find_predecessors(const config::Home& home, const Repository& repository) {
    return repository.keys().can_read() ? read_predecessors(repository)
                                        : remembered_predecessors(home, repository);
}

CaptureBase capture_base(const Repository& repository, const Predecessors& before, PackNumbers& numbers) {
    CaptureBase base{before.full->image->page_size, {}, {}, stored_before(repository, before, numbers)};
    if (before.state) {
        base.content = [state = before.state](std::uint32_t first_page, std::uint32_t count) {
            return state->content(first_page, count);
        };
        return base;
    }
    base.content = [table = std::make_shared<const repository::ContentTable>(repository, *before.full)](
                       std::uint32_t first_page, std::uint32_t count) {
        return table->read(first_page, count);
    };
    base.full_group = [reader = std::make_shared<const repository::ImageReader>(repository, *before.full)](
                          std::uint32_t group) { return reader->full_group(group); };
    return base;
}

void remember_backup(const config::Home& home, const Predecessors& before,
                     const repository::ObjectId& repository, const Manifest& made,
                     std::vector<PageEntry> differences, const ContentScratch* content,
                     base::Progress& progress) {
    WriterRecord record;
    ContentIds ids;
    if (made.type == BackupType::full) {
        record.full = record.latest = made;
        ids = [&](std::uint32_t first_page, std::uint32_t count) {
            return content->read(first_page, std::min(count, made.image->page_count - first_page + 1));
        };
    } else if (before.state) {
        record = before.state->record;
        ids = [&](std::uint32_t first_page, std::uint32_t count) {
            return before.state->content(first_page, count);
        };
        if (made.type == BackupType::incremental) record.latest = made;
        if (made.parent) {
            record.sibling = made;
            record.entries = std::move(differences);
        }
    } else {
        return;  // a safety backup that is none to build on
    }
    record.repository = repository;
    record.sequence = made.sequence;
    try {
        WriterState::save(WriterState::file(home, repository), record, ids);
    } catch (const Error& error) {
        progress.note(
            "the backup is stored, but not what this node must remember of it; the next incremental "
            "backup stores again what this one did: " +
            error.in_full());
    }
}

}  // namespace bt2c::backup
