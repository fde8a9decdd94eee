#include "chaindb/sqlite/image_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::chaindb::sqlite {

/// Outlives what SQLite allocates for the open file, which goes when opening fails.
struct ImageFile::Shared {
    PageImage image;
    std::exception_ptr failure;  ///< of the last read that failed, until it is taken
};

namespace {

struct Registry {
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<ImageFile::Shared>, std::less<>> images;
};

Registry& registry() {
    static Registry instance;
    return instance;
}

/// Pages that SQLite was given to read in place, how many of them it still holds.
struct HeldRun {
    PageRun pages;
    unsigned held = 0;
};

/// What SQLite allocates for an open file; `base` must come first.
struct OpenImage {
    OpenImage(std::shared_ptr<ImageFile::Shared> of, const sqlite3_io_methods& methods)
        : base{&methods}, shared(std::move(of)), image(&shared->image) {}

    sqlite3_file base;
    std::shared_ptr<ImageFile::Shared> shared;
    const PageImage* image;
    std::shared_ptr<base::Bytes> window;  // pages read ahead, from window_first on, and overread_bytes
    std::uint32_t window_first = 0;
    std::uint32_t window_pages = 0;
    std::uint32_t last_page = 0;  // that was asked for
    std::vector<HeldRun> runs;    // the last one is where the next page is looked for first
};

OpenImage& opened(sqlite3_file* file) {
    return *reinterpret_cast<OpenImage*>(file);
}

int close_file(sqlite3_file* file) {
    opened(file).~OpenImage();
    return SQLITE_OK;
}

/// The header names a journal mode of the node; an image has no journal, so bytes 18 and 19 say
/// "rollback" to SQLite, which would ask for shared memory otherwise.
void hide_wal_mode(base::MutableBytes page_1) {
    if (page_1[18] == 2) page_1[18] = 1;
    if (page_1[19] == 2) page_1[19] = 1;
}

/// Tables are mostly in the order of their pages, with pages of indexes between. A page a little
/// further on than the last one is taken for a part of such a walk, and its neighbours are read with
/// it; any other page is read alone, since the walk of an index jumps about.
constexpr std::uint32_t near_pages = 16;
constexpr std::uint32_t window_bytes = 256 << 10;

/// Of a damaged page SQLite may read a little beyond the end; its own mapped files leave as much.
constexpr std::size_t overread_bytes = 256;

bool in_window(const OpenImage& file, std::uint32_t page) {
    return page >= file.window_first && page - file.window_first < file.window_pages;
}

bool is_walking(const OpenImage& file, std::uint32_t page) {
    return !file.image->in_memory && page > file.last_page && page - file.last_page <= near_pages;
}

void fill_window(OpenImage& file, std::uint32_t page, std::uint32_t pages) {
    const std::size_t bytes = std::size_t{pages} * file.image->shape.page_size;
    // SQLite may still read in place what was read ahead before.
    if (!file.window || file.window.use_count() > 1) file.window = std::make_shared<base::Bytes>();
    file.window_pages = 0;
    file.window->resize(std::max(file.window->size(), bytes + overread_bytes));
    file.image->read(page, base::MutableBytes(*file.window).first(bytes));
    if (page == 1) hide_wal_mode(*file.window);
    file.window_first = page;
    file.window_pages = pages;
}

void read_ahead(OpenImage& file, std::uint32_t page) {
    const auto [page_size, page_count] = file.image->shape;
    const std::uint32_t wanted = is_walking(file, page) ? std::max(1U, window_bytes / page_size) : 1;
    const std::uint32_t pages = std::min(wanted, page_count - page + 1);
    // A window that SQLite points into no more is the last run only because it might be asked for again.
    if (!file.runs.empty() && file.runs.back().held == 0 && file.runs.back().pages.owner == file.window)
        file.runs.pop_back();
    try {
        fill_window(file, page, pages);
    } catch (const base::Error&) {
        if (pages == 1) throw;
        fill_window(file, page, 1);  // perhaps only a neighbour cannot be had
    }
}

/// Within the image.
void read_bytes(OpenImage& file, base::MutableBytes out, std::uint64_t offset) {
    const std::uint32_t page_size = file.image->shape.page_size;
    while (!out.empty()) {
        const auto page = static_cast<std::uint32_t>(offset / page_size) + 1;
        if (!in_window(file, page)) read_ahead(file, page);
        file.last_page = page;
        const std::size_t within =
            std::size_t{page - file.window_first} * page_size + static_cast<std::size_t>(offset % page_size);
        const std::size_t part =
            std::min(out.size(), page_size - static_cast<std::size_t>(offset % page_size));
        std::copy_n(file.window->begin() + static_cast<std::ptrdiff_t>(within), part, out.begin());
        out = out.subspan(part);
        offset += part;
    }
}

bool holds(const PageRun& run, std::uint32_t page, std::uint32_t page_size) {
    return page >= run.first_page &&
           (std::uint64_t{page - run.first_page} + 1) * page_size + overread_bytes <= run.bytes.size();
}

/// The run with the page in it as the last one, where there is one.
bool find_run(OpenImage& file, std::uint32_t page) {
    const std::uint32_t page_size = file.image->shape.page_size;
    if (!file.runs.empty() && holds(file.runs.back().pages, page, page_size)) return true;
    PageRun run;
    if (file.image->in_memory) {
        run = file.image->in_memory(page);
    } else {
        if (!in_window(file, page)) {
            if (!is_walking(file, page)) return false;
            read_ahead(file, page);
        }
        run = {
            file.window, file.window_first,
            base::ByteView(*file.window).first(std::size_t{file.window_pages} * page_size + overread_bytes)};
    }
    if (!holds(run, page, page_size)) return false;
    if (!file.runs.empty() && file.runs.back().held == 0) file.runs.pop_back();
    file.runs.push_back({std::move(run)});
    return true;
}

/// Gives SQLite a page where it lies. Without one SQLite reads it, and meets what was wrong, if anything was.
int fetch_page(sqlite3_file* base_file, sqlite3_int64 offset, int size, void** out) {
    OpenImage& file = opened(base_file);
    const std::uint32_t page_size = file.image->shape.page_size;
    *out = nullptr;
    const auto page = static_cast<std::uint64_t>(offset) / page_size + 1;
    if (page == 1 || page > file.image->shape.page_count || static_cast<std::uint32_t>(size) != page_size)
        return SQLITE_OK;
    try {
        if (!find_run(file, static_cast<std::uint32_t>(page))) return SQLITE_OK;
    } catch (const std::exception&) {
        return SQLITE_OK;
    }
    HeldRun& run = file.runs.back();
    ++run.held;
    file.last_page = static_cast<std::uint32_t>(page);
    // SQLite writes to no page of a file that it has opened to read only.
    *out = const_cast<std::uint8_t*>(run.pages.bytes.data()) + (page - run.pages.first_page) * page_size;
    return SQLITE_OK;
}

int release_page(sqlite3_file* base_file, sqlite3_int64, void* page) {
    auto& runs = opened(base_file).runs;
    const auto* const at = static_cast<const std::uint8_t*>(page);
    const auto run = std::ranges::find_if(runs, [&](const HeldRun& each) {
        const base::ByteView bytes = each.pages.bytes;
        return std::less_equal<>()(bytes.data(), at) && std::less<>()(at, bytes.data() + bytes.size());
    });
    if (run == runs.end()) return SQLITE_OK;  // null, when SQLite asks that nothing remain mapped
    if (--run->held == 0 && run + 1 != runs.end()) runs.erase(run);
    return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
    auto out = base::MutableBytes(static_cast<std::uint8_t*>(data), static_cast<std::size_t>(size));
    const std::uint64_t end = opened(file).image->shape.bytes();
    const std::uint64_t begin = std::min(static_cast<std::uint64_t>(offset), end);
    const auto inside = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), end - begin));
    try {
        read_bytes(opened(file), out.first(inside), begin);
    } catch (const std::exception&) {
        // SQLite is C: no exception may cross it. To SQLite this is an I/O error.
        opened(file).shared->failure = std::current_exception();
        return SQLITE_IOERR_READ;
    }
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(inside), out.end(), std::uint8_t{0});
    return inside == out.size() ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int refuse_write(sqlite3_file*, const void*, int, sqlite3_int64) {
    return SQLITE_READONLY;
}
int refuse_truncate(sqlite3_file*, sqlite3_int64) {
    return SQLITE_READONLY;
}
int no_sync(sqlite3_file*, int) {
    return SQLITE_OK;
}
int no_lock(sqlite3_file*, int) {
    return SQLITE_OK;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
    *size = static_cast<sqlite3_int64>(opened(file).image->shape.bytes());
    return SQLITE_OK;
}
int not_reserved(sqlite3_file*, int* reserved) {
    *reserved = 0;
    return SQLITE_OK;
}
int no_control(sqlite3_file*, int, void*) {
    return SQLITE_NOTFOUND;
}
int sector_size(sqlite3_file*) {
    return 4096;
}
int characteristics(sqlite3_file*) {
    return SQLITE_IOCAP_IMMUTABLE;
}

const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods table = [] {
        sqlite3_io_methods m{};
        m.iVersion = 3;
        m.xClose = close_file;
        m.xRead = read_file;
        m.xWrite = refuse_write;
        m.xTruncate = refuse_truncate;
        m.xSync = no_sync;
        m.xFileSize = file_size;
        m.xLock = no_lock;
        m.xUnlock = no_lock;
        m.xCheckReservedLock = not_reserved;
        m.xFileControl = no_control;
        m.xSectorSize = sector_size;
        m.xDeviceCharacteristics = characteristics;
        m.xFetch = fetch_page;
        m.xUnfetch = release_page;
        return m;
    }();
    return table;
}

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    file->pMethods = nullptr;
    if (!name || !(flags & SQLITE_OPEN_MAIN_DB)) return SQLITE_CANTOPEN;
    const std::lock_guard lock(registry().mutex);
    const auto found = registry().images.find(std::string_view(name));
    if (found == registry().images.end()) return SQLITE_CANTOPEN;
    new (file) OpenImage(found->second, methods());
    if (out_flags) *out_flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB;
    return SQLITE_OK;
}

int delete_nothing(sqlite3_vfs*, const char*, int) {
    return SQLITE_OK;
}
int nothing_there(sqlite3_vfs*, const char*, int, int* result) {
    *result = 0;
    return SQLITE_OK;
}
int same_name(sqlite3_vfs*, const char* name, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
}

/// The connection's file; null when it is not one of this VFS.
sqlite3_file* image_file_of(sqlite3* db) {
    sqlite3_file* file = nullptr;
    const bool ours = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
                      file && file->pMethods == &methods();
    return ours ? file : nullptr;
}

}  // namespace

ImageFile::ImageFile(PageImage image) : shared_(std::make_shared<Shared>()) {
    shared_->image = std::move(image);
    static std::atomic<unsigned> counter{0};
    name_ = base::format("/image-{}", counter++);
    const std::lock_guard lock(registry().mutex);
    registry().images.emplace(name_, shared_);
}

ImageFile::~ImageFile() {
    const std::lock_guard lock(registry().mutex);
    registry().images.erase(name_);
}

std::exception_ptr ImageFile::take_failure() {
    return std::exchange(shared_->failure, nullptr);
}

std::exception_ptr take_read_failure(sqlite3* db) {
    sqlite3_file* const file = image_file_of(db);
    return file ? std::exchange(opened(file).shared->failure, nullptr) : nullptr;
}

std::optional<ImagePages> ImagePages::of(sqlite3* db) {
    sqlite3_file* const file = image_file_of(db);
    if (!file) return std::nullopt;
    return ImagePages(file, opened(file).image->shape.page_size);
}

ImagePages::ImagePages(ImagePages&& other) noexcept
    : file_(other.file_),
      page_size_(other.page_size_),
      held_(std::exchange(other.held_, nullptr)),
      held_offset_(other.held_offset_),
      copy_(std::move(other.copy_)) {}

ImagePages::~ImagePages() {
    release();
}

void ImagePages::release() {
    if (held_) release_page(file_, held_offset_, std::exchange(held_, nullptr));
}

base::ByteView ImagePages::page(std::uint32_t number) {
    release();
    if (number == 0 || number > opened(file_).image->shape.page_count) return {};
    held_offset_ = std::int64_t{number - 1} * page_size_;
    fetch_page(file_, held_offset_, static_cast<int>(page_size_), &held_);
    if (held_) return {static_cast<const std::uint8_t*>(held_), page_size_};
    copy_.resize(page_size_);
    if (read_file(file_, copy_.data(), static_cast<int>(page_size_), held_offset_) == SQLITE_OK) return copy_;
    opened(file_).shared->failure = nullptr;
    return {};
}

const char* image_vfs_name() {
    static sqlite3_vfs vfs = [] {
        sqlite3_vfs* system = sqlite3_vfs_find(nullptr);
        sqlite3_vfs v{};
        v.iVersion = 1;
        v.szOsFile = sizeof(OpenImage);
        v.mxPathname = 64;
        v.zName = "bt2c-image";
        v.pAppData = system;
        v.xOpen = open_file;
        v.xDelete = delete_nothing;
        v.xAccess = nothing_there;
        v.xFullPathname = same_name;
        v.xRandomness = system->xRandomness;
        v.xSleep = system->xSleep;
        v.xCurrentTime = system->xCurrentTime;
        return v;
    }();
    [[maybe_unused]] static const int registered = sqlite3_vfs_register(&vfs, 0);
    return vfs.zName;
}

}  // namespace bt2c::chaindb::sqlite
