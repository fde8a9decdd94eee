#pragma once
// A consistent view of a chain database that other processes write, for raw reading by several threads.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/bytes.hpp"
#include "chaindb/page_image.hpp"

namespace bt2c::chaindb::sqlite {

/// How a pass holds the writers' lock in rollback-journal mode.
enum class Hold {
    slices,  ///< at most 200 ms at a time; writers may commit between slices
    whole,   ///< from begin_pass to end_pass; writers' commits wait all the while
};

struct LiveOptions {
    /// How long writers are waited for before Error(busy).
    int patience_ms = 30'000;
    /// The longest time that the lock is held before reads under way are waited for.
    int slice_ms = 150;
    /// How long writers are left alone between two slices.
    int gap_ms = 3;
    /// Copy by reference (btrfs, XFS) where the file system can.
    bool reflink = true;
};

/// Reads a live database in passes:
///
///     auto live = LiveDatabase::open(path);
///     const ImageShape shape = live->begin_pass(Hold::slices);
///     ... live->read(...) from any threads ...
///     if (!live->end_pass()) { another pass over the pages, with Hold::whole, finds what differs }
///
/// WAL mode: a read transaction is open during the pass; writers go on, their checkpoints cannot
/// restart the log meanwhile. Rollback mode: pages are read under SQLite's SHARED lock only. Where
/// the file system can copy by reference, that is done at once and the lock given back.
/// The journal mode, and the way, are found anew for each pass.
class LiveDatabase {
 public:
    /// Opens through SQLite, for writing where that is permitted, so that SQLite deals with the
    /// journal of a killed writer, and takes a first look. Throws Error(failed): absent, not a
    /// database, empty, truncated, no permission; Error(busy): locked beyond the patience.
    static std::unique_ptr<LiveDatabase> open(const std::filesystem::path& path, LiveOptions options = {});
    ~LiveDatabase();
    LiveDatabase(const LiveDatabase&) = delete;
    LiveDatabase& operator=(const LiveDatabase&) = delete;

    /// As last found, by open() or begin_pass().
    bool is_wal() const;
    /// "wal" or "rollback": delete, truncate or persist is the writer's own choice, which the file does not
    /// tell.
    std::string_view journal_mode() const;
    ImageShape shape() const;

    /// Throws as open(). Not thread-safe, as is end_pass().
    ImageShape begin_pass(Hold hold);
    /// In a pass: true when its image stands still while no writer is held up (WAL, reflink), so
    /// that end_pass() will be true.
    bool frozen() const;
    /// Fills `out`, a multiple of the page size, with the pages from `first_page` on. What lies past
    /// the end of the image, and the lock-byte page, is zeros. Thread-safe within a pass.
    /// Throws Error: the disk, busy as begin_pass, interrupted, the journal mode changed meanwhile.
    void read(std::uint32_t first_page, base::MutableBytes out) const;
    /// True when all that was read in the pass belongs to one commit. Reads must have returned.
    bool end_pass();

    /// For a pass that is frozen or whole: valid until end_pass().
    PageImage image() const;

 private:
    LiveDatabase();
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace bt2c::chaindb::sqlite
