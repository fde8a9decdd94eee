#include "chaindb/sqlite/observed_vfs.hpp"

#include <sqlite3.h>

#include <cstddef>
#include <new>
#include <utility>

#include "base/error.hpp"

namespace bt2c::chaindb::sqlite {
namespace {

/// Stands behind the system's own file object, in the memory that SQLite allocates for a file.
struct Observer {
    ObservedFile seen;
    const sqlite3_io_methods* real;
    sqlite3_io_methods methods;
    std::function<void()> on_checkpoint_lock;
};

sqlite3_vfs* system_vfs() {
    static sqlite3_vfs* const vfs = sqlite3_vfs_find("unix");
    return vfs;
}

std::size_t observer_offset() {
    const auto size = static_cast<std::size_t>(system_vfs()->szOsFile);
    return (size + alignof(Observer) - 1) / alignof(Observer) * alignof(Observer);
}

Observer& observer(sqlite3_file* file) {
    return *reinterpret_cast<Observer*>(reinterpret_cast<std::byte*>(file) + observer_offset());
}

int lock_shared_memory(sqlite3_file* file, int offset, int count, int flags) {
    Observer& self = observer(file);
    const int code = self.real->xShmLock(file, offset, count, flags);
    // Locks 0 to 2 are those of writers, checkpoints and recovery; those of read marks follow.
    constexpr int checkpoint_lock = 1;
    constexpr int first_read_lock = 3;
    if (code == SQLITE_OK && flags == (SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE) && count == 1 &&
        offset == checkpoint_lock && self.on_checkpoint_lock)
        self.on_checkpoint_lock();
    if (code == SQLITE_OK && (flags & SQLITE_SHM_SHARED) && count == 1 && offset >= first_read_lock)
        self.seen.read_mark = flags & SQLITE_SHM_LOCK ? offset - first_read_lock : -1;
    return code;
}

int map_shared_memory(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
    Observer& self = observer(file);
    const int code = self.real->xShmMap(file, region, size, extend, out);
    // A map that is read-only comes with an error code; without a map SQLite uses memory of its own.
    if (region == 0) self.seen.wal_index = static_cast<const volatile std::uint8_t*>(*out);
    return code;
}

int close_observed(sqlite3_file* file) {
    Observer& self = observer(file);
    const int code = self.real->xClose(file);
    self.~Observer();
    return code;
}

int unmap_shared_memory(sqlite3_file* file, int remove) {
    Observer& self = observer(file);
    self.seen = {};
    return self.real->xShmUnmap(file, remove);
}

int open_observed(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    const int code = system_vfs()->xOpen(system_vfs(), name, file, flags, out_flags);
    if (code != SQLITE_OK || !(flags & SQLITE_OPEN_MAIN_DB)) return code;
    auto* self = new (&observer(file)) Observer{{}, file->pMethods, *file->pMethods, {}};
    self->methods.xClose = close_observed;
    if (self->methods.iVersion >= 2 && self->methods.xShmMap) {
        self->methods.xShmLock = lock_shared_memory;
        self->methods.xShmMap = map_shared_memory;
        self->methods.xShmUnmap = unmap_shared_memory;
    }
    file->pMethods = &self->methods;
    return SQLITE_OK;
}

sqlite3_file* main_file(sqlite3* db) {
    sqlite3_file* file = nullptr;
    BT2C_ASSERT(sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK && file &&
                file->pMethods == &observer(file).methods);
    return file;
}

}  // namespace

const char* observed_vfs_name() {
    static sqlite3_vfs vfs = [] {
        sqlite3_vfs v = *system_vfs();
        v.pNext = nullptr;
        v.zName = "bt2c-observed";
        v.szOsFile = static_cast<int>(observer_offset() + sizeof(Observer));
        v.xOpen = open_observed;
        return v;
    }();
    [[maybe_unused]] static const int registered = sqlite3_vfs_register(&vfs, 0);
    return vfs.zName;
}

const ObservedFile& observed_file(sqlite3* db) {
    return observer(main_file(db)).seen;
}

void on_checkpoint_lock(sqlite3* db, std::function<void()> hook) {
    observer(main_file(db)).on_checkpoint_lock = std::move(hook);
}

void shared_memory_barrier(sqlite3* db) {
    sqlite3_file* const file = main_file(db);
    file->pMethods->xShmBarrier(file);
}

}  // namespace bt2c::chaindb::sqlite
