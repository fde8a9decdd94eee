#include "restore/older_files.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::restore {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;
using repository::FileEntry;
using repository::FileKind;

namespace {

constexpr std::size_t files_max = 100'000;

struct stat status_of(const fs::path& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0)
        throw base::system_error(format("cannot restore from {}", printable(path.native())), errno);
    return info;
}

std::vector<fs::path> paths_below(const fs::path& folder) {
    std::vector<fs::path> paths;
    try {
        for (const auto& entry : fs::recursive_directory_iterator(folder)) {
            paths.push_back(entry.path());
            if (paths.size() > files_max)
                throw Error(ErrorKind::failed, format("cannot restore from {}: it holds more than {} files",
                                                      printable(folder.native()), files_max));
        }
    } catch (const fs::filesystem_error& error) {
        throw base::system_error(format("cannot restore from {}", printable(folder.native())),
                                 error.code().value());
    }
    std::sort(paths.begin(), paths.end());  // folders before what is in them
    return paths;
}

base::Bytes read_piece(const fs::path& path, const FileEntry& entry, std::uint64_t piece) {
    const platform::Descriptor fd = platform::open_for_reading(path, false);
    const std::uint64_t offset = piece * repository::file_piece_bytes;
    base::Bytes bytes(std::min<std::uint64_t>(repository::file_piece_bytes, entry.bytes - offset));
    if (platform::read_at(fd.get(), bytes, offset, path) != bytes.size())
        throw Error(ErrorKind::failed, format("cannot restore {}", printable(entry.path)))
            .cause(format("{} was cut off while it was read", printable(path.native())));
    return bytes;
}

FileSource source_of(const fs::path& path, std::string name, bool secret) {
    const struct stat info = status_of(path);
    FileSource source;
    FileEntry& entry = source.entry;
    entry.path = std::move(name);
    entry.uid = info.st_uid;
    entry.gid = info.st_gid;
    entry.mtime_ns = std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
    if (S_ISDIR(info.st_mode)) {
        entry.kind = FileKind::folder;
        entry.mode = secret ? 0700 : 0700 | (info.st_mode & 0777);
    } else if (S_ISLNK(info.st_mode)) {
        entry.kind = FileKind::link;
        entry.mode = 0777;
        std::error_code error;
        entry.target = fs::read_symlink(path, error).native();
        if (error)
            throw base::system_error(format("cannot restore from {}", printable(path.native())),
                                     error.value());
    } else if (S_ISREG(info.st_mode)) {
        entry.mode = secret ? 0600 : info.st_mode & 0777;
        entry.bytes = static_cast<std::uint64_t>(info.st_size);
        entry.pieces.resize((entry.bytes + repository::file_piece_bytes - 1) / repository::file_piece_bytes);
        source.read_piece = [path, entry](std::uint64_t piece) { return read_piece(path, entry, piece); };
    } else {
        throw Error(ErrorKind::failed, format("cannot restore from {}", printable(path.native())))
            .cause("it is neither a file, a folder nor a link")
            .hint("move it out of the way and run the restore again");
    }
    return source;
}

}  // namespace

std::vector<FileSource> files_of_older_copy(const fs::path& copy, const std::string& part) {
    std::error_code error;
    const fs::file_type type = fs::symlink_status(copy, error).type();
    if (type == fs::file_type::not_found) return {};
    if (type != fs::file_type::directory)
        throw Error(ErrorKind::failed, format("cannot restore from {}", printable(copy.native())))
            .cause(error ? error.message() : "it is no folder");
    std::vector<FileSource> files;
    for (const fs::path& path : paths_below(copy))
        files.push_back(source_of(path, part + "/" + path.lexically_relative(copy).native(), part == "keys"));
    return files;
}

}  // namespace bt2c::restore
