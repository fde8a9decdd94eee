#include "chaindb/sqlite/live_database.hpp"

#include <linux/fs.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <atomic>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/sqlite/file_header.hpp"
#include "chaindb/sqlite/pinned_file.hpp"
#include "chaindb/sqlite/read_transaction.hpp"
#include "chaindb/sqlite/shared_lease.hpp"
#include "chaindb/sqlite/wal.hpp"
#include "chaindb/sqlite/wal_release.hpp"

namespace bt2c::chaindb::sqlite {

using base::Error;
using base::ErrorKind;
using base::format;
using base::MutableBytes;
using base::printable;
using platform::Descriptor;

namespace {

/// Read under one use of the lease: short enough not to stretch a slice on a slow disk.
constexpr std::size_t leased_bytes = std::size_t{1} << 20;

Error cannot_read(const std::filesystem::path& path, std::string why, ErrorKind kind = ErrorKind::failed) {
    return {kind, format("cannot read chain database {}: {}", printable(path.native()), why)};
}

/// A copy by reference in the same folder; nothing where the file system or permissions do not allow it.
Descriptor clone_of(const Descriptor& original, const std::filesystem::path& folder) {
    try {
        Descriptor clone = platform::open_scratch_file(folder);
        if (::ioctl(clone.get(), FICLONE, original.get()) == 0) return clone;
    } catch (const Error&) {
        // A folder that cannot be written is no reason to fail: the pages are read where they are.
    }
    return {};
}

}  // namespace

struct LiveDatabase::State {
    State(std::filesystem::path p, LiveOptions o) : path(std::move(p)), options(o), transaction(path) {}

    const std::filesystem::path path;
    const LiveOptions options;
    ReadTransaction transaction;
    std::shared_ptr<const Descriptor> file;  // the pinned main file

    ImageShape shape;
    bool wal_mode = false;

    // Of the pass:
    bool running = false, frozen = false, held = false;
    Descriptor main_clone, log;
    std::optional<WalMap> overlay;
    std::uint32_t change_counter = 0;
    std::uint64_t file_bytes = 0;
    std::atomic<bool> disturbed = false;
    std::unique_ptr<SharedLease> lease;

    void look();
    void begin(Hold hold);
    void begin_rollback(Hold hold, const FileHeader& header);
    void begin_wal(const FileHeader& header);
    bool end();
    FileHeader read_header();
    void resume_slice();
    void check_not_truncated() const;
    void read_main(std::uint64_t offset, MutableBytes out) const;
    bool wants_reflink() const { return options.reflink && reflink_works; }
    bool reflink_works = true;  // until the first attempt fails
};

FileHeader LiveDatabase::State::read_header() {
    file_bytes = platform::file_size(file->get(), path);
    if (file_bytes == 0)
        throw cannot_read(path, "it is empty")
            .hint(
                "restore a backup with 'bt2c-dr restore --backup latest', or let the node make its chain "
                "first");
    std::array<std::uint8_t, FileHeader::size> bytes{};
    const std::size_t got = platform::read_at(file->get(), bytes, 0, path);
    const std::optional<FileHeader> header = parse_file_header(base::ByteView(bytes).first(got));
    if (!header) throw cannot_read(path, "it is not a SQLite database");
    return *header;
}

void LiveDatabase::State::look() {
    transaction.begin(options.patience_ms);
    file = pinned_file(transaction.file());
    shape = read_header().shape(file_bytes);
    wal_mode = transaction.wal();
    PublishedWal published;
    if (wal_mode && transaction.read_mark() > 0 && transaction.published(published))
        shape = {published.page_size, published.page_count};
    transaction.end();
}

void LiveDatabase::State::begin(Hold hold) {
    // A second attempt: the first transaction found the index of a writer that was killed meanwhile.
    for (int attempts_left = 3;; --attempts_left) {
        transaction.begin(options.patience_ms);
        running = true;
        try {
            const FileHeader header = read_header();
            wal_mode = transaction.wal();
            disturbed = false;
            if (!wal_mode) return begin_rollback(hold, header);
            PublishedWal published;
            if (transaction.read_mark() == 0 || transaction.published(published)) return begin_wal(header);
            if (attempts_left == 0)
                throw cannot_read(path, "its write-ahead log is never at rest", ErrorKind::busy);
            end();
        } catch (...) {
            end();
            throw;
        }
    }
}

void LiveDatabase::State::begin_rollback(Hold hold, const FileHeader& header) {
    shape = header.shape(file_bytes);
    change_counter = header.change_counter;
    check_not_truncated();
    if (wants_reflink()) {
        main_clone = clone_of(*file, transaction.file().parent_path());
        reflink_works = static_cast<bool>(main_clone);
    }
    if (main_clone) {
        frozen = true;
        transaction.end();
    } else if (hold == Hold::whole) {
        held = true;
    } else {
        lease = std::make_unique<SharedLease>(
            SharedLease::Duration(options.slice_ms), SharedLease::Duration(options.gap_ms),
            [this] { resume_slice(); }, [this] { transaction.end(); });
    }
}

void LiveDatabase::State::begin_wal(const FileHeader& header) {
    frozen = true;
    const bool overlaid = transaction.read_mark() > 0;
    PublishedWal published;
    if (overlaid) {
        // The mark keeps the log's generation, so that what is published now stays as it is, and
        // is at or after the commit that the transaction itself would see.
        if (!transaction.published(published))
            throw cannot_read(path, "its write-ahead log is never at rest", ErrorKind::busy);
        log = platform::open_for_reading(transaction.wal_file());
    }
    if (wants_reflink()) {
        const std::filesystem::path folder = transaction.file().parent_path();
        main_clone = clone_of(*file, folder);
        Descriptor log_clone = main_clone && overlaid ? clone_of(log, folder) : Descriptor();
        reflink_works = main_clone && (!overlaid || log_clone);
        if (reflink_works) {
            file_bytes = platform::file_size(main_clone.get(), path);
            if (overlaid) log = std::move(log_clone);
            transaction.end();
        } else {
            main_clone.reset();
        }
    }
    if (!overlaid) {
        shape = header.shape(file_bytes);
        check_not_truncated();
        return;
    }
    overlay = WalMap::scan(
        [this](MutableBytes out, std::uint64_t offset) {
            return platform::read_at(log.get(), out, offset, transaction.wal_file());
        },
        published.frame);
    if (!overlay || overlay->position().frame != published.frame ||
        overlay->position().checksum != published.checksum || overlay->position().salts != published.salts ||
        overlay->shape() != ImageShape{published.page_size, published.page_count} ||
        published.page_size != header.page_size)
        throw cannot_read(path, "its write-ahead log is damaged")
            .cause(format("{} does not hold what its index says, {} frames",
                          printable(transaction.wal_file().native()), published.frame))
            .hint(
                "stop the node, keep copies of the database and its -wal file, and run 'bt2c-dr "
                "verify-integrity'");
    shape = overlay->shape();
    check_not_truncated();
}

/// Each page that the main file does not hold whole must stand in the log.
void LiveDatabase::State::check_not_truncated() const {
    const std::uint64_t in_file = file_bytes / shape.page_size;
    if (in_file >= shape.page_count) return;
    const auto first = static_cast<std::uint32_t>(in_file) + 1;
    std::uint64_t missing = shape.page_count - in_file;
    if (const std::uint32_t lock_page = lock_byte_page(shape); lock_page >= first) --missing;
    const std::uint64_t in_log = overlay ? overlay->find(first, shape.page_count - in_file).size() : 0;
    if (in_log < missing)
        throw cannot_read(path, "it is truncated")
            .cause(format("{} of its {} pages are not in the file, or not whole (nor in its write-ahead log)",
                          missing - in_log, shape.page_count))
            .hint("'bt2c-dr list-backups' shows what can be restored with 'bt2c-dr restore'");
}

void LiveDatabase::State::resume_slice() {
    transaction.begin(options.patience_ms);
    try {
        if (transaction.wal())
            throw cannot_read(path, "its journal mode changed to WAL meanwhile", ErrorKind::busy)
                .hint("run the command again");
        const std::uint64_t bytes_before = file_bytes;
        const FileHeader header = read_header();
        if (header.change_counter != change_counter || file_bytes != bytes_before) disturbed = true;
    } catch (...) {
        transaction.end();
        throw;
    }
}

bool LiveDatabase::State::end() {
    lease.reset();
    if (running && wal_mode && frozen)
        end_beside_writers(transaction, overlay ? overlay->position().frame : 0, file->get());
    transaction.end();
    running = frozen = held = false;
    main_clone.reset();
    log.reset();
    overlay.reset();
    return !disturbed;
}

void LiveDatabase::State::read_main(std::uint64_t offset, MutableBytes out) const {
    const int fd = main_clone ? main_clone.get() : file->get();
    const std::size_t got = platform::read_at(fd, out, offset, path);
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(got), out.end(), std::uint8_t{0});
}

LiveDatabase::LiveDatabase() = default;
LiveDatabase::~LiveDatabase() = default;

std::unique_ptr<LiveDatabase> LiveDatabase::open(const std::filesystem::path& path, LiveOptions options) {
    std::unique_ptr<LiveDatabase> live(new LiveDatabase);
    live->state_ = std::make_unique<State>(path, options);
    live->state_->look();
    return live;
}

bool LiveDatabase::is_wal() const {
    return state_->wal_mode;
}
std::string_view LiveDatabase::journal_mode() const {
    return state_->wal_mode ? "wal" : "rollback";
}
ImageShape LiveDatabase::shape() const {
    return state_->shape;
}
bool LiveDatabase::frozen() const {
    BT2C_ASSERT(state_->running);
    return state_->frozen;
}

ImageShape LiveDatabase::begin_pass(Hold hold) {
    BT2C_ASSERT(!state_->running);
    state_->begin(hold);
    return state_->shape;
}

bool LiveDatabase::end_pass() {
    BT2C_ASSERT(state_->running);
    return state_->end();
}

void LiveDatabase::read(std::uint32_t first_page, MutableBytes out) const {
    const State& state = *state_;
    const std::uint32_t page_size = state.shape.page_size;
    BT2C_ASSERT(state.running && first_page > 0 && out.size() % page_size == 0);
    const std::uint64_t begin = (first_page - std::uint64_t{1}) * page_size;
    if (state.lease) {
        for (std::size_t done = 0; done < out.size(); done += leased_bytes) {
            const SharedLease::Use use(*state.lease);
            state.read_main(begin + done, out.subspan(done, std::min(leased_bytes, out.size() - done)));
        }
    } else {
        state.read_main(begin, out);
    }
    const auto page_in_out = [&](std::uint32_t page) {
        return out.subspan(std::size_t{page - first_page} * page_size, page_size);
    };
    const std::uint64_t count = out.size() / page_size;
    if (state.overlay) {
        for (const WalMap::Entry entry : state.overlay->find(first_page, count)) {
            const MutableBytes page = page_in_out(entry.page);
            if (platform::read_at(state.log.get(), page, state.overlay->page_offset(entry.frame),
                                  state.path) != page.size())
                throw cannot_read(state.path, "its write-ahead log became shorter while it was read");
        }
    }
    // A main file may reach past the image: a log's commit can shrink it before a checkpoint does.
    const std::uint64_t inside = first_page <= state.shape.page_count
                                     ? std::min(count, state.shape.page_count - first_page + std::uint64_t{1})
                                     : 0;
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(inside * page_size), out.end(), std::uint8_t{0});
    const std::uint32_t lock_page = lock_byte_page(state.shape);
    if (lock_page >= first_page && lock_page - first_page < count)
        std::ranges::fill(page_in_out(lock_page), std::uint8_t{0});
}

PageImage LiveDatabase::image() const {
    BT2C_ASSERT(state_->running && (state_->frozen || state_->held));
    return {state_->shape, [this](std::uint32_t first_page, MutableBytes out) { read(first_page, out); }};
}

}  // namespace bt2c::chaindb::sqlite
