#include "platform/scratch_folder.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::platform {
namespace {

Descriptor open_folder(const fs::path& path) {
    return Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/// Folders that a restore gave modes without write permission are no obstacle.
void remove_tree(const fs::path& path) noexcept {
    std::error_code error;
    fs::remove_all(path, error);
    if (!error) return;
    for (auto at = fs::recursive_directory_iterator(path, error); !error && at != fs::end(at);
         at.increment(error))
        if (std::error_code ignored; at->is_directory(ignored) && !at->is_symlink(ignored))
            fs::permissions(at->path(), fs::perms::owner_all, ignored);
    fs::remove_all(path, error);
}

}  // namespace

void remove_stale_scratch(const fs::path& where, std::string_view prefix) {
    const std::string begin = std::string(prefix) + "-";
    std::error_code error;
    for (auto at = fs::directory_iterator(where, error); !error && at != fs::end(at); at.increment(error)) {
        if (!at->path().filename().native().starts_with(begin)) continue;
        const Descriptor folder = open_folder(at->path());
        if (folder && ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) remove_tree(at->path());
    }
}

ScratchFolder::ScratchFolder(const fs::path& where, std::string_view prefix) {
    remove_stale_scratch(where, prefix);
    std::string name = (where / (std::string(prefix) + "-XXXXXX")).native();
    if (!::mkdtemp(name.data()))
        throw base::system_error(
            base::format("cannot make a scratch folder in {}", base::printable(where.native())), errno);
    path_ = name;
    lock_ = open_folder(path_);
    // Somebody who looks for stale ones may have it for a moment, and then removes it.
    if (!lock_ || ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
        remove_tree(path_);
        throw base::Error(base::ErrorKind::busy,
                          base::format("cannot use the scratch folder {}", base::printable(path_.native())))
            .cause("another process took it")
            .hint("try again");
    }
}

ScratchFolder::~ScratchFolder() {
    remove_tree(path_);
}

}  // namespace bt2c::platform
