#include "storage/archive/archive_location.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "storage/archive/archive_format.hpp"
#include "storage/object_name.hpp"

namespace bt2c::storage::archive {

namespace fs = std::filesystem;
using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::Json;

namespace {

bool begins_as_archive(int fd, const fs::path& file) {
    Bytes head(archive_magic.size());
    return platform::read_at(fd, head, 0, file) == head.size() &&
           std::equal(head.begin(), head.end(), archive_magic.begin());
}

}  // namespace

bool ArchiveLocation::is_archive(const fs::path& file) {
    try {
        return begins_as_archive(platform::open_for_reading(file).get(), file);
    } catch (const Error&) {
        return false;
    }
}

ArchiveLocation::ArchiveLocation(fs::path file)
    : file_(std::move(file)), fd_(platform::open_for_reading(file_)) {
    if (!begins_as_archive(fd_.get(), file_))
        throw Error(ErrorKind::failed,
                    base::format("{} is no exported backup", base::printable(file_.native())))
            .cause("its first bytes are not ours");
    read_directory();
}

Error ArchiveLocation::damaged(std::string cause) const {
    return Error(ErrorKind::failed,
                 base::format("exported backup {} is damaged", base::printable(file_.native())))
        .cause(std::move(cause))
        .hint("take another copy of the file, or export the backup again with 'bt2c-dr export'");
}

void ArchiveLocation::read_directory() {
    const std::uint64_t size = platform::file_size(fd_.get(), file_);
    const auto read = [&](std::uint64_t offset, std::uint64_t count) {
        Bytes bytes(count);
        if (platform::read_at(fd_.get(), bytes, offset, file_) != count) throw damaged("it is cut off");
        return bytes;
    };
    if (size < archive_head_bytes + archive_tail_bytes) throw damaged("it is cut off");
    const Bytes version = read(archive_magic.size(), 2);
    if (base::get_be<std::uint16_t>(version.data()) != archive_version)
        throw Error(
            ErrorKind::failed,
            base::format("exported backup {} has format version {}, which this program does not know",
                         base::printable(file_.native()), base::get_be<std::uint16_t>(version.data())))
            .hint("use a newer bt2c-dr");
    const Bytes tail = read(size - archive_tail_bytes, archive_tail_bytes);
    if (!std::equal(archive_end.begin(), archive_end.end(), tail.begin() + 8))
        throw damaged("it is cut off: its end mark is not there");
    const auto length = base::get_le<std::uint64_t>(tail.data());
    if (length > archive_directory_bytes_max || length > size - archive_head_bytes - archive_tail_bytes)
        throw damaged("the length of its directory cannot be");
    const std::uint64_t directory_at = size - archive_tail_bytes - length;
    std::uint64_t at = archive_head_bytes;
    try {
        const Json json = Json::parse(base::as_text(read(directory_at, length)));
        for (const Json& element : json.elements()) {
            const std::string& name = element.string_at("name");
            const Entry entry{element.unsigned_at("offset"), element.unsigned_at("bytes"),
                              element.string_at("sha256")};
            Bytes digest(32);
            if (!is_object_name(name) || !base::from_hex(entry.sha256, digest) || entry.offset != at ||
                entry.bytes > directory_at - at || !entries_.emplace(name, entry).second)
                throw Error(ErrorKind::failed, "its directory names an object that cannot be");
            at += entry.bytes;
        }
    } catch (const Error& error) {
        throw damaged(error.in_full());
    }
    if (at != directory_at) throw damaged("there is something between its objects and its directory");
}

Error ArchiveLocation::read_only(const std::string& action) const {
    return Error(ErrorKind::failed,
                 base::format("cannot {} exported backup {}", action, base::printable(file_.native())))
        .cause("an exported backup is never changed")
        .state("nothing was changed");
}

std::string ArchiveLocation::describe() const {
    return file_.native();
}

bool ArchiveLocation::put(const std::string& name, base::ByteView) {
    throw read_only(base::format("store {} in", base::printable(name)));
}

bool ArchiveLocation::remove(const std::string& name) {
    throw read_only(base::format("remove {} from", base::printable(name)));
}

std::optional<Bytes> ArchiveLocation::get(const std::string& name) {
    return get_range(name, 0, std::numeric_limits<std::uint64_t>::max());
}

std::optional<Bytes> ArchiveLocation::get_range(const std::string& name, std::uint64_t offset,
                                                std::uint64_t size) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) return std::nullopt;
    const Entry& entry = found->second;
    const std::uint64_t begin = std::min(offset, entry.bytes);
    Bytes contents(std::min(size, entry.bytes - begin));
    if (platform::read_at(fd_.get(), contents, entry.offset + begin, file_) != contents.size())
        throw damaged("it was cut off while it was read");
    return contents;
}

std::optional<Error> ArchiveLocation::known_damage(const std::string& name) {
    const auto found = entries_.find(name);
    const auto contents = get(name);
    if (!contents || std::ranges::equal(crypto::sha256(*contents), *base::from_hex(found->second.sha256)))
        return std::nullopt;
    return damaged(base::format("its object {} is not what was exported", name));
}

std::optional<std::uint64_t> ArchiveLocation::size_of(const std::string& name) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) return std::nullopt;
    return found->second.bytes;
}

std::vector<ObjectInfo> ArchiveLocation::list(const std::string& folder) {
    std::vector<ObjectInfo> found;
    for (const auto& [name, entry] : entries_)
        if (folder.empty() || name.starts_with(folder + "/")) found.push_back({name, entry.bytes});
    return found;
}

}  // namespace bt2c::storage::archive
