#pragma once
// The system's SQLite VFS, with a view of what SQLite does to the shared memory of write-ahead logging.

#include <cstdint>
#include <functional>

struct sqlite3;

namespace bt2c::chaindb::sqlite {

/// What one connection's database file was seen to hold. Changed by the connection's own calls only.
struct ObservedFile {
    /// The read mark whose lock the connection holds, 0 to 4; -1 for none. With mark 0 SQLite
    /// reads the main file alone, and writers may restart the log meanwhile.
    int read_mark = -1;
    /// The first page of the wal-index; null while SQLite has none that is shared.
    const volatile std::uint8_t* wal_index = nullptr;
};

/// Registers the VFS on first use.
const char* observed_vfs_name();
/// Of the main database of a connection that was opened with that VFS.
const ObservedFile& observed_file(sqlite3* db);
/// Has `hook` called each time when the connection has taken the lock on checkpoints, before it looks at
/// the marks of readers. Null: no more.
void on_checkpoint_lock(sqlite3* db, std::function<void()> hook);
/// Orders reads of the wal-index as SQLite orders its own.
void shared_memory_barrier(sqlite3* db);

}  // namespace bt2c::chaindb::sqlite
