#include "storage/local/local_location.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>

#include "base/error.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"
#include "storage/object_name.hpp"

namespace bt2c::storage::local {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;
using platform::DurableFile;

namespace {

constexpr unsigned object_mode = 0400;
constexpr unsigned folder_mode = 0700;

/// Opens an object, or gives an empty descriptor where there is none.
platform::Descriptor open_object(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::symlink_status(path, error);
    if (status.type() == fs::file_type::not_found) return {};
    // Objects are plain files; a link or a device in their place was not put there by us.
    if (!error && status.type() != fs::file_type::regular)
        throw Error(ErrorKind::failed, format("cannot read {}", printable(path.native())))
            .cause("it is not a plain file")
            .system_code(EISDIR);
    return platform::open_for_reading(path, false);
}

}  // namespace

LocalLocation::LocalLocation(fs::path folder) : folder_(std::move(folder)) {}

std::string LocalLocation::describe() const {
    return folder_.native();
}

fs::path LocalLocation::path_of(const std::string& name) const {
    if (!is_object_name(name))
        throw Error(ErrorKind::failed, format("'{}' is no object name", printable(name)));
    return folder_ / name;
}

bool LocalLocation::is_there() {
    std::error_code error;
    const fs::file_type type = fs::status(folder_, error).type();
    if (type != fs::file_type::not_found) {
        seen_ = true;
        return true;
    }
    if (fs::is_symlink(folder_, error))
        throw Error(ErrorKind::failed, format("cannot reach the repository {}", printable(folder_.native())))
            .cause(format("it is a symbolic link to {}, which is not there",
                          printable(fs::read_symlink(folder_, error).native())))
            .state("nothing was stored")
            .hint("bring that folder back (mount its disk), or set the link anew");
    if (seen_)
        throw Error(ErrorKind::failed, format("cannot reach the repository {}", printable(folder_.native())))
            .cause("the folder was there and is gone: it was removed, or its disk was unmounted")
            .state("nothing more was stored")
            .hint("bring the folder back (mount its disk), then run the same command again");
    return false;
}

std::nullopt_t LocalLocation::absent() {
    std::error_code error;
    if (is_there() && !fs::is_directory(folder_, error))
        throw Error(ErrorKind::failed, format("cannot use the repository {}", printable(folder_.native())))
            .cause("it is no folder")
            .state("nothing was changed")
            .hint("move it out of the way, or name another folder in config/dr.toml");
    return std::nullopt;
}

void LocalLocation::prepare(const fs::path& folder) {
    const std::lock_guard lock(mutex_);
    if (prepared_.contains(folder)) return;
    platform::durable_mkdir(folder, folder_mode);
    platform::remove_stale_temporaries(folder);
    prepared_.insert(folder);
}

bool LocalLocation::put(const std::string& name, base::ByteView contents) {
    const fs::path path = path_of(name);
    if (is_there() && !fs::is_directory(folder_))
        throw Error(ErrorKind::failed,
                    format("cannot store anything in {}: it is no folder", printable(folder_.native())))
            .state("nothing was changed")
            .hint("move it out of the way, or name another repository in config/dr.toml");
    try {
        prepare(path.parent_path());
        seen_ = true;
        DurableFile file(path, object_mode);
        file.append(contents);
        return file.commit(DurableFile::Existing::refuse);
    } catch (const Error&) {
        is_there();  // says more, where the whole folder went
        throw;
    }
}

std::optional<base::Bytes> LocalLocation::get(const std::string& name) {
    return get_range(name, 0, std::numeric_limits<std::uint64_t>::max());
}

std::optional<base::Bytes> LocalLocation::get_range(const std::string& name, std::uint64_t offset,
                                                    std::uint64_t size) {
    const fs::path path = path_of(name);
    const platform::Descriptor fd = open_object(path);
    if (!fd) return absent();
    seen_ = true;
    const std::uint64_t whole = platform::file_size(fd.get(), path);
    base::Bytes contents(std::min(size, whole - std::min(offset, whole)));
    contents.resize(platform::read_past_cache(fd.get(), contents, offset, path));
    return contents;
}

std::optional<std::uint64_t> LocalLocation::size_of(const std::string& name) {
    const fs::path path = path_of(name);
    const platform::Descriptor fd = open_object(path);
    if (!fd) return absent();
    seen_ = true;
    return platform::file_size(fd.get(), path);
}

std::vector<ObjectInfo> LocalLocation::list(const std::string& folder) {
    std::vector<ObjectInfo> found;
    const fs::path top = folder.empty() ? folder_ : path_of(folder);
    if (!is_there()) return found;
    try {
        if (!fs::exists(fs::symlink_status(top))) return found;
        for (const auto& entry : fs::recursive_directory_iterator(top)) {
            const std::string leaf = entry.path().filename().native();
            if (leaf.starts_with(".bt2c-tmp-") || entry.symlink_status().type() != fs::file_type::regular)
                continue;
            std::error_code gone;  // another process may remove an object while we list
            const std::uint64_t bytes = entry.file_size(gone);
            if (!gone) found.push_back({entry.path().lexically_relative(folder_).native(), bytes});
        }
    } catch (const fs::filesystem_error& error) {
        throw base::system_error(format("cannot list {}", printable(top.native())), error.code().value());
    }
    std::sort(found.begin(), found.end(),
              [](const ObjectInfo& a, const ObjectInfo& b) { return a.name < b.name; });
    return found;
}

bool LocalLocation::remove(const std::string& name) {
    return platform::durable_remove(path_of(name));
}

}  // namespace bt2c::storage::local
