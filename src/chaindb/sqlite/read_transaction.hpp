#pragma once
// One SQLite connection that does nothing but hold a read transaction on a live database.

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/error.hpp"

struct sqlite3;

namespace bt2c::chaindb::sqlite {

/// The state of a log as its writers published it in the wal-index.
struct PublishedWal {
    std::uint32_t page_size = 0;
    std::uint32_t frame = 0;  ///< the last frame of the last commit; 0 when the log is empty
    std::uint32_t page_count = 0;
    std::array<std::uint32_t, 2> checksum{};
    std::array<std::uint8_t, 8> salts{};
};

/// Used by one thread at a time. Never checkpoints, and leaves log and shared memory where they are.
class ReadTransaction {
 public:
    /// Throws Error: absent, no file, no permission. The header is looked at by begin() only.
    explicit ReadTransaction(const std::filesystem::path& path);
    ~ReadTransaction();
    ReadTransaction(const ReadTransaction&) = delete;
    ReadTransaction& operator=(const ReadTransaction&) = delete;

    /// Takes SHARED, and in WAL mode a read mark; SQLite rolls back a hot journal first. Waits for
    /// writers at most `patience_ms`, then throws Error(busy). Throws Error(failed) when the file
    /// is no sound database, was replaced since it was opened, is in WAL mode without permission, or has
    /// something beside it that is no file where SQLite's own would be.
    void begin(int patience_ms);
    void end() noexcept;

    // Within a transaction.
    bool wal() const;
    /// Only in WAL mode: 0 means that the main file alone is the image, and that it is frozen.
    int read_mark() const;
    /// Only in WAL mode with a mark above 0. False when no whole header is there now, because a
    /// writer was killed while it wrote it: the next begin() repairs that.
    bool published(PublishedWal& out) const;

    /// The names as SQLite uses them, without symbolic links.
    const std::filesystem::path& file() const { return file_; }
    const std::filesystem::path& wal_file() const { return wal_file_; }

 private:
    int try_begin() noexcept;
    [[noreturn]] void fail(int code) const;

    std::filesystem::path path_, file_, wal_file_;
    sqlite3* db_ = nullptr;
    bool open_ = false;
};

}  // namespace bt2c::chaindb::sqlite
