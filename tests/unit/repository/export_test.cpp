#include "repository/export.hpp"

#include "storage/archive/archive_location.hpp"
#include "unit/repository/fixture.hpp"

namespace bt2c::repository {
namespace {

using storage::archive::ArchiveLocation;
namespace fs = std::filesystem;
using test::error_of;

class Export : public testing::Test {
 protected:
    Export() {
        full = node.back_up(BackupType::full);
        node.grow(3);
        first = node.back_up(BackupType::incremental);
        node.grow(3);
        second = node.back_up(BackupType::incremental);
    }
    ExportResult run(const Manifest& manifest, bool replace = false) {
        return export_backup(node.repository, manifest, target, replace, progress);
    }

    test::BackedUpHome node;
    base::SilentProgress progress;
    Manifest full, first, second;
    fs::path target = node.folder / "out" / "backup.bt2c";
};

TEST_F(Export, HoldsAllThatTheBackupNeedsAndOpensWithTheSameSecret) {
    fs::create_directories(target.parent_path());
    const ExportResult result = run(second);
    EXPECT_EQ(result.bytes, fs::file_size(target));
    const auto archive = std::make_shared<ArchiveLocation>(target);
    EXPECT_EQ(result.objects, archive->list("").size());
    EXPECT_EQ(archive->list("manifests").size(), 2U);
    const Repository opened = Repository::open(archive, test::key_secret());
    const Manifest manifest = opened.find("latest");
    EXPECT_EQ(manifest.id, second.id);
    EXPECT_EQ(test::image_of(opened, manifest), test::image_of(node.repository, second));
    // The second incremental refers to a page that only the first one's pack holds.
    EXPECT_GT(second.packs.size(), 1U);
}

TEST_F(Export, OfAFullBackupHoldsNoOther) {
    fs::create_directories(target.parent_path());
    run(full);
    ArchiveLocation archive(target);
    EXPECT_EQ(archive.list("manifests").size(), 1U);
    EXPECT_EQ(archive.list("packs").size(), full.packs.size());
    EXPECT_EQ(archive.get("format"), node.location->get("format"));
    for (const auto& [name, entry] : archive.entries())
        EXPECT_EQ(entry.sha256, base::to_hex(crypto::sha256(*node.location->get(name)))) << name;
}

TEST_F(Export, RefusesWhatIsMissingOrCutOff) {
    fs::create_directories(target.parent_path());
    const fs::path pack = node.file(ObjectType::pack, full.packs.at(0).id);
    const std::string contents = support::file_text(pack);
    test::truncate(pack, contents.size() - 1);
    EXPECT_NE(error_of([&] { run(second); }).cause().find("bytes where the manifest says"),
              std::string::npos);
    fs::remove(pack);
    const base::Error missing = error_of([&] { run(second); });
    EXPECT_NE(missing.cause().find("missing"), std::string::npos);
    EXPECT_EQ(missing.state(), "no file was written");
    EXPECT_TRUE(fs::is_empty(target.parent_path()));
}

TEST_F(Export, RefusesAnObjectInTheOthersPlace) {
    fs::create_directories(target.parent_path());
    const fs::path manifest = node.file(ObjectType::manifest, full.id);
    test::overwrite(manifest, support::file_text(node.file(ObjectType::index, full.id)));
    EXPECT_THROW(run(full), base::Error);
    EXPECT_TRUE(fs::is_empty(target.parent_path()));
}

TEST_F(Export, DoesNotNeedTheIndex) {
    fs::create_directories(target.parent_path());
    fs::remove(node.file(ObjectType::index, full.id));
    run(full);
    const Repository opened = Repository::open(std::make_shared<ArchiveLocation>(target), test::key_secret());
    EXPECT_EQ(test::image_of(opened, full), test::image_of(node.repository, full));
}

TEST_F(Export, NeedsAFolderAndAFreeName) {
    EXPECT_NE(error_of([&] { run(full); }).cause(), "");
    fs::create_directories(target.parent_path());
    node.folder.write("out/backup.bt2c", "precious");
    EXPECT_NE(error_of([&] { run(full); }).message().find("exists"), std::string::npos);
    EXPECT_EQ(support::file_text(target), "precious");
    run(full, true);
    EXPECT_TRUE(ArchiveLocation::is_archive(target));
}

TEST_F(Export, ADamagedKeySlotIsNoWrongSecret) {
    fs::create_directories(target.parent_path());
    run(full);
    const auto open = [&](const Secret& secret) {
        return Repository::open(std::make_shared<ArchiveLocation>(target), secret);
    };
    EXPECT_EQ(error_of([&] { open(test::key_secret(8)); }).kind(), base::ErrorKind::wrong_secret);
    const std::string whole = support::file_text(target);
    const auto with = [&](const std::string& member, char digit) {
        std::string text = whole;
        const std::size_t at = text.find("\"" + member + "\": \"") + member.size() + 5;
        text[at] = text[at] == digit ? '9' : digit;
        fs::remove(target);
        node.folder.write("out/backup.bt2c", text);
    };
    for (const char digit : {'1', '!'}) {
        with("wrapped", digit);
        const base::Error error = error_of([&] { open(test::key_secret()); });
        EXPECT_EQ(error.kind(), base::ErrorKind::failed) << digit;
        EXPECT_NE(error.message().find("is damaged"), std::string::npos) << error.message();
        EXPECT_NE(error.hint().find("another copy"), std::string::npos);
    }
    with("tag", '1');
    EXPECT_NO_THROW(open(test::key_secret())) << "what opens all the same is used";
}

}  // namespace
}  // namespace bt2c::repository
