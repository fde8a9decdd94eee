#pragma once
// The read-only SQLite VFS that serves a PageImage: how backups and live snapshots are queried.

#include <exception>
#include <memory>
#include <string>

#include "chaindb/page_image.hpp"

struct sqlite3;

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

/// Registers the VFS on first use. A page that cannot be read is SQLITE_IOERR to SQLite.
const char* image_vfs_name();
/// What the image threw at the connection's last read that failed, once; null when nothing, or when
/// the connection is not over an image.
std::exception_ptr take_read_failure(sqlite3* db);

}  // namespace bt2c::chaindb::sqlite
