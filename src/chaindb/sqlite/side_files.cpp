#include "chaindb/sqlite/side_files.hpp"

#include <sys/stat.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::chaindb::sqlite {

void require_plain_side_files(const std::filesystem::path& database, const std::string& cannot) {
    // SQLite puts them beside the file that a link leads to.
    std::error_code unresolved;
    const std::filesystem::path resolved = std::filesystem::canonical(database, unresolved);
    for (const char* suffix : {"-journal", "-wal", "-shm"}) {
        const std::string name = (unresolved ? database : resolved).native() + suffix;
        struct stat info {};
        // What cannot be looked at SQLite cannot open either, and says so.
        if (::stat(name.c_str(), &info) != 0 || S_ISREG(info.st_mode)) continue;
        throw base::Error(base::ErrorKind::failed, base::format("{}: its {} is not a file", cannot, suffix))
            .cause(base::format("{} is {}", base::printable(name),
                                S_ISDIR(info.st_mode) ? "a folder" : "a device, a pipe or a socket"))
            .hint("no node makes such a thing: see who did, move it away, then run the same command again");
    }
}

}  // namespace bt2c::chaindb::sqlite
