#include "restore/place_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "restore/signing_files.hpp"

namespace bt2c::restore {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;
using repository::FileEntry;
using repository::FileKind;

namespace {

bool below(const fs::path& path, const char* folder) {
    return !path.empty() && *path.begin() == folder;
}

bool is_inside(const fs::path& path) {
    return path.is_relative() && path == path.lexically_normal() &&
           std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

std::array<timespec, 2> times_of(const FileEntry& entry) {
    constexpr std::int64_t second_ns = 1'000'000'000;
    const std::int64_t ns = ((entry.mtime_ns % second_ns) + second_ns) % second_ns;
    return {timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
            timespec{.tv_sec = (entry.mtime_ns - ns) / second_ns, .tv_nsec = ns}};
}

void place_link(const FileEntry& entry, const fs::path& path) {
    const fs::path temporary = path.parent_path() / format(".bt2c-tmp-{}-link", ::getpid());
    ::unlink(temporary.c_str());
    if (::symlink(entry.target.c_str(), temporary.c_str()) != 0)
        throw base::system_error(format("cannot restore {}", printable(entry.path)), errno);
    if (::geteuid() == 0) ::lchown(temporary.c_str(), entry.uid, entry.gid);
    ::utimensat(AT_FDCWD, temporary.c_str(), times_of(entry).data(), AT_SYMLINK_NOFOLLOW);  // a nicety
    platform::durable_rename(temporary, path);
}

void place_file(const FileSource& source, const fs::path& path) {
    const FileEntry& entry = source.entry;
    platform::DurableFile file(path, 0600);
    for (std::uint64_t piece = 0; piece < entry.pieces.size() || (piece == 0 && entry.bytes > 0); ++piece) {
        const base::Bytes bytes = source.read_piece(piece);
        file.append(bytes);
        if (entry.pieces.empty()) break;
    }
    set_owner(file.fd(), entry.uid, entry.gid);
    if (::fchmod(file.fd(), entry.mode) != 0)
        throw base::system_error(format("cannot set the mode of {}", printable(entry.path)), errno);
    file.set_times(entry.mtime_ns);
    file.commit(platform::DurableFile::Existing::replace);
}

void finish_folder(const FileEntry& entry, const fs::path& path) {
    const platform::Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) throw base::system_error(format("cannot restore folder {}", printable(entry.path)), errno);
    set_owner(fd.get(), entry.uid, entry.gid);
    if (::fchmod(fd.get(), entry.mode) != 0)
        throw base::system_error(format("cannot set the mode of {}", printable(entry.path)), errno);
    ::futimens(fd.get(), times_of(entry).data());  // the time of a folder is a nicety
    ::fsync(fd.get());
}

/// Why a key file of the source is not to be placed; empty for all other files. Another one than the home
/// has could lock the operator out of the repository that is in use, or its node out of making backups; and
/// one that opens the repository must not come back to a node that is to write backups and not read them.
std::string_view guard_of_keys(const FileSource& source, const config::Home& home, bool write_only) {
    const fs::path path = home.root / source.entry.path;
    if (source.entry.kind != FileKind::file) return {};
    if (path != home.key_file() && path != home.write_key_file()) return {};
    if (!fs::exists(path))
        return write_only && path == home.key_file() ? "this node writes backups and is not to read them"
                                                     : "";
    if (source.entry.bytes <= 4096 && platform::read_file(path, 4096) == source.read_piece(0)) return {};
    return path == home.key_file() ? "it opens the repository that is in use"
                                   : "it makes the backups of this node";
}

/// Whether it is what is there, but for modes, owners and times.
bool is_same(const FileSource& file, const fs::path& path) {
    const fs::file_type type = fs::symlink_status(path).type();
    if (file.entry.kind == FileKind::link)
        return type == fs::file_type::symlink && fs::read_symlink(path) == file.entry.target;
    return type == fs::file_type::regular && fs::file_size(path) == file.entry.bytes &&
           is_beginning_of(file, path);
}

}  // namespace

void set_owner(int fd, std::uint32_t uid, std::uint32_t gid) {
    if (::geteuid() == 0 && ::fchown(fd, uid, gid) != 0)
        throw base::system_error("cannot set the owner of a restored file", errno);
}

std::vector<const FileSource*> select_files(const RestoreSource& source, bool config, bool keys) {
    std::vector<const FileSource*> selected;
    for (const FileSource& file : source.files) {
        const fs::path path(file.entry.path);
        const bool of_config = below(path, "config");
        const bool of_keys = below(path, "keys") || below(path, "wallets");
        if (!is_inside(path) || (!of_config && !of_keys && !is_signing_file(file)))
            throw Error(ErrorKind::failed,
                        format("cannot restore from {}: it names a file outside of the node's "
                               "folders, {}",
                               source.name, printable(file.entry.path)));
        if ((of_config && config) || (of_keys && keys) || is_signing_file(file)) selected.push_back(&file);
    }
    return selected;
}

void check_places(const std::vector<const FileSource*>& files, const config::Home& home) {
    for (const FileSource* file : files) {
        const fs::path relative(file->entry.path);
        fs::path at = home.root;
        for (auto part = relative.begin(); part != relative.end(); ++part) {
            at /= *part;
            const bool last = std::next(part) == relative.end();
            const fs::file_type type = fs::symlink_status(at).type();
            const bool folder_needed = !last || file->entry.kind == FileKind::folder;
            if (type == fs::file_type::not_found) break;
            if (folder_needed && type != fs::file_type::directory)
                throw Error(ErrorKind::failed, format("cannot restore {}: {} is no folder",
                                                      printable(file->entry.path), printable(at.native())))
                    .cause(type == fs::file_type::symlink
                               ? "it is a symbolic link, and a restore never follows one"
                               : "something else has its name")
                    .hint("move it out of the way and run the restore again");
            if (!folder_needed && type == fs::file_type::directory)
                throw Error(ErrorKind::failed,
                            format("cannot restore {}: a folder has its name", printable(file->entry.path)))
                    .hint("move it out of the way and run the restore again");
        }
    }
}

void check_contents(const std::vector<const FileSource*>& files, base::Progress& progress) {
    progress.phase("checking configuration, keys and wallets", files.size());
    for (const FileSource* file : files) {
        base::throw_if_interrupted();
        if (file->entry.kind == FileKind::file && file->entry.bytes > 0) file->read_piece(0);
        progress.advance(1);
    }
}

const FileSource* other_settings(const std::vector<const FileSource*>& files, const config::Home& home) {
    const fs::path path = home.settings_file();
    if (fs::symlink_status(path).type() == fs::file_type::not_found) return nullptr;
    for (const FileSource* file : files)
        if (home.root / file->entry.path == path) return is_same(*file, path) ? nullptr : file;
    return nullptr;
}

fs::path settings_beside(const config::Home& home) {
    fs::path path = home.settings_file();
    path += ".from-backup";
    return path;
}

std::vector<std::string> place_files(const std::vector<const FileSource*>& files, const config::Home& home,
                                     const FileSource* beside, base::Progress& progress) {
    progress.phase("placing configuration, keys and wallets", files.size());
    std::vector<std::string> kept;
    std::set<fs::path> cleaned;  // of what a killed restore left
    const bool write_only = fs::exists(home.write_key_file()) && !fs::exists(home.key_file());
    for (const FileSource* file : files) {
        fs::path path = home.root / file->entry.path;
        if (beside && path == settings_beside(home)) {  // one of an earlier restore: its name is taken
            progress.advance(1);
            continue;
        }
        if (file == beside) {
            path = settings_beside(home);
            kept.push_back(format("{} (it says where this home's backups are; the backup's is beside it, {})",
                                  printable(file->entry.path), printable(path.filename().native())));
        }
        platform::durable_mkdir(path.parent_path(), 0700);
        if (cleaned.insert(path.parent_path()).second) platform::remove_stale_temporaries(path.parent_path());
        if (is_signing_file(*file) && !takes_its_place(*file, home, kept)) {
            progress.advance(1);
            continue;
        }
        switch (file->entry.kind) {
            case FileKind::folder: platform::durable_mkdir(path, 0700); break;
            case FileKind::link: place_link(file->entry, path); break;
            case FileKind::file:
                if (const auto guard = guard_of_keys(*file, home, write_only); !guard.empty())
                    kept.push_back(format("{} ({})", printable(file->entry.path), guard));
                else
                    place_file(*file, path);
                break;
        }
        progress.advance(1);
    }
    // Folders last and from the inside out, so that modes without write permission do no harm.
    for (auto file = files.rbegin(); file != files.rend(); ++file)
        if ((*file)->entry.kind == FileKind::folder)
            finish_folder((*file)->entry, home.root / (*file)->entry.path);
    return kept;
}

}  // namespace bt2c::restore
