// Makes a node's home with a repository of many backups, as a year of the usual schedule leaves them: a full
// one each day and incremental ones each hour. Packs are a few bytes only; manifests are of the usual size.
//
//   bt2c-bench-many HOME COUNT

#include <iostream>
#include <string>

#include "base/error.hpp"
#include "config/home.hpp"
#include "platform/file.hpp"
#include "repository/repository.hpp"
#include "storage/local/local_location.hpp"

namespace bt2c {
namespace {

using repository::BackupType;
using repository::Manifest;
using repository::ObjectId;

constexpr base::UnixMs hour_ms = 3'600'000;
constexpr int hours_per_day = 24, packs_per_full = 50, files = 12;
constexpr std::size_t pack_bytes = 100, key_bytes = 32;

Manifest manifest_of(int number, base::UnixMs made_at) {
    Manifest manifest;
    manifest.id = ObjectId::random();
    manifest.sequence = static_cast<std::uint64_t>(number) + 1;
    manifest.program = "bench";
    manifest.started_at = made_at - 3000;
    manifest.finished_at = made_at;
    manifest.networks = {{"mainnet", 1000 + number * 12, std::string(64, 'a'), std::string(64, 'b')}};
    manifest.image = repository::ImageInfo{4096, 385'000, 64, 6016, std::string(64, 'c'), "wal"};
    for (int i = 0; i < files; ++i) {
        repository::FileEntry file;
        file.path = "config/file-" + std::to_string(i) + ".json";
        file.bytes = 1000;
        file.pieces = {{0, static_cast<std::uint32_t>(i)}};
        manifest.files.push_back(file);
    }
    return manifest;
}

void make(const config::Home& home, int count) {
    const std::string digits(2 * key_bytes, '7');
    platform::durable_mkdir(home.root, 0700);
    platform::durable_mkdir(home.config(), 0700);
    platform::durable_mkdir(home.backups(), 0700);
    platform::write_durably(home.key_file(), base::as_bytes(digits + "\n"), 0600);
    const auto location = std::make_shared<storage::local::LocalLocation>(home.default_repository());
    std::vector<repository::Repository::LabelledSecret> secrets;
    secrets.push_back(
        {{repository::SlotKind::key_file, crypto::SecretBytes::copy_of(base::Bytes(key_bytes, 0x77))},
         "bench"});
    const auto repository = repository::Repository::init(location, secrets);
    const base::UnixMs first = base::now_unix_ms() - count * hour_ms;
    std::optional<Manifest> full, sibling;
    for (int i = 0; i < count; ++i) {
        Manifest manifest = manifest_of(i, first + i * hour_ms);
        const bool is_full = i % hours_per_day == 0;
        if (!is_full) {
            manifest.type = BackupType::incremental;
            manifest.parent = full->id;
            if (sibling) manifest.packs = sibling->packs;
        }
        for (int p = 0; p < (is_full ? packs_per_full : 1); ++p) {
            const ObjectId id = ObjectId::random();
            if (!location->put(object_name(repository::ObjectType::pack, id), base::Bytes(pack_bytes, 1)))
                throw base::Error(base::ErrorKind::failed, "a name is taken");
            manifest.packs.push_back({id, manifest.id, pack_bytes});
        }
        manifest.stored_bytes = manifest.packs.size() * pack_bytes;
        repository.store_backup(manifest, {});
        (is_full ? full : sibling) = manifest;
        if (is_full) sibling.reset();
    }
}

}  // namespace
}  // namespace bt2c

int main(int count, char** arguments) {
    if (count != 3) {
        std::cerr << "usage: bt2c-bench-many HOME COUNT\n";
        return 2;
    }
    try {
        bt2c::make(bt2c::config::Home{arguments[1]}, std::stoi(arguments[2]));
    } catch (const bt2c::base::Error& error) {
        std::cerr << error.message() << ": " << error.cause() << "\n";
        return 1;
    }
}
