#include "backup/node_files.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <limits>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "platform/file.hpp"
#include "repository/compression.hpp"

namespace bt2c::backup {

namespace fs = std::filesystem;
using base::Bytes;
using base::format;
using base::printable;
using repository::BlobKind;
using repository::FileEntry;
using repository::FileKind;

namespace {

constexpr int file_compression_level = 3;
constexpr int readings_max = 3;
constexpr const char* stored_folders[] = {"config", "keys", "wallets", "network"};

struct stat status_of(const fs::path& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0)
        throw base::system_error(format("cannot back up {}", printable(path.native())), errno);
    return info;
}

/// Times beyond 1677 to 2262, which do not fit, are the last that does.
std::int64_t mtime_ns(const struct stat& info) {
    constexpr std::int64_t second_ns = 1'000'000'000;
    constexpr std::int64_t seconds_max = std::numeric_limits<std::int64_t>::max() / second_ns - 1;
    return std::clamp(std::int64_t{info.st_mtim.tv_sec}, -seconds_max, seconds_max) * second_ns +
           info.st_mtim.tv_nsec;
}

bool same_state(const struct stat& a, const struct stat& b) {
    return a.st_ino == b.st_ino && a.st_size == b.st_size && mtime_ns(a) == mtime_ns(b) &&
           a.st_ctim.tv_sec == b.st_ctim.tv_sec && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

class FileStore {
 public:
    FileStore(const fs::path& home, repository::PackWriter& packs, const repository::RepositoryKeys& keys,
              const repository::Manifest* before, PackNumbers* numbers, base::Progress& progress)
        : home_(home),
          packs_(packs),
          hasher_(keys.hasher()),
          before_(before),
          numbers_(numbers),
          progress_(progress) {}

    void add_tree(const fs::path& path) {
        base::throw_if_interrupted();
        const struct stat info = status_of(path);
        FileEntry entry;
        entry.path = path.lexically_relative(home_).native();
        entry.mode = info.st_mode & 07777;
        entry.uid = info.st_uid;
        entry.gid = info.st_gid;
        entry.mtime_ns = mtime_ns(info);
        if (S_ISDIR(info.st_mode)) {
            entry.kind = FileKind::folder;
            entries.push_back(entry);
            for (const fs::path& child : children(path)) add_tree(child);
        } else if (S_ISLNK(info.st_mode)) {
            entry.kind = FileKind::link;
            entry.target = fs::read_symlink(path).native();
            if (leads_out(path))
                progress_.note(format(
                    "warning: {} is a symbolic link to {}: the link is stored, what it leads to is not",
                    printable(entry.path), printable(entry.target)));
            entries.push_back(std::move(entry));
        } else if (S_ISREG(info.st_mode)) {
            add_file(path, std::move(entry));
        } else {
            progress_.note(format("left out {}: it is neither file, folder nor link", printable(entry.path)));
        }
    }

    std::vector<FileEntry> entries;

 private:
    /// Whether there is something at the link's end that no backup of this home holds.
    bool leads_out(const fs::path& link) const {
        std::error_code error;
        const fs::path end = fs::canonical(link, error).lexically_relative(fs::canonical(home_));
        return !error && std::none_of(std::begin(stored_folders), std::end(stored_folders),
                                      [&](const char* folder) { return *end.begin() == folder; });
    }

    static std::vector<fs::path> children(const fs::path& folder) {
        std::vector<fs::path> found;
        try {
            for (const auto& child : fs::directory_iterator(folder))
                if (!child.path().filename().native().starts_with(".bt2c-tmp-"))
                    found.push_back(child.path());
        } catch (const fs::filesystem_error& error) {
            throw base::Error(base::ErrorKind::failed,
                              format("cannot back up {}", printable(folder.native())))
                .cause(error.code().message());
        }
        std::sort(found.begin(), found.end());
        // Of some file systems a listing tells a file twice that is replaced meanwhile.
        found.erase(std::unique(found.begin(), found.end()), found.end());
        return found;
    }

    void add_file(const fs::path& path, FileEntry entry) {
        for (int reading = 1;; ++reading) {
            const platform::Descriptor fd = platform::open_for_reading(path, false);
            struct stat at_first {};
            ::fstat(fd.get(), &at_first);
            read_contents(fd.get(), path, entry);
            struct stat at_last {};
            ::fstat(fd.get(), &at_last);
            if (same_state(at_first, at_last)) {
                entry.mtime_ns = mtime_ns(at_last);
                break;
            }
            if (reading == readings_max) {
                progress_.note(format("{} changed while it was read, {} times; it is stored as last read",
                                      printable(entry.path), readings_max));
                break;
            }
        }
        entries.push_back(std::move(entry));
    }

    void read_contents(int fd, const fs::path& path, FileEntry& entry) {
        if (const FileEntry* known = find_before(entry.path)) {
            read_pieces(fd, path, entry, [](base::ByteView) {});
            if (known->content_id == entry.content_id && known->bytes == entry.bytes) {
                entry.pieces.clear();
                for (const auto& reference : known->pieces)
                    entry.pieces.push_back(numbers_->foreign(before_->packs, reference));
                return;
            }
        }
        // Size and id are those of the very bytes that are stored, since another reading may find others.
        entry.pieces.clear();
        read_pieces(fd, path, entry, [&](base::ByteView piece) {
            Bytes payload;
            repository::compress_payload(piece, file_compression_level, payload);
            entry.pieces.push_back(
                packs_.add(BlobKind::file_piece, payload, static_cast<std::uint32_t>(piece.size())));
        });
    }

    /// Gives each piece to `use`, and the entry the size and content id of what was read.
    template <typename Use>
    void read_pieces(int fd, const fs::path& path, FileEntry& entry, Use use) {
        entry.bytes = 0;
        Bytes ids;
        Bytes buffer(repository::file_piece_bytes);
        for (std::size_t got = buffer.size(); got == buffer.size(); entry.bytes += got) {
            base::throw_if_interrupted();
            got = platform::read_at(fd, buffer, entry.bytes, path);
            if (got == 0) break;
            const base::ByteView piece = base::ByteView(buffer).first(got);
            const repository::ContentId id = hasher_(piece);
            ids.insert(ids.end(), id.begin(), id.end());
            use(piece);
        }
        if (ids.size() == sizeof(repository::ContentId))
            std::copy(ids.begin(), ids.end(), entry.content_id.begin());
        else
            entry.content_id = hasher_(ids);
    }

    const FileEntry* find_before(const std::string& path) const {
        if (!before_) return nullptr;
        for (const FileEntry& entry : before_->files)
            if (entry.path == path && entry.kind == FileKind::file) return &entry;
        return nullptr;
    }

    const fs::path& home_;
    repository::PackWriter& packs_;
    crypto::ContentHasher hasher_;
    const repository::Manifest* before_;
    PackNumbers* numbers_;
    base::Progress& progress_;
};

bool same_entry(const FileEntry& a, const FileEntry& b) {
    return a.path == b.path && a.kind == b.kind && a.mode == b.mode && a.uid == b.uid && a.gid == b.gid &&
           a.bytes == b.bytes && a.content_id == b.content_id && a.target == b.target;
}

}  // namespace

CapturedFiles capture_files(const config::Home& home, repository::PackWriter& packs,
                            const repository::RepositoryKeys& keys, const repository::Manifest* before,
                            PackNumbers& numbers, base::Progress& progress) {
    FileStore store(home.root, packs, keys, before, &numbers, progress);
    for (const char* name : stored_folders)
        if (const fs::path folder = home.root / name;
            fs::symlink_status(folder).type() != fs::file_type::not_found)
            store.add_tree(folder);
    CapturedFiles captured{std::move(store.entries), true};
    if (before)
        captured.changed = !std::equal(captured.entries.begin(), captured.entries.end(),
                                       before->files.begin(), before->files.end(), same_entry);
    return captured;
}

std::vector<FileEntry> capture_raw_database(const config::Home& home, repository::PackWriter& packs,
                                            const repository::RepositoryKeys& keys,
                                            base::Progress& progress) {
    FileStore store(home.root, packs, keys, nullptr, nullptr, progress);
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
        fs::path path = home.database();
        path += suffix;
        if (fs::symlink_status(path).type() != fs::file_type::not_found) store.add_tree(path);
    }
    return std::move(store.entries);
}

}  // namespace bt2c::backup
