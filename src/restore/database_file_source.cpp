#include <sys/stat.h>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "chaindb/chain_tables.hpp"
#include "chaindb/sqlite/live_database.hpp"
#include "restore/source.hpp"

namespace bt2c::restore {

using chaindb::sqlite::Hold;
using chaindb::sqlite::LiveDatabase;

namespace {

constexpr std::uint64_t unit_bytes = 1U << 20;

void copy_database(const std::filesystem::path& path, platform::DurableFile& file, base::Progress& progress) {
    const auto live = LiveDatabase::open(path);
    const chaindb::ImageShape shape = live->begin_pass(Hold::whole);
    progress.phase("copying the database", shape.bytes());
    file.allocate(shape.bytes());
    const std::uint64_t units = (shape.bytes() + unit_bytes - 1) / unit_bytes;
    base::ordered_parallel(
        base::worker_count(), units,
        [&](std::uint64_t unit) {
            base::Bytes bytes(std::min(unit_bytes, shape.bytes() - unit * unit_bytes));
            live->read(static_cast<std::uint32_t>(unit * unit_bytes / shape.page_size) + 1, bytes);
            file.write_at(bytes, unit * unit_bytes);
            file.start_writeback(unit * unit_bytes, bytes.size());
            return bytes.size();
        },
        [&](std::uint64_t, std::size_t size) { progress.advance(size); });
    if (!live->end_pass())
        throw base::Error(base::ErrorKind::busy,
                          base::format("cannot restore from {}: it changed while it was read",
                                       base::printable(path.native())));
}

RestoreSource open_source(const std::filesystem::path& path, const struct stat& info) {
    RestoreSource source;
    source.name = base::printable(path.native());
    const auto live = LiveDatabase::open(path);
    const chaindb::ImageShape shape = live->begin_pass(Hold::whole);
    auto database = chaindb::sqlite::Connection::open_image(live->image());
    for (const chaindb::NetworkTip& tip : chaindb::network_tips(database))
        source.networks.push_back({tip.network, tip.height, tip.tip_hash, tip.genesis_hash});
    source.database.emplace();
    source.database->bytes = shape.bytes();
    source.database->mode = info.st_mode & 07777U;
    source.database->uid = info.st_uid;
    source.database->gid = info.st_gid;
    source.database->write = [path](platform::DurableFile& file, base::Progress& progress) {
        copy_database(path, file, progress);
    };
    return source;
}

}  // namespace

RestoreSource source_of_database(const std::filesystem::path& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0)
        throw base::system_error(base::format("cannot restore from {}", base::printable(path.native())),
                                 errno)
            .state("nothing was changed in the node's home")
            .hint("name a file that is there, or restore from the repository with --backup");
    try {
        return open_source(path, info);
    } catch (base::Error& error) {
        if (error.state().empty()) error.state("nothing was changed in the node's home");
        throw;
    }
}

}  // namespace bt2c::restore
