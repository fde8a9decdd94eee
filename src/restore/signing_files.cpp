#include "restore/signing_files.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "keys/signing_state.hpp"
#include "platform/file.hpp"

namespace bt2c::restore {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;

namespace {

constexpr std::uint64_t watermark_bytes_max = 4096;

void merge_watermark(const FileSource& file, const config::Home& home, std::vector<std::string>& kept) {
    const std::string name = base::printable(file.entry.path);
    if (file.entry.bytes > watermark_bytes_max || file.entry.bytes == 0) {
        kept.push_back(base::format("{} (the backup's is no watermark)", name));
        return;
    }
    try {
        const base::Bytes contents = file.read_piece(0);
        const keys::Watermark mark = keys::parse_watermark(base::as_text(contents));
        keys::raise_watermark(home, mark.identity, mark.height);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        kept.push_back(base::format("{} ({})", name, error.message()));
    }
}

}  // namespace

bool is_signing_file(const FileSource& file) {
    const fs::path path(file.entry.path);
    return !path.empty() && *path.begin() == "network";
}

bool is_beginning_of(const FileSource& file, const fs::path& path) {
    const platform::Descriptor fd = platform::open_for_reading(path, false);
    const std::uint64_t size = fs::file_size(path);
    if (size > file.entry.bytes) return false;
    std::uint64_t offset = 0;
    base::Bytes here;
    for (std::uint64_t piece = 0; offset < size; ++piece) {
        const base::Bytes there = file.read_piece(piece);
        here.resize(std::min<std::uint64_t>(there.size(), size - offset));
        if (here.empty() || platform::read_at(fd.get(), here, offset, path) != here.size() ||
            !std::equal(here.begin(), here.end(), there.begin()))
            return false;
        offset += here.size();
    }
    return true;
}

bool takes_its_place(const FileSource& file, const config::Home& home, std::vector<std::string>& kept) {
    const fs::path path = home.root / file.entry.path;
    if (fs::symlink_status(path).type() == fs::file_type::not_found) {
        if (file.entry.kind != repository::FileKind::link) return true;
        // What is signed and obeyed from now on would be written where the source says.
        kept.push_back(
            base::format("{} (it is a symbolic link: a node's signing state is never placed as one)",
                         base::printable(file.entry.path)));
        return false;
    }
    if (file.entry.kind != repository::FileKind::file) return false;
    const std::string name = path.filename();
    if (name.starts_with("watermark-")) {
        merge_watermark(file, home, kept);
    } else if (name == "audit.jsonl") {
        if (is_beginning_of(file, path)) return true;
        kept.push_back(base::format("{} (the home's log says more)", base::printable(file.entry.path)));
    }
    return false;
}

}  // namespace bt2c::restore
