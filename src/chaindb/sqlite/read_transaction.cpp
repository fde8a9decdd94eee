#include "chaindb/sqlite/read_transaction.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>

#include "base/progress.hpp"
#include "base/text.hpp"
#include "chaindb/sqlite/connection.hpp"
#include "chaindb/sqlite/file_header.hpp"
#include "chaindb/sqlite/observed_vfs.hpp"
#include "chaindb/sqlite/pinned_file.hpp"
#include "chaindb/sqlite/side_files.hpp"
#include "chaindb/sqlite/uri.hpp"

namespace bt2c::chaindb::sqlite {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

namespace {

Error unreadable(const std::filesystem::path& path, std::string_view why,
                 ErrorKind kind = ErrorKind::failed) {
    return {kind, format("cannot read chain database {}: {}", printable(path.native()), why)};
}

/// SQLite's own errors do not tell these apart.
void check_is_readable_file(const std::filesystem::path& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
        const int error = errno;
        if (error == ENOENT || error == ENOTDIR)
            throw unreadable(path, "it does not exist")
                .hint("is --home right? A lost database comes back with 'bt2c-dr restore --backup latest'");
        throw base::system_error(format("cannot read chain database {}", printable(path.native())), error);
    }
    if (!S_ISREG(info.st_mode))
        throw unreadable(path, "it is not a file")
            .cause(S_ISDIR(info.st_mode) ? "it is a folder" : "it is a device, a pipe or a socket")
            .hint("name the database's file itself, such as data/blockchain.db in the node's home");
    if (::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0)
        throw unreadable(path, "permission denied").hint("run as the user that the node runs as, or as root");
}

/// A failing disk is often mounted read-only by the kernel; permissions have no part in that.
std::optional<Error> on_read_only_disk(const std::filesystem::path& path) {
    struct statvfs info {};
    if (::statvfs(path.c_str(), &info) != 0 || !(info.f_flag & ST_RDONLY)) return std::nullopt;
    return unreadable(path, "its file system is mounted read-only")
        .cause(
            "a write-ahead log, or a journal that a killed node left, is read with files that SQLite writes "
            "beside it")
        .hint(
            "the disk may be failing: look into the kernel's log (dmesg); stop the node, copy the database "
            "and "
            "its -wal or -journal file to a folder on another disk, and name the copy with 'bt2c-dr restore "
            "--backup-file'");
}

/// What the file lacks by its own header; empty when it lacks nothing.
std::string missing_pages(const std::filesystem::path& file) {
    const auto descriptor = pinned_file(file);
    std::array<std::uint8_t, FileHeader::size> bytes{};
    const std::size_t got = platform::read_at(descriptor->get(), bytes, 0, file);
    const auto header = parse_file_header(base::ByteView(bytes).first(got));
    const std::uint64_t size = platform::file_size(descriptor->get(), file);
    if (!header || header->page_count <= size / header->page_size) return {};
    return format("its header counts {} pages of {} bytes, the file has {} bytes", header->page_count,
                  header->page_size, size);
}

bool is_busy(int code) {
    // PROTOCOL: SQLite gave up waiting for others who kept changing the read marks.
    const int primary = code & 0xFF;
    return primary == SQLITE_BUSY || primary == SQLITE_LOCKED || primary == SQLITE_PROTOCOL;
}

}  // namespace

ReadTransaction::ReadTransaction(const std::filesystem::path& path) : path_(path) {
    check_is_readable_file(path);
    const int code =
        sqlite3_open_v2(uri_of(path).c_str(), &db_,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, observed_vfs_name());
    try {
        if (code != SQLITE_OK) fail(sqlite3_extended_errcode(db_));
        sqlite3_extended_result_codes(db_, 1);
        sqlite3_busy_timeout(db_, 0);
        sqlite3_wal_autocheckpoint(db_, 0);
        sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
        int persist = 1;
        sqlite3_file_control(db_, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
        const char* name = sqlite3_db_filename(db_, "main");
        file_ = name;
        wal_file_ = sqlite3_filename_wal(name);
    } catch (...) {
        sqlite3_close(db_);
        throw;
    }
}

ReadTransaction::~ReadTransaction() {
    end();
    sqlite3_close(db_);
}

int ReadTransaction::try_begin() noexcept {
    // user_version is read from the header without a look at the schema, which may be damaged.
    const int code = sqlite3_exec(db_, "BEGIN; PRAGMA user_version", nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
    return code;
}

void ReadTransaction::begin(int patience_ms) {
    require_plain_side_files(file_, format("cannot read chain database {}", printable(path_.native())));
    using Clock = std::chrono::steady_clock;
    const auto patience_ends = Clock::now() + std::chrono::milliseconds(patience_ms);
    for (auto nap = std::chrono::microseconds(200);;
         nap = std::min(nap * 2, std::chrono::microseconds(5000))) {
        const int code = try_begin();
        if (code == SQLITE_OK) break;
        if (!is_busy(code) || Clock::now() >= patience_ends) fail(code);
        base::throw_if_interrupted();
        std::this_thread::sleep_for(nap);
    }
    open_ = true;
    int moved = 0;
    sqlite3_file_control(db_, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    const bool no_shared_index = wal() && !observed_file(db_).wal_index;
    if (moved || no_shared_index) end();
    if (moved)
        throw unreadable(path_, "it was replaced by another file meanwhile", ErrorKind::busy)
            .hint("run the command again");
    if (no_shared_index) {
        if (auto read_only = on_read_only_disk(path_)) throw *std::move(read_only);
        throw unreadable(path_, "no permission to use its write-ahead log")
            .cause("a live database in WAL mode can be read only with permission to write its -shm file")
            .hint("run as the user that the node runs as, or as root");
    }
}

void ReadTransaction::end() noexcept {
    if (open_) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
    open_ = false;
}

bool ReadTransaction::wal() const {
    return observed_file(db_).read_mark >= 0;
}

int ReadTransaction::read_mark() const {
    return observed_file(db_).read_mark;
}

bool ReadTransaction::published(PublishedWal& out) const {
    // Two copies that a writer writes one after the other, as 32-bit words of the host's order.
    // Source: https://www.sqlite.org/walformat.html#the_wal_index_header
    constexpr std::size_t words = 12;
    const auto* index = reinterpret_cast<const volatile std::uint32_t*>(observed_file(db_).wal_index);
    std::array<std::uint32_t, words> first{}, second{};
    for (int attempt = 0; attempt < 1000; ++attempt) {
        for (std::size_t i = 0; i < words; ++i) first[i] = index[i];
        shared_memory_barrier(db_);
        for (std::size_t i = 0; i < words; ++i) second[i] = index[words + i];
        if (first == second) {
            std::uint16_t page_size = 0;
            std::memcpy(&page_size, reinterpret_cast<const std::uint8_t*>(first.data()) + 14, 2);
            out.page_size = page_size == 1 ? 65536U : page_size;
            out.frame = first[4];
            out.page_count = first[5];
            out.checksum = {first[6], first[7]};
            std::memcpy(out.salts.data(), &first[8], 8);
            return true;
        }
        std::this_thread::yield();
    }
    return false;
}

void ReadTransaction::fail(int code) const {
    // Not what the connection says: its last statement was the ROLLBACK behind the one that failed.
    const std::string cause = format("SQLite: {} ({})", sqlite3_errstr(code), code);
    if (is_full_disk(code))
        throw unreadable(path_, "its disk is full")
            .cause("a write-ahead log is read with a file that SQLite writes beside it; " + cause)
            .hint("make room on that disk, then run the same command again");
    switch (code & 0xFF) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL:
            throw unreadable(path_, "it is locked", ErrorKind::busy)
                .cause(cause)
                .hint(
                    "a program keeps it locked (a very long transaction, or PRAGMA locking_mode=EXCLUSIVE): "
                    "wait for it or stop it");
        case SQLITE_NOTADB:
            throw unreadable(path_, "it is not a SQLite database")
                .cause(cause)
                .hint(
                    "if a node used it its header is damaged: 'bt2c-dr list-backups' shows what can be "
                    "restored "
                    "with 'bt2c-dr restore'; else name another file");
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_CANTOPEN:
            if (auto read_only = on_read_only_disk(path_)) throw *std::move(read_only);
            throw unreadable(path_, "no permission to write what reading it needs")
                .cause(cause)
                .hint(
                    "a journal that a killed node left, or a write-ahead log, can be dealt with only with "
                    "permission to write the file and its folder: run as the user of the node, or as root");
        case SQLITE_CORRUPT: {
            const std::string shortage = missing_pages(file_);
            throw unreadable(path_, shortage.empty() ? "it is damaged" : "it is truncated")
                .cause(shortage.empty() ? cause : shortage)
                .hint("'bt2c-dr list-backups' shows what can be restored with 'bt2c-dr restore'");
        }
        default:
            throw unreadable(path_, "SQLite cannot read it")
                .cause(cause)
                .hint("the disk may be failing: look into the kernel's log (dmesg)");
    }
}

}  // namespace bt2c::chaindb::sqlite
