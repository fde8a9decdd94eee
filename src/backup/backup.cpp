#include "backup/backup.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "backup/image_capture.hpp"
#include "backup/node_files.hpp"
#include "backup/pack_numbers.hpp"
#include "backup/predecessors.hpp"
#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "repository/compression.hpp"
#include "repository/intent.hpp"

namespace bt2c::backup {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using repository::BackupType;
using repository::BlobReference;
using repository::Manifest;
using repository::PageEntry;
using repository::Repository;

namespace {

constexpr base::UnixMs node_memory_ms = base::UnixMs{7} * 24 * 3600 * 1000;

void require_own(const std::optional<Manifest>& latest, const BackupRequest& request) {
    if (request.type == BackupType::safety || request.takeover || !request.node || !latest ||
        !is_anothers(*latest, *request.node))
        return;
    throw Error(ErrorKind::failed,
                base::format("cannot store a backup: node '{}'{} made the newest one here, {} of {}",
                             base::printable(latest->node->name), elsewhere(*latest->node, *request.node),
                             latest->id.brief(), base::format_utc(latest->finished_at)))
        .cause(
            base::format("this is node '{}'; two nodes, or a home and its copy, must not share a repository",
                         base::printable(request.node->name)))
        .state("nothing was stored")
        .hint(
            "if this node has taken that one's place, run 'bt2c-dr backup --takeover' once; else give it "
            "locations of its own in config/dr.toml");
}

class BackupRun {
 public:
    BackupRun(const config::Home& home, const Repository& repository, const BackupRequest& request,
              base::Progress& progress)
        : home_(home), repository_(repository), request_(request), progress_(progress) {}

    BackupResult run() {
        manifest_.id = repository::ObjectId::random();
        manifest_.type = request_.type;
        manifest_.program = request_.program;
        manifest_.node = request_.node;
        manifest_.started_at = base::now_unix_ms();
        // Before anything is looked at that the backup may build on.
        intent_.emplace(repository_, repository_.location(), "backup");
        before_ = find_predecessors(home_, repository_);
        require_own(before_.latest, request_);
        if (compared())
            require_known(home_, repository_, *before_.listing,
                          {.takeover = request_.takeover, .has_state = before_.state != nullptr}, progress_);
        manifest_.sequence = next_sequence();
        if (request_.type == BackupType::incremental && !before_.full) throw no_full_backup();
        if (request_.type == BackupType::incremental && before_.damaged > 0)
            progress_.note(base::format(
                "{} of the repository's manifests cannot be read; this backup builds on the newest "
                "that can, {}",
                before_.damaged, before_.full->id.brief()));

        const auto live = open_database();
        if (live && request_.type != BackupType::full && before_.full && before_.full->image)
            choose_parent(live->shape().page_size);
        packs_ = std::make_unique<repository::PackWriter>(repository_.location(), repository_.keys(),
                                                          manifest_.id, live ? live->shape().page_size : 0);
        if (live) capture_database(*live);
        progress_.phase("storing configuration, keys and wallets", 0);
        CapturedFiles files =
            capture_files(home_, *packs_, repository_.keys(), manifest_.parent ? latest_relative() : nullptr,
                          numbers_, progress_);
        manifest_.files = std::move(files.entries);
        if (raw_) {
            auto raw = capture_raw_database(home_, *packs_, repository_.keys(), progress_);
            std::move(raw.begin(), raw.end(), std::back_inserter(manifest_.files));
        }
        if (manifest_.type == BackupType::incremental && !files.changed && same_image(*latest_relative())) {
            remember(std::nullopt);
            return {*latest_relative(), false};
        }
        store();
        return {std::move(manifest_), true};
    }

    /// From here on a failure may have left the backup stored.
    bool storing() const noexcept { return storing_; }

 private:
    /// Above all that the other node may have made where it cannot be seen now: a location that comes back
    /// must not make that one's backups the newest, nor those of both share numbers.
    std::uint64_t next_sequence() const {
        std::uint64_t next = before_.sequence + 1;
        if (request_.takeover && manifest_.started_at > 0)
            next = std::max(next, static_cast<std::uint64_t>(manifest_.started_at));
        return std::min(next, repository::sequence_max);
    }

    Error no_full_backup() const {
        if (before_.damaged > 0)
            return Error(ErrorKind::failed, "cannot make an incremental backup: no full backup can be read")
                .cause(base::format("{} of the repository's manifests cannot be read", before_.damaged))
                .state("nothing was stored")
                .hint("'bt2c-dr list-backups' tells why; 'bt2c-dr backup --type full' needs none of them");
        Error error(ErrorKind::failed,
                    before_.unknown.empty()
                        ? "cannot make an incremental backup: there is no full backup yet"
                        : "cannot make an incremental backup: this node knows of no full backup of its own");
        error.cause(before_.unknown).state("nothing was stored");
        return error.hint("make one with 'bt2c-dr backup --type full'");
    }

    /// The latest full backup, unless it cannot be built on: then all is stored anew.
    void choose_parent(std::uint32_t page_size) {
        std::string why;
        if (before_.failed)
            why = base::format("backup {} failed its restore test, and what builds on it may fail too",
                               before_.failed->brief());
        else if (page_size != before_.full->image->page_size)
            why = "the database's page size changed since the latest full backup";
        if (why.empty()) {
            manifest_.parent = before_.full->id;
        } else if (request_.type == BackupType::incremental) {
            progress_.note(why + "; a new full one is made");
            manifest_.type = BackupType::full;
        }
    }

    std::unique_ptr<chaindb::sqlite::LiveDatabase> open_database() {
        if (request_.type != BackupType::safety) return chaindb::sqlite::LiveDatabase::open(home_.database());
        if (!fs::exists(home_.database())) return nullptr;
        try {
            auto live = chaindb::sqlite::LiveDatabase::open(home_.database());
            live->begin_pass(chaindb::sqlite::Hold::slices);  // only now it shows whether it is whole
            live->end_pass();
            return live;
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::failed) throw;
            raw_ = true;
            progress_.note("SQLite cannot read the present database (" +
                           (error.cause().empty() ? error.message() : error.cause()) +
                           "); its files are kept as they are");
            return nullptr;
        }
    }

    /// Beside the database, or elsewhere: a failing disk, of all, is mounted read-only by the kernel.
    std::vector<fs::path> scratch_folders() const {
        std::vector<fs::path> folders{home_.database().parent_path(), home_.backups()};
        std::error_code error;
        if (const fs::path temporary = fs::temp_directory_path(error); !error) folders.push_back(temporary);
        return folders;
    }

    /// The newest backup of the same full one: what "nothing changed" is said against.
    const Manifest* latest_relative() const {
        const bool related = before_.latest && (before_.latest->id == manifest_.parent ||
                                                before_.latest->parent == manifest_.parent);
        return related ? &*before_.latest : &*before_.full;
    }

    bool same_image(const Manifest& other) const {
        return other.image && other.image->digest == manifest_.image->digest &&
               other.image->page_count == manifest_.image->page_count;
    }

    void capture_database(chaindb::sqlite::LiveDatabase& live) {
        std::optional<CaptureBase> base;
        if (manifest_.parent) base.emplace(capture_base(repository_, before_, numbers_));
        const CaptureOptions options{request_.compression_level, base::worker_count(), scratch_folders()};
        CapturedImage image = capture_image(live, *packs_, repository_.keys(), base, options, progress_);

        struct stat info {};
        if (::stat(home_.database().c_str(), &info) != 0)
            throw base::system_error("cannot read the database's owner", errno);
        manifest_.image = repository::ImageInfo{image.shape.page_size,
                                                image.shape.page_count,
                                                image.group_pages,
                                                image.groups,
                                                image.digest,
                                                std::string(live.journal_mode()),
                                                info.st_mode & 07777U,
                                                info.st_uid,
                                                info.st_gid};
        manifest_.networks = std::move(image.networks);
        manifest_.pages_changed = base ? image.differences.size() : image.shape.page_count;
        manifest_.content_table = std::move(image.content_table);
        differences_ = std::move(image.differences);
        content_ids_ = std::move(image.content_ids);
    }

    /// Backups whose packs it may refer to.
    std::vector<repository::ObjectId> built_on() const {
        std::vector<repository::ObjectId> ids;
        if (!manifest_.parent) return ids;
        ids = {*manifest_.parent, latest_relative()->id};
        if (before_.sibling) ids.push_back(before_.sibling->id);
        return ids;
    }

    /// Whether a write-only node looked for backups of others. A safety backup is made whoever made them.
    const Listing* compared() const {
        return before_.listing && request_.type != BackupType::safety ? &*before_.listing : nullptr;
    }

    /// Which backups are none of somebody else's.
    void remember(const std::optional<repository::ObjectId>& own) {
        remember_known(home_, repository_, compared(), own, progress_);
        if (request_.made_from && request_.made_from->root != home_.root)
            remember_known(*request_.made_from, repository_, nullptr, own, progress_);
    }

    /// Packs, then the index, then the manifest.
    void store() {
        for (const PageEntry& entry : differences_) numbers_.need(entry.blob);
        for (const BlobReference& reference : manifest_.content_table) numbers_.need(reference);
        for (const repository::FileEntry& file : manifest_.files)
            for (const BlobReference& reference : file.pieces) numbers_.need(reference);
        store_differences();
        for (BlobReference& reference : manifest_.content_table) reference = numbers_.final(reference);
        for (repository::FileEntry& file : manifest_.files)
            for (BlobReference& reference : file.pieces) reference = numbers_.final(reference);
        progress_.phase("waiting for the disk", 0);
        const std::vector<repository::StoredPack> own = packs_->finish();
        manifest_.packs = numbers_.list(manifest_.id, own);
        for (const repository::StoredPack& pack : own) manifest_.stored_bytes += pack.bytes;
        manifest_.finished_at = base::now_unix_ms();
        base::throw_if_interrupted();
        remember(manifest_.id);
        storing_ = true;
        repository_.store_backup(manifest_, own, packs_->backup_secret(), built_on(), &*intent_);
        packs_->commit();
        if (!repository_.keys().can_read())
            remember_backup(home_, before_, repository_.id(), manifest_, std::move(differences_),
                            content_ids_.get(), progress_);
    }

    void store_differences() {
        for (PageEntry& entry : differences_) entry.blob = numbers_.final(entry.blob);
        const std::span<const PageEntry> all(differences_);
        for (std::size_t at = 0; at < all.size(); at += repository::differences_piece_entries) {
            const base::Bytes plain = repository::encode_entries(
                all.subspan(at, std::min(repository::differences_piece_entries, all.size() - at)));
            base::Bytes payload;
            repository::compress_payload(plain, request_.compression_level, payload);
            manifest_.differences.push_back(numbers_.final(packs_->add(
                repository::BlobKind::table_piece, payload, static_cast<std::uint32_t>(plain.size()))));
        }
    }

    const config::Home& home_;
    const Repository& repository_;
    const BackupRequest& request_;
    base::Progress& progress_;
    std::optional<repository::Intent> intent_;  // outlives packs_
    Manifest manifest_;
    Predecessors before_;
    PackNumbers numbers_;
    std::unique_ptr<repository::PackWriter> packs_;
    std::vector<PageEntry> differences_;
    std::shared_ptr<const ContentScratch> content_ids_;  // of a full backup
    bool raw_ = false;
    bool storing_ = false;
};

}  // namespace

const char* elsewhere(const repository::NodeIdentity& maker, const repository::NodeIdentity& here) {
    if (maker.name != here.name) return "";
    return maker.machine != here.machine ? " on another machine" : " in another home";
}

bool is_anothers(const Manifest& newest, const repository::NodeIdentity& here) {
    return newest.node && *newest.node != here && base::now_unix_ms() - newest.finished_at <= node_memory_ms;
}

BackupResult make_backup(const config::Home& home, const Repository& repository, const BackupRequest& request,
                         base::Progress& progress) {
    BackupRun run(home, repository, request, progress);
    try {
        return run.run();
    } catch (Error& error) {
        if (error.state().empty() && !run.storing()) error.state("no backup was stored");
        // What it would build on is damaged.
        if (request.type == BackupType::incremental &&
            error.hint().find("bt2c-dr repository check") != std::string::npos)
            error.hint(error.hint() + "; backups go on with a new full one: 'bt2c-dr backup --type full'");
        throw;
    }
}

}  // namespace bt2c::backup
