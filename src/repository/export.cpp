#include "repository/export.hpp"

#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "platform/file.hpp"
#include "repository/copies.hpp"
#include "storage/archive/archive_writer.hpp"

namespace bt2c::repository {

using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

namespace {

/// An object to be written.
struct Item {
    std::string name;
    std::optional<std::pair<ObjectType, ObjectId>> sealed;  ///< what its header must say
    std::uint64_t bytes = 0;
};

class ItemList {
 public:
    explicit ItemList(storage::Location& location) : location_(location) {}

    void add_plain(const std::string& name) {
        const auto size = location_.size_of(name);
        if (!size) throw unfit(name, "it is missing");
        items.push_back({name, std::nullopt, *size});
    }

    /// @param bytes what a manifest says of its size
    void add(ObjectType type, const ObjectId& id, std::optional<std::uint64_t> bytes = {}) {
        const std::string name = object_name(type, id);
        if (!known_.insert(name).second) return;
        const auto size = bytes ? size_of_any(name, *bytes) : location_.size_of(name);
        // An index is a cache, and can be made again from the exported file.
        if (!size && type == ObjectType::index) return;
        if (!size) throw unfit(name, "it is missing");
        if (bytes && *size != *bytes)
            throw unfit(name, format("it has {} bytes where the manifest says {}", *size, *bytes));
        items.push_back({name, std::pair(type, id), *size});
    }

    static Error unfit(const std::string& name, std::string cause) {
        return Error(ErrorKind::failed, format("cannot export: object {} cannot be used", name))
            .cause(std::move(cause))
            .hint("run 'bt2c-dr repository check' to list what is damaged, and export another backup");
    }

    std::vector<Item> items;

 private:
    /// The wanted size where any copy has it, else the nearest one's.
    std::optional<std::uint64_t> size_of_any(const std::string& name, std::uint64_t wanted) {
        for (const auto& copy : location_.copies())
            if (copy->size_of(name) == wanted) return wanted;
        return location_.size_of(name);
    }

    storage::Location& location_;
    std::set<std::string> known_;
};

std::vector<Item> items_of(const Repository& repository, const Manifest& manifest) {
    storage::Location& location = repository.location();
    ItemList list(location);
    list.add_plain("format");
    for (const storage::ObjectInfo& slot : location.list("keys")) list.add_plain(slot.name);
    const auto add_backup = [&](const Manifest& backup) {
        for (const PackInfo& pack : backup.packs) list.add(ObjectType::pack, pack.id, pack.bytes);
        list.add(ObjectType::index, backup.id);
        list.add(ObjectType::manifest, backup.id);
    };
    if (manifest.parent) add_backup(repository.manifest(*manifest.parent));
    add_backup(manifest);
    return std::move(list.items);
}

void check_room(const std::vector<Item>& items, const std::filesystem::path& file) {
    std::uint64_t needed = 0;
    for (const Item& item : items) needed += item.bytes + 256;
    const std::uint64_t free = platform::free_space(file);
    if (needed > free)
        throw Error(ErrorKind::failed, format("cannot write {}: too little space", printable(file.native())))
            .cause(format("{} are needed, {} are free", base::human_size(needed), base::human_size(free)))
            .hint("make room, or name a file on another disk");
}

Bytes read_item(storage::Location& location, const Item& item) {
    return read_any_copy(location, item.name, [&](storage::Location& copy) {
        std::optional<Bytes> contents = copy.get_range(item.name, 0, item.bytes);
        if (!contents || contents->size() != item.bytes)
            throw ItemList::unfit(item.name, "it was removed or changed meanwhile");
        if (item.sealed) check_header(*contents, item.sealed->first, item.sealed->second);
        return std::move(*contents);
    });
}

}  // namespace

ExportResult export_backup(const Repository& repository, const Manifest& manifest,
                           const std::filesystem::path& file, bool replace, base::Progress& progress) {
    try {
        storage::archive::ArchiveWriter writer(file, replace);
        const std::vector<Item> items = items_of(repository, manifest);
        check_room(items, file);
        std::uint64_t total = 0;
        for (const Item& item : items) total += item.bytes;
        progress.phase("exporting", total);
        for (const Item& item : items) {
            base::throw_if_interrupted();
            const Bytes contents = read_item(repository.location(), item);
            writer.add(item.name, contents, base::to_hex(crypto::sha256(contents)));
            progress.advance(contents.size());
        }
        progress.phase("waiting for the disk", 0);
        return {writer.commit(), items.size()};
    } catch (Error& error) {
        if (error.state().empty()) error.state("no file was written");
        throw;
    }
}

}  // namespace bt2c::repository
