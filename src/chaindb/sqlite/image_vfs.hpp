#pragma once
// The read-only SQLite VFS that serves a PageImage: how backups and live snapshots are queried.

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "chaindb/page_image.hpp"

struct sqlite3;
struct sqlite3_file;

namespace bt2c::chaindb::sqlite {

/// An image under a name of its own in the VFS, for one connection; the name is free again when this goes.
class ImageFile {
 public:
    explicit ImageFile(PageImage image);
    ~ImageFile();
    ImageFile(const ImageFile&) = delete;
    ImageFile& operator=(const ImageFile&) = delete;
    const std::string& name() const { return name_; }
    /// As take_read_failure(), also of a connection that could not be opened.
    std::exception_ptr take_failure();

    struct Shared;

 private:
    std::string name_;
    std::shared_ptr<Shared> shared_;
};

/// The pages of a connection's image beside SQLite, as SQLite itself reads them. For the connection's thread,
/// and not longer than the connection.
class ImagePages {
 public:
    /// nullopt where the connection is not over an image.
    static std::optional<ImagePages> of(sqlite3* db);
    ImagePages(ImagePages&& other) noexcept;
    ImagePages& operator=(ImagePages&&) = delete;
    ~ImagePages();

    std::uint32_t page_size() const { return page_size_; }
    /// Stays until the next one is asked for; empty where it is not there or cannot be had. What was wrong
    /// SQLite meets as well when it reads that page.
    base::ByteView page(std::uint32_t number);

 private:
    ImagePages(sqlite3_file* file, std::uint32_t page_size) : file_(file), page_size_(page_size) {}
    void release();

    sqlite3_file* file_;
    std::uint32_t page_size_;
    void* held_ = nullptr;
    std::int64_t held_offset_ = 0;
    base::Bytes copy_;  // of a page that is not in memory
};

/// Registers the VFS on first use. A page that cannot be read is SQLITE_IOERR to SQLite.
const char* image_vfs_name();
/// What the image threw at the connection's last read that failed, once; null when nothing, or when
/// the connection is not over an image.
std::exception_ptr take_read_failure(sqlite3* db);

}  // namespace bt2c::chaindb::sqlite
