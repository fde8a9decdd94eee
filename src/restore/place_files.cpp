#include "restore/place_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <functional>
#include <map>
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

std::array<timespec, 2> times_of(const FileEntry& entry) {
    constexpr std::int64_t second_ns = 1'000'000'000;
    const std::int64_t ns = ((entry.mtime_ns % second_ns) + second_ns) % second_ns;
    return {timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
            timespec{.tv_sec = (entry.mtime_ns - ns) / second_ns, .tv_nsec = ns}};
}

/// The folders of a home, opened one by one from its root, none of them through a symbolic link: whatever
/// the paths of a source lead to by now, nothing outside of the home is reached.
class Folders {
 public:
    explicit Folders(const fs::path& root) : root_(root) {
        platform::durable_mkdir(root, 0700);
        opened_root_ = platform::Descriptor(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!opened_root_)
            throw base::system_error(format("cannot open folder {}", printable(root.native())), errno);
    }
    /// Makes what is missing; open until the next one is asked for. Goes on from what the one before has in
    /// common with it: in a deep tree each way from the root would be long.
    int open(const fs::path& relative) {
        fs::path at = root_;
        auto name = relative.begin();
        std::size_t common = 0;
        for (; common < way_.size() && name != relative.end() && way_[common].name == *name; ++name) {
            at /= *name;
            ++common;
        }
        way_.resize(common);
        if (!way_.empty() && !way_.back().folder) {  // closed since
            way_.clear();
            at = root_;
            name = relative.begin();
        }
        for (; name != relative.end(); ++name) {
            at /= *name;
            way_.push_back({*name, platform::durable_folder_in(last(), at, 0700)});
            if (way_.size() > open_max) way_[way_.size() - 1 - open_max].folder.reset();
        }
        return last();
    }

 private:
    /// A process may have few files open, and a tree be deeper than that.
    static constexpr std::size_t open_max = 64;
    struct Level {
        fs::path name;
        platform::Descriptor folder;
    };
    int last() const { return way_.empty() ? opened_root_.get() : way_.back().folder.get(); }

    fs::path root_;
    platform::Descriptor opened_root_;
    std::vector<Level> way_;  ///< to the one that was asked for last
};

void place_link(const FileEntry& entry, int folder, const fs::path& path) {
    const std::string name = format(".bt2c-tmp-{}-link", ::getpid());
    ::unlinkat(folder, name.c_str(), 0);
    if (::symlinkat(entry.target.c_str(), folder, name.c_str()) != 0)
        throw base::system_error(format("cannot restore {}", printable(entry.path)), errno);
    // Owner and time of a link are a nicety.
    if (::geteuid() == 0) ::fchownat(folder, name.c_str(), entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW);
    ::utimensat(folder, name.c_str(), times_of(entry).data(), AT_SYMLINK_NOFOLLOW);
    platform::durable_rename_in(folder, path.parent_path() / name, path);
}

void place_file(const FileSource& source, int folder, const fs::path& path) {
    const FileEntry& entry = source.entry;
    platform::DurableFile file(folder, path, 0600);
    for (std::uint64_t piece = 0; piece < entry.pieces.size() || (piece == 0 && entry.bytes > 0); ++piece) {
        const base::Bytes bytes = source.read_piece(piece);
        file.append(bytes);
        if (entry.pieces.empty()) break;
    }
    set_owner(file.fd(), entry.uid, entry.gid);
    if (::fchmod(file.fd(), plain_mode(entry.mode)) != 0)
        throw base::system_error(format("cannot set the mode of {}", printable(entry.path)), errno);
    file.set_times(entry.mtime_ns);
    file.commit(platform::DurableFile::Existing::replace);
}

void finish_folder(const FileEntry& entry, int folder) {
    set_owner(folder, entry.uid, entry.gid);
    // The group that new files get, and who may remove them, stay the folder's.
    if (::fchmod(folder, entry.mode & (plain_mode(entry.mode) | S_ISGID | S_ISVTX)) != 0)
        throw base::system_error(format("cannot set the mode of {}", printable(entry.path)), errno);
    ::futimens(folder, times_of(entry).data());  // the time of a folder is a nicety
    ::fsync(folder);
}

/// A link that leads nowhere is there too.
bool is_there(const fs::path& path) {
    return fs::symlink_status(path).type() != fs::file_type::not_found;
}

/// In bytes, of the file system that the home is on or comes to be on.
std::size_t longest_name(fs::path at) {
    std::error_code unknown;
    while (!fs::exists(at, unknown) && at.has_relative_path()) at = at.parent_path();
    const long longest = ::pathconf(at.c_str(), _PC_NAME_MAX);
    return longest > 0 ? static_cast<std::size_t>(longest) : NAME_MAX;
}

/// Whether it is what is there, but for modes, owners and times.
bool is_same(const FileSource& file, const fs::path& path) {
    const fs::file_type type = fs::symlink_status(path).type();
    if (file.entry.kind == FileKind::link)
        return type == fs::file_type::symlink && fs::read_symlink(path) == file.entry.target;
    return type == fs::file_type::regular && fs::file_size(path) == file.entry.bytes &&
           is_beginning_of(file, path);
}

/// Which of the two keys a home had before anything was placed.
struct KeysBefore {
    bool key, write_key;
};

/// Why a key file of the source is not to be placed; empty for all other files. Another one than the home
/// has could lock the operator out of the repository that is in use, or its node out of making backups. One
/// that opens the repository must not come back to a node that is to write backups and not read them; nor a
/// write key to a home that reads them: its jobs would test and prune no more.
std::string_view guard_of_keys(const FileSource& source, const config::Home& home, KeysBefore before) {
    const fs::path path = home.root / source.entry.path;
    if (source.entry.kind == FileKind::folder) return {};  // it replaces no file, see check_places()
    if (path != home.key_file() && path != home.write_key_file()) return {};
    if (!is_there(path)) {
        if (path == home.key_file())
            return before.write_key ? "this node writes backups and is not to read them" : "";
        return before.key ? "this home reads backups with its key file, and with a write key would not" : "";
    }
    if (is_same(source, path)) return {};
    return path == home.key_file() ? "it opens the repository that is in use"
                                   : "it makes the backups of this node";
}

}  // namespace

unsigned plain_mode(std::uint32_t mode) {
    return mode & 0777U;
}

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
        if (!repository::is_plain_path(file.entry.path) || (!of_config && !of_keys && !is_signing_file(file)))
            throw Error(ErrorKind::failed,
                        format("cannot restore from {}: it names a file outside of the node's "
                               "folders, {}",
                               source.name, printable(file.entry.path)));
        if ((of_config && config) || (of_keys && keys) || is_signing_file(file)) selected.push_back(&file);
    }
    return selected;
}

void check_places(const std::vector<const FileSource*>& files, const config::Home& home) {
    const std::size_t name_max = longest_name(home.root);
    for (const FileSource* file : files) {
        const fs::path relative(file->entry.path);
        if (std::ranges::any_of(relative,
                                [&](const auto& name) { return name.native().size() > name_max; }) ||
            (home.root / relative).native().size() >= PATH_MAX)
            throw Error(ErrorKind::failed, format("cannot restore {}", printable(file->entry.path)))
                .cause("its name, or its path, is too long for the place that it goes to")
                .state("nothing was changed in the node's home")
                .hint(
                    "restore with --target into a folder with a shorter path or of another file system, or "
                    "with --only the parts without it");
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
    if (!is_there(path)) return nullptr;
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
    const KeysBefore before{is_there(home.key_file()), is_there(home.write_key_file())};
    Folders folders(home.root);
    const auto place = [&](const FileSource& file) {
        const fs::path relative(file.entry.path);
        fs::path path = home.root / relative;
        if (beside && path == settings_beside(home)) return;  // one of an earlier restore: its name is taken
        if (beside && file.entry.path == beside->entry.path) {
            path = settings_beside(home);
            kept.push_back(format("{} (it says where this home's backups are; the backup's is beside it, {})",
                                  printable(file.entry.path), printable(path.filename().native())));
        }
        const int folder = folders.open(relative.parent_path());
        if (cleaned.insert(path.parent_path()).second) platform::remove_stale_temporaries(path.parent_path());
        if (is_signing_file(file) && !takes_its_place(file, home, kept)) return;
        if (const auto guard = guard_of_keys(file, home, before); !guard.empty()) {
            kept.push_back(format("{} ({})", printable(file.entry.path), guard));
            return;
        }
        switch (file.entry.kind) {
            case FileKind::folder: platform::durable_folder_in(folder, path, 0700); break;
            case FileKind::link: place_link(file.entry, folder, path); break;
            case FileKind::file: place_file(file, folder, path); break;
        }
    };
    for (const bool links : {false, true})  // last: nothing is looked at through one of the source's own
        for (const FileSource* file : files) {
            if ((file->entry.kind == FileKind::link) != links) continue;
            place(*file);
            progress.advance(1);
        }
    // Folders last and from the inside out, in whatever order the source has them, so that modes without
    // write permission do no harm.
    std::map<fs::path, const FileEntry*, std::greater<>> by_depth;
    for (const FileSource* file : files)
        if (file->entry.kind == FileKind::folder) by_depth.emplace(file->entry.path, &file->entry);
    for (const auto& [path, entry] : by_depth) finish_folder(*entry, folders.open(path));
    return kept;
}

}  // namespace bt2c::restore
