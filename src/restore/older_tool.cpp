#include "restore/older_tool.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/chain_tables.hpp"
#include "chaindb/sqlite/live_database.hpp"
#include "restore/lay_rows.hpp"
#include "restore/older_files.hpp"
#include "restore/older_manifest.hpp"

namespace bt2c::restore {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;
using chaindb::NetworkTip;
using chaindb::sqlite::Connection;
using chaindb::sqlite::Hold;
using chaindb::sqlite::LiveDatabase;
using repository::NetworkState;

namespace {

Error cannot_restore(const fs::path& path, std::string cause) {
    return Error(ErrorKind::failed, format("cannot restore from {}", printable(path.native())))
        .cause(std::move(cause))
        .hint("bring the older tool's backup folder together again, or restore another backup");
}

fs::path beside(const OlderManifest& manifest, const std::string& name) {
    return manifest.file.parent_path() / name;
}

fs::path database_of(const OlderManifest& manifest) {
    fs::path path = beside(manifest, manifest.database);
    std::error_code ignored;
    if (!fs::exists(path, ignored))
        throw cannot_restore(manifest.file,
                             format("its database {} is not beside it", printable(manifest.database)));
    return path;
}

/// Calls `use` with a connection to a database of which nothing is changed.
template <typename Use>
void read_database(const fs::path& path, Use use) {
    const auto live = LiveDatabase::open(path);
    live->begin_pass(Hold::whole);
    {
        Connection connection = Connection::open_image(live->image());
        use(connection);
    }
    if (!live->end_pass())
        throw Error(ErrorKind::busy,
                    format("cannot restore from {}: it changed while it was read", printable(path.native())));
}

std::vector<NetworkTip> tips_of(const fs::path& path) {
    std::vector<NetworkTip> tips;
    read_database(path, [&](Connection& connection) { tips = chaindb::network_tips(connection); });
    return tips;
}

std::int64_t highest(const std::vector<NetworkState>& networks) {
    std::int64_t height = -1;
    for (const NetworkState& state : networks) height = std::max(height, state.height);
    return height;
}

/// Whether the manifest tells the truth about the heights in its database.
void check_heights(const OlderManifest& layer, const std::vector<NetworkTip>& tips) {
    if (layer.end_height < layer.start_height && tips.empty()) return;
    const std::string told =
        format("its manifest says heights {} to {}", layer.start_height, layer.end_height);
    const fs::path path = beside(layer, layer.database);
    if (tips.empty()) throw cannot_restore(path, told + ", and it holds no block");
    std::int64_t first = tips[0].first_height;
    std::int64_t last = tips[0].height;
    for (const NetworkTip& tip : tips) {
        first = std::min(first, tip.first_height);
        last = std::max(last, tip.height);
        if (tips.size() == 1 && tip.blocks != tip.height - tip.first_height + 1)
            throw cannot_restore(path, format("it holds {} blocks for the heights {} to {}", tip.blocks,
                                              tip.first_height, tip.height));
    }
    if (first > layer.start_height || last < layer.end_height)
        throw cannot_restore(path, told + format(", and it holds {} to {}", first, last));
}

/// Adds what a layer brings; throws Error when heights are missing before it.
void extend(std::vector<NetworkState>& networks, const OlderManifest& layer,
            const std::vector<NetworkTip>& tips) {
    for (const NetworkTip& tip : tips) {
        const auto known = std::find_if(networks.begin(), networks.end(), [&](const NetworkState& state) {
            return state.network == tip.network;
        });
        if (known == networks.end()) {
            networks.push_back({tip.network, tip.height, tip.tip_hash, tip.genesis_hash});
            continue;
        }
        // In tables where a height exists once, another network's blocks may stand between.
        if (tip.first_height > std::max(known->height, tips.size() > 1 ? highest(networks) : 0) + 1)
            throw cannot_restore(
                beside(layer, layer.database),
                format("the blocks of {} from height {} to {} are in none of the backups that "
                       "it builds on",
                       printable(tip.network), known->height + 1, tip.first_height - 1));
        if (tip.height < known->height) continue;
        known->height = tip.height;
        known->tip_hash = tip.tip_hash;
    }
}

/// From the base up: its incremental backups in the order in which they are laid over it.
struct Stack {
    fs::path base;
    const OlderManifest* base_manifest = nullptr;  ///< nullptr when it is missing
    std::vector<const OlderManifest*> layers;
};

/// Earlier incremental backups of the same base that reach from `height` to where `first` begins.
std::vector<const OlderManifest*> between(const OlderFolder& folder, const OlderManifest& first,
                                          std::int64_t height) {
    std::vector<const OlderManifest*> needed;
    while (height + 1 < first.start_height) {
        const OlderManifest* best = nullptr;
        for (const OlderManifest& manifest : folder.manifests)
            if (manifest.incremental && manifest.base == first.base && manifest.database != first.database &&
                manifest.start_height <= height + 1 && manifest.end_height > height &&
                manifest.end_height < first.end_height && (!best || manifest.end_height > best->end_height))
                best = &manifest;
        if (!best)
            throw cannot_restore(
                beside(first, first.database),
                format("the blocks from height {} to {} are in none of the backups beside it", height + 1,
                       first.start_height - 1));
        needed.push_back(best);
        height = best->end_height;
    }
    return needed;
}

Stack stack_of(const OlderFolder& folder, const OlderManifest& top) {
    Stack stack;
    std::set<std::string> seen;
    const OlderManifest* at = &top;
    for (;;) {
        if (!seen.insert(at->database).second)
            throw cannot_restore(top.file, "its manifests name each other as their bases");
        stack.layers.insert(stack.layers.begin(), at);
        const OlderManifest* below = folder.find(at->base);
        if (!below || !below->incremental) {
            stack.base_manifest = below;
            break;
        }
        at = below;
    }
    stack.base = beside(top, at->base);
    std::error_code ignored;
    if (!fs::exists(stack.base, ignored))
        throw cannot_restore(
            beside(top, top.database),
            format("the full backup that it builds on, {}, is not beside it", printable(at->base)));
    return stack;
}

/// Lays the layers over a base that was written into `file`.
void lay_over(platform::DurableFile& file, const std::vector<fs::path>& layers, base::Progress& progress) {
    // A database in WAL mode gets a log beside it as soon as it is opened. The mode stands in two bytes
    // of the header; while they say otherwise, no file but this one is written.
    constexpr std::uint64_t mode_offset = 18;
    base::Bytes mode(2);
    platform::read_at(file.fd(), mode, mode_offset, file.temporary());
    file.write_at(base::Bytes{1, 1}, mode_offset);
    {
        Connection staged = Connection::open(file.temporary(), Connection::Mode::read_write);
        // The caller syncs the whole file, and discards it when anything fails.
        staged.execute("PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=OFF");
        if (staged.query_text("PRAGMA journal_mode=MEMORY") != "memory")
            throw Error(ErrorKind::failed, "cannot keep the journal of the staged database in memory");
        progress.items_phase("adding the rows of incremental backups", layers.size());
        for (const fs::path& layer : layers) {
            read_database(layer, [&](Connection& connection) { lay_rows(staged, connection); });
            progress.advance(1);
        }
    }
    file.write_at(mode, mode_offset);
}

void add_files(RestoreSource& source, const OlderManifest* manifest) {
    if (!manifest) return;
    for (const auto& [name, part] : {std::pair(manifest->config, "config"), {manifest->keys, "keys"}}) {
        if (name.empty()) continue;
        std::vector<FileSource> files = files_of_older_copy(beside(*manifest, name), part);
        std::move(files.begin(), files.end(), std::back_inserter(source.files));
    }
}

RestoreSource source_of_stack(const OlderFolder& folder, const OlderManifest& top) {
    const Stack stack = stack_of(folder, top);
    RestoreSource source = source_of_database(stack.base);
    source.name = printable(database_of(top).native());
    std::vector<const OlderManifest*> layers =
        between(folder, *stack.layers.front(), highest(source.networks));
    layers.insert(layers.end(), stack.layers.begin(), stack.layers.end());
    std::vector<fs::path> paths;
    for (const OlderManifest* layer : layers) {
        paths.push_back(database_of(*layer));
        const std::vector<NetworkTip> tips = tips_of(paths.back());
        check_heights(*layer, tips);
        extend(source.networks, *layer, tips);
        source.database->bytes += fs::file_size(paths.back());
    }
    source.database->write = [write_base = source.database->write, paths](platform::DurableFile& file,
                                                                          base::Progress& progress) {
        write_base(file, progress);
        lay_over(file, paths, progress);
    };
    add_files(source, stack.base_manifest);
    return source;
}

}  // namespace

std::optional<RestoreSource> source_of_older_backup(const fs::path& path) {
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) return std::nullopt;
    const std::string name = path.filename().native();
    OlderFolder folder = read_older_folder(fs::absolute(path).parent_path());
    const OlderManifest* manifest = nullptr;
    if (is_manifest_name(name)) {
        // Read by itself, so that damage in it is told.
        manifest = folder.find(read_older_manifest(fs::absolute(path)).database);
    } else {
        manifest = folder.find(name);
    }
    if (!manifest) {
        // Only a manifest tells what an incremental backup builds on; alone it is no chain.
        if (name.starts_with("bt2c_backup_incremental_"))
            throw cannot_restore(path, folder.damaged.empty()
                                           ? "it holds a part of a chain, and its manifest is not beside it"
                                           : format("it holds a part of a chain, and {} beside it is damaged",
                                                    printable(folder.damaged[0].native())));
        // bt2c_backup_full_STAMP.db and backup_manifest_STAMP.json
        for (const fs::path& damaged : folder.damaged) {
            const std::string stem = damaged.stem().native().substr(std::string("backup_manifest_").size());
            if (!stem.empty() && path.stem().native().ends_with("_" + stem)) read_older_manifest(damaged);
        }
        return std::nullopt;
    }
    if (manifest->incremental) return source_of_stack(folder, *manifest);
    RestoreSource source = source_of_database(database_of(*manifest));
    add_files(source, manifest);
    return source;
}

}  // namespace bt2c::restore
