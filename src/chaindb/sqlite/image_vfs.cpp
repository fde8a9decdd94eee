#include "chaindb/sqlite/image_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::chaindb::sqlite {
namespace {

struct Registry {
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<const PageImage>, std::less<>> images;
};

Registry& registry() {
    static Registry instance;
    return instance;
}

/// What SQLite allocates for an open file; `base` must come first.
struct OpenImage {
    sqlite3_file base;
    std::shared_ptr<const PageImage> image;
    base::Bytes window;  // pages read ahead, from window_first on
    std::uint32_t window_first = 0;
    std::uint32_t last_page = 0;  // that was asked for
    std::exception_ptr failure;   // of the last read that failed, until it is taken
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

bool in_window(const OpenImage& file, std::uint32_t page) {
    return page >= file.window_first &&
           page - file.window_first < file.window.size() / file.image->shape.page_size;
}

void read_ahead(OpenImage& file, std::uint32_t page) {
    const auto [page_size, page_count] = file.image->shape;
    const bool walking =
        file.image->read_ahead && page > file.last_page && page - file.last_page <= near_pages;
    const std::uint32_t wanted = walking ? std::max(1U, window_bytes / page_size) : 1;
    file.window_first = page;
    file.window.resize(std::size_t{std::min(wanted, page_count - page + 1)} * page_size);
    try {
        file.image->read(page, file.window);
    } catch (const base::Error&) {
        // Perhaps only a neighbour cannot be had.
        file.window.resize(page_size);
        file.image->read(page, file.window);
    }
    if (page == 1) hide_wal_mode(file.window);
}

/// Within the image.
void read_bytes(OpenImage& file, base::MutableBytes out, std::uint64_t offset) {
    const std::uint32_t page_size = file.image->shape.page_size;
    while (!out.empty()) {
        const auto page = static_cast<std::uint32_t>(offset / page_size) + 1;
        if (!in_window(file, page)) {
            try {
                read_ahead(file, page);
            } catch (...) {
                file.window.clear();
                throw;
            }
        }
        file.last_page = page;
        const std::size_t within =
            std::size_t{page - file.window_first} * page_size + static_cast<std::size_t>(offset % page_size);
        const std::size_t part =
            std::min(out.size(), page_size - static_cast<std::size_t>(offset % page_size));
        std::copy_n(file.window.begin() + static_cast<std::ptrdiff_t>(within), part, out.begin());
        out = out.subspan(part);
        offset += part;
    }
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
        opened(file).failure = std::current_exception();
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
        m.iVersion = 1;
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
    new (file) OpenImage{{&methods()}, found->second, {}, 0, 0, nullptr};
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

}  // namespace

ImageFile::ImageFile(PageImage image) {
    static std::atomic<unsigned> counter{0};
    name_ = base::format("/image-{}", counter++);
    const std::lock_guard lock(registry().mutex);
    registry().images.emplace(name_, std::make_shared<const PageImage>(std::move(image)));
}

ImageFile::~ImageFile() {
    const std::lock_guard lock(registry().mutex);
    registry().images.erase(name_);
}

std::exception_ptr take_read_failure(sqlite3* db) {
    sqlite3_file* file = nullptr;
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file ||
        file->pMethods != &methods())
        return nullptr;
    return std::exchange(opened(file).failure, nullptr);
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
