#include "scene.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "crypto/hash.hpp"
#include "repository/image_reader.hpp"
#include "restore/source.hpp"
#include "sample/append_blocks.hpp"
#include "sample/create_chain.hpp"
#include "storage/local/local_location.hpp"

namespace bt2c::fault {

using repository::Repository;
using storage::local::LocalLocation;

repository::Secret scene_secret() {
    return {repository::SlotKind::key_file, crypto::SecretBytes::copy_of(base::Bytes(32, 7))};
}

Scene::Scene() {
    fs::create_directories(home().database().parent_path());
    sample::ChainOptions options;
    options.blocks = 12;
    sample::create_chain(home().database(), options);
    folder_.write("home/config/validator.json", "{\"a\": 1}");
    folder_.write("home/keys/validator.pem", "a key");
    std::vector<Repository::LabelledSecret> secrets;
    secrets.push_back({scene_secret(), "test"});
    Repository::init(std::make_shared<LocalLocation>(repository_folder()), secrets);
}

Repository Scene::open() const {
    return Repository::open(std::make_shared<LocalLocation>(repository_folder()), scene_secret());
}

repository::Manifest Scene::back_up(repository::BackupType type) const {
    base::SilentProgress silent;
    backup::BackupRequest request;
    request.type = type;
    request.program = "test";
    return backup::make_backup(home(), open(), request, silent).manifest;
}

restore::RestoreResult Scene::restore_latest() const {
    base::SilentProgress silent;
    const Repository repository = open();
    const restore::RestoreSource source = restore::source_of_backup(repository, repository.find("latest"));
    const restore::RestoreHooks hooks{[](const chaindb::PageImage& image) {
                                          // As a proof does: it reads while the writing goes on.
                                          base::Bytes page(image.shape.page_size);
                                          for (std::uint32_t i = 1; i <= image.shape.page_count; ++i)
                                              image.read(i, page);
                                          return restore::ChainProof{true, {}, {}};
                                      },
                                      [&] { return back_up(repository::BackupType::safety).id.hex(); }};
    return restore::restore(source, home(), {}, hooks, silent);
}

void Scene::add_block() const {
    using chaindb::sqlite::Connection;
    auto connection = Connection::open(home().database(), Connection::Mode::read_write);
    sample::append_blocks(connection, 1);
}

std::size_t expect_all_backups_whole(const fs::path& folder) {
    const Repository repository = Repository::open(std::make_shared<LocalLocation>(folder), scene_secret());
    const repository::BackupList list = repository.list();
    EXPECT_TRUE(list.damaged.empty());
    for (const repository::Manifest& manifest : list.backups) {
        const repository::ImageReader reader(repository, manifest);
        crypto::ContentHasher hasher = repository.keys().hasher();
        crypto::Sha256 digest;
        base::Bytes page(reader.image().page_size);
        for (std::uint32_t number = 1; number <= reader.image().page_count; ++number) {
            reader.read_pages(number, page);
            digest.update(hasher(page));
        }
        EXPECT_EQ(base::to_hex(digest.finish()), reader.image().digest) << manifest.id.hex();
        for (const restore::FileSource& file : restore::source_of_backup(repository, manifest).files)
            if (file.entry.kind == repository::FileKind::file && file.entry.bytes > 0) file.read_piece(0);
    }
    return list.backups.size();
}

}  // namespace bt2c::fault
