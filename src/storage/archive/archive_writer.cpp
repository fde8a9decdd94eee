#include "storage/archive/archive_writer.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "storage/archive/archive_format.hpp"
#include "storage/object_name.hpp"

namespace bt2c::storage::archive {

using base::Error;
using base::ErrorKind;

ArchiveWriter::ArchiveWriter(std::filesystem::path file, bool replace)
    : path_(std::move(file)), replace_(replace), file_(path_, 0600) {
    std::error_code ignored;
    if (!replace &&
        std::filesystem::symlink_status(path_, ignored).type() != std::filesystem::file_type::not_found)
        throw exists();
    platform::remove_stale_temporaries(std::filesystem::absolute(path_).parent_path());
    base::Bytes head(archive_magic.begin(), archive_magic.end());
    head.push_back(archive_version >> 8);
    head.push_back(archive_version & 0xFF);
    file_.append(head);
    size_ = head.size();
}

Error ArchiveWriter::exists() const {
    return Error(ErrorKind::failed,
                 base::format("cannot write {}: the file exists already", base::printable(path_.native())))
        .state("it was left as it is")
        .hint("name another file, or replace it with --force");
}

void ArchiveWriter::add(const std::string& name, base::ByteView contents, const std::string& sha256) {
    BT2C_ASSERT(sha256.size() == 64);
    if (!is_object_name(name) || !names_.insert(name).second)
        throw Error(ErrorKind::failed,
                    base::format("cannot export {}: it cannot have that name", base::printable(name)));
    file_.append(contents);
    // Written back while the next object is read, so that the sync at the end is short.
    file_.start_writeback(size_, contents.size());
    directory_.push(base::Json::object(
        {{"name", name}, {"offset", size_}, {"bytes", contents.size()}, {"sha256", sha256}}));
    size_ += contents.size();
}

std::uint64_t ArchiveWriter::commit() {
    const std::string directory = directory_.dump();
    if (directory.size() > archive_directory_bytes_max)
        throw Error(ErrorKind::failed, base::format("cannot write {}", base::printable(path_.native())))
            .cause("the backup has more objects than an exported file can hold");
    base::Bytes tail(directory.begin(), directory.end());
    base::put_le<std::uint64_t>(tail, directory.size());
    tail.insert(tail.end(), archive_end.begin(), archive_end.end());
    file_.append(tail);
    using Existing = platform::DurableFile::Existing;
    if (!file_.commit(replace_ ? Existing::replace : Existing::refuse)) throw exists();
    return size_ + tail.size();
}

}  // namespace bt2c::storage::archive
