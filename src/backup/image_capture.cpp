#include "backup/image_capture.hpp"

#include <algorithm>
#include <map>
#include <span>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "chaindb/chain_tables.hpp"
#include "crypto/hash.hpp"
#include "repository/compression.hpp"

namespace bt2c::backup {

using base::Bytes;
using base::ByteView;
using chaindb::ImageShape;
using chaindb::sqlite::Hold;
using chaindb::sqlite::LiveDatabase;
using repository::BlobKind;
using repository::ContentId;
using repository::PageEntry;

namespace {

/// Bytes that one thread reads at a time.
constexpr std::uint32_t unit_bytes = 1U << 20;
/// Writers wait this long at most with SQLite's usual patience of 5 s, and some room.
constexpr double writers_patience_s = 4.0;
constexpr double announced_wait_s = 2.0;
constexpr int passes_max = 8;

/// A page version that costs more than this share of a page is stored by itself.
constexpr std::size_t difference_share = 2;

struct Payload {
    BlobKind kind;
    Bytes bytes;
    std::uint32_t plain_bytes;
    std::uint32_t first_page;
    std::uint32_t page_count;
    std::vector<PageEntry> entries;  ///< of the pages in it, without the blob's number
};

struct UnitResult {
    std::vector<ContentId> ids;
    std::vector<Payload> payloads;
    std::vector<PageEntry> known;  ///< differing pages that a blob of before holds
};

class Capture {
 public:
    Capture(LiveDatabase& live, repository::PackWriter& packs, const repository::RepositoryKeys& keys,
            const std::optional<CaptureBase>& base, const CaptureOptions& options, base::Progress& progress)
        : live_(live),
          packs_(packs),
          hasher_(keys.hasher()),
          base_(base),
          options_(options),
          progress_(progress),
          scratch_(std::make_shared<ContentScratch>(options.scratch_folders)) {
        if (base_) stored_ = base_->stored_before;
    }

    CapturedImage run() {
        Hold hold = Hold::slices;
        for (int pass = 1; pass <= passes_max; ++pass) {
            const base::Stopwatch watch;
            image_.shape = live_.begin_pass(hold);
            begin_image();
            const bool groups = pass == 1 && !base_;
            progress_.phase(pass == 1 ? "reading pages" : "reading again what changed meanwhile",
                            image_.shape.bytes());
            std::vector<PageEntry> found = groups ? store_groups() : store_differences();
            read_networks();
            if (live_.end_pass()) {
                image_.differences = std::move(found);
                image_.digest = base::to_hex(digest_.finish());
                if (!base_) store_content_table();
                return std::move(image_);
            }
            remember(std::move(found));
            hold = next_hold(watch.seconds(), groups);
        }
        throw base::Error(base::ErrorKind::busy,
                          "cannot back up: the node wrote during each of several readings")
            .state("no backup was made")
            .hint(
                "try again when the node writes less, or switch it to WAL: "
                "sqlite3 HOME/data/blockchain.db 'PRAGMA journal_mode=WAL'");
    }

 private:
    void begin_image() {
        const std::uint32_t page_size = image_.shape.page_size;
        if (image_.group_pages == 0) {
            image_.group_pages = std::max<std::uint32_t>(1, repository::group_bytes / page_size);
            if (!base_)
                image_.groups = (image_.shape.page_count + image_.group_pages - 1) / image_.group_pages;
            first_page_size_ = page_size;
        }
        if (page_size != first_page_size_ || (base_ && page_size != base_->page_size))
            throw base::Error(base::ErrorKind::failed, "cannot back up: the database's page size changed")
                .state("no backup was made")
                .hint("make a full backup: 'bt2c-dr backup --type full'");
        digest_ = crypto::Sha256();
    }

    std::uint32_t unit_pages() const { return unit_bytes / image_.shape.page_size; }
    std::uint64_t unit_count() const {
        return (std::uint64_t{image_.shape.page_count} + unit_pages() - 1) / unit_pages();
    }

    /// Reads one unit and names its pages' contents. What it returns stays until the thread's next call.
    ByteView read_unit(std::uint64_t unit, std::uint32_t& first_page, std::vector<ContentId>& ids) {
        first_page = static_cast<std::uint32_t>(unit * unit_pages() + 1);
        const std::uint32_t count = std::min(unit_pages(), image_.shape.page_count - first_page + 1);
        thread_local Bytes buffer;
        buffer.resize(std::size_t{count} * image_.shape.page_size);
        const ByteView bytes(buffer);
        live_.read(first_page, buffer);
        ids = hasher_.of_pieces(bytes, image_.shape.page_size);
        return bytes;
    }

    ByteView page_at(ByteView bytes, std::uint32_t index) const {
        return bytes.subspan(std::size_t{index} * image_.shape.page_size, image_.shape.page_size);
    }

    std::vector<PageEntry> store_groups() {
        const auto work = [&](std::uint64_t unit) {
            UnitResult result;
            std::uint32_t first_page = 0;
            const ByteView bytes = read_unit(unit, first_page, result.ids);
            const std::size_t group_size = std::size_t{image_.group_pages} * image_.shape.page_size;
            for (std::size_t at = 0; at < bytes.size(); at += group_size) {
                const ByteView group = bytes.subspan(at, std::min(group_size, bytes.size() - at));
                const auto pages = static_cast<std::uint32_t>(group.size() / image_.shape.page_size);
                const auto page = first_page + static_cast<std::uint32_t>(at / image_.shape.page_size);
                Payload payload{BlobKind::group, {}, static_cast<std::uint32_t>(group.size()), page,
                                pages,           {}};
                repository::compress_payload(group, options_.compression_level, payload.bytes);
                result.payloads.push_back(std::move(payload));
            }
            return result;
        };
        return run_units(work);
    }

    std::vector<PageEntry> store_differences() {
        return run_units([&](std::uint64_t unit) {
            UnitResult result;
            std::uint32_t first_page = 0;
            const ByteView bytes = read_unit(unit, first_page, result.ids);
            const auto count = static_cast<std::uint32_t>(result.ids.size());
            const std::vector<ContentId> before =
                base_ ? base_->content(first_page, count) : scratch_->read(first_page, count);
            std::vector<std::uint32_t> loose;
            std::uint32_t cached_group = UINT32_MAX;
            Bytes group;
            for (std::uint32_t i = 0; i < count; ++i) {
                const std::uint32_t page = first_page + i;
                if (i < before.size() && before[i] == result.ids[i]) continue;
                const PageEntry* stored = repository::find_entry(stored_, page);
                if (stored && stored->id == result.ids[i]) {
                    result.known.push_back(*stored);
                } else if (!store_against_full(page, page_at(bytes, i), result, result.ids[i], cached_group,
                                               group)) {
                    loose.push_back(i);
                }
            }
            store_loose(bytes, first_page, loose, result);
            return result;
        });
    }

    /// False where a difference against the full backup's version of the page would not pay.
    bool store_against_full(std::uint32_t page, ByteView contents, UnitResult& result, const ContentId& id,
                            std::uint32_t& cached_group, Bytes& group) {
        if (!base_ || !base_->full_group) return false;
        const std::uint32_t number = (page - 1) / image_.group_pages;
        if (number != cached_group) {
            group = base_->full_group(number);
            cached_group = number;
        }
        const std::uint32_t index = (page - 1) % image_.group_pages;
        if (group.size() / image_.shape.page_size <= index) return false;
        Payload payload{BlobKind::page_difference, {}, image_.shape.page_size, page, 1, {{page, id, {}, 0}}};
        repository::compress(contents, options_.compression_level, payload.bytes, page_at(group, index));
        if (payload.bytes.size() > image_.shape.page_size / difference_share) return false;
        result.payloads.push_back(std::move(payload));
        return true;
    }

    void store_loose(ByteView bytes, std::uint32_t first_page, std::span<const std::uint32_t> loose,
                     UnitResult& result) {
        for (std::size_t at = 0; at < loose.size(); at += image_.group_pages) {
            const auto part = loose.subspan(at, std::min<std::size_t>(image_.group_pages, loose.size() - at));
            std::vector<std::uint32_t> pages;
            Bytes contents;
            Payload payload{BlobKind::loose_pages,
                            {},
                            0,
                            first_page + part[0],
                            static_cast<std::uint32_t>(part.size()),
                            {}};
            for (const std::uint32_t index : part) {
                const ByteView page = page_at(bytes, index);
                contents.insert(contents.end(), page.begin(), page.end());
                payload.entries.push_back(
                    {first_page + index, result.ids[index], {}, static_cast<std::uint16_t>(pages.size())});
                pages.push_back(first_page + index);
            }
            const Bytes plain = repository::encode_loose_pages(pages, contents);
            payload.plain_bytes = static_cast<std::uint32_t>(plain.size());
            repository::compress_payload(plain, options_.compression_level, payload.bytes);
            result.payloads.push_back(std::move(payload));
        }
    }

    /// Runs `work` over all units; seals and collects in the order of pages.
    template <typename Work>
    std::vector<PageEntry> run_units(Work work) {
        std::vector<PageEntry> entries;
        // Against a full backup, threads wait for its groups on the disk, while others hash.
        const unsigned threads = base_ ? 2 * options_.threads : options_.threads;
        base::ordered_parallel(threads, unit_count(), work, [&](std::uint64_t unit, UnitResult result) {
            const auto first_page = static_cast<std::uint32_t>(unit * unit_pages() + 1);
            const auto before = static_cast<std::ptrdiff_t>(entries.size());
            entries.insert(entries.end(), result.known.begin(), result.known.end());
            for (Payload& payload : result.payloads) {
                const repository::BlobReference blob = packs_.add(
                    payload.kind, payload.bytes, payload.plain_bytes, payload.first_page, payload.page_count);
                for (PageEntry& entry : payload.entries) {
                    entry.blob = blob;
                    entries.push_back(entry);
                }
            }
            std::sort(entries.begin() + before, entries.end(),
                      [](const PageEntry& a, const PageEntry& b) { return a.page < b.page; });
            for (const ContentId& id : result.ids) digest_.update(id);
            // Against groups of our own, the first pass says what they hold; later ones must not change
            // that.
            if (!base_ && !groups_named_) scratch_->write(first_page, result.ids);
            progress_.advance(result.ids.size() * image_.shape.page_size);
        });
        groups_named_ = true;
        return entries;
    }

    /// What a disturbed pass stored is found again by the next one, unless the page changed once more.
    void remember(std::vector<PageEntry> found) {
        std::vector<PageEntry> merged;
        std::set_union(found.begin(), found.end(), stored_.begin(), stored_.end(), std::back_inserter(merged),
                       [](const PageEntry& a, const PageEntry& b) { return a.page < b.page; });
        stored_ = std::move(merged);
    }

    Hold next_hold(double last_pass_s, bool compressed_all) {
        // The first pass of a full backup also compressed everything, which took most of its time.
        const double expected_s = compressed_all ? last_pass_s / 3 : last_pass_s;
        if (expected_s > announced_wait_s)
            progress_.note(
                base::format("the node writes while its database is read: its next commit may wait {}; in "
                             "WAL mode it would not "
                             "wait at all (sqlite3 blockchain.db 'PRAGMA journal_mode=WAL')",
                             base::human_duration(std::min(expected_s, writers_patience_s))));
        return expected_s < writers_patience_s ? Hold::whole : Hold::slices;
    }

    void read_networks() {
        image_.networks.clear();
        try {
            auto database = chaindb::sqlite::Connection::open_image(
                {image_.shape,
                 [this](std::uint32_t page, base::MutableBytes out) { live_.read(page, out); }});
            for (const chaindb::NetworkTip& tip : chaindb::network_tips(database))
                image_.networks.push_back({tip.network, tip.height, tip.tip_hash, tip.genesis_hash});
        } catch (const base::Error& error) {
            // Damage in the chain's tables must not prevent a backup of what is there.
            if (error.kind() == base::ErrorKind::interrupted) throw;
        }
    }

    void store_content_table() {
        // The groups hold what the first pass saw; the table says what the image is.
        for (const PageEntry& entry : image_.differences) scratch_->write(entry.page, {entry.id});
        constexpr auto entries = static_cast<std::uint32_t>(repository::content_table_piece_entries);
        for (std::uint32_t page = 1; page <= image_.shape.page_count; page += entries) {
            const std::vector<ContentId> ids =
                scratch_->read(page, std::min(entries, image_.shape.page_count - page + 1));
            const auto* bytes = reinterpret_cast<const std::uint8_t*>(ids.data());
            const ByteView plain(bytes, ids.size() * sizeof(ContentId));
            Bytes payload;
            repository::compress_payload(plain, options_.compression_level, payload);
            image_.content_table.push_back(
                packs_.add(BlobKind::table_piece, payload, static_cast<std::uint32_t>(plain.size())));
        }
        image_.content_ids = scratch_;
    }

    LiveDatabase& live_;
    repository::PackWriter& packs_;
    const crypto::ContentHasher hasher_;
    const std::optional<CaptureBase>& base_;
    const CaptureOptions& options_;
    base::Progress& progress_;
    std::shared_ptr<ContentScratch> scratch_;
    std::vector<PageEntry> stored_;
    CapturedImage image_;
    crypto::Sha256 digest_;
    std::uint32_t first_page_size_ = 0;
    bool groups_named_ = false;
};

}  // namespace

CapturedImage capture_image(LiveDatabase& live, repository::PackWriter& packs,
                            const repository::RepositoryKeys& keys, const std::optional<CaptureBase>& base,
                            const CaptureOptions& options, base::Progress& progress) {
    return Capture(live, packs, keys, base, options, progress).run();
}

}  // namespace bt2c::backup
