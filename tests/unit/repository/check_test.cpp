#include "repository/check.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/parallel.hpp"
#include "chaindb/sqlite/connection.hpp"
#include "repository/export.hpp"
#include "repository/image_reader.hpp"
#include "repository/index.hpp"
#include "storage/archive/archive_location.hpp"
#include "support/unruly_location.hpp"
#include "unit/repository/fixture.hpp"

namespace bt2c::repository {
namespace {

namespace fs = std::filesystem;
using test::error_of;

/// A full backup and two incremental ones, checked as they are damaged.
class CheckRepository : public testing::Test {
 protected:
    CheckRepository() {
        full = node.back_up(BackupType::full);
        node.grow(3);
        first = node.back_up(BackupType::incremental);
        node.grow(3);
        second = node.back_up(BackupType::incremental);
    }
    CheckReport run(bool read_data) const {
        base::SilentProgress progress;
        return check_repository(node.repository, read_data, progress);
    }
    static const CheckFinding* find(const CheckReport& report, const std::string& object) {
        for (const CheckFinding& finding : report.findings)
            if (finding.object == object) return &finding;
        return nullptr;
    }
    static std::string text(const CheckReport& report) {
        std::string text;
        for (const CheckFinding& finding : report.findings)
            text +=
                finding.object + " " + std::string(finding_name(finding.kind)) + ": " + finding.text + "\n";
        return text;
    }
    /// One fault about `object`, of that kind, and no other; both ways of checking tell it.
    CheckFinding only_fault(const std::string& object, FindingKind kind, bool read_data_too = true) const {
        CheckFinding found;
        for (const bool read_data : {false, true}) {
            if (read_data && !read_data_too) continue;
            const CheckReport report = run(read_data);
            EXPECT_FALSE(report.ok);
            EXPECT_EQ(report.findings.size(), 1U) << text(report);
            if (const CheckFinding* finding = find(report, object)) {
                EXPECT_EQ(finding_name(finding->kind), finding_name(kind)) << text(report);
                EXPECT_NE(finding->text, "");
                EXPECT_NE(finding->advice, "");
                found = *finding;
            } else {
                ADD_FAILURE() << "no finding about " << object << "\n" << text(report);
            }
        }
        return found;
    }
    std::vector<std::string> ids(const std::vector<Manifest>& backups) const {
        std::vector<std::string> list;
        for (const Manifest& backup : backups) list.push_back(backup.id.hex());
        std::sort(list.begin(), list.end());
        return list;
    }
    static std::vector<std::string> sorted(std::vector<std::string> list) {
        std::sort(list.begin(), list.end());
        return list;
    }
    const ObjectId& full_pack() const { return full.packs.at(0).id; }

    test::BackedUpHome node;
    Manifest full, first, second;
};

TEST_F(CheckRepository, SoundOnesAreOk) {
    for (const bool read_data : {false, true}) {
        const CheckReport report = run(read_data);
        EXPECT_TRUE(report.ok) << text(report);
        EXPECT_TRUE(report.findings.empty()) << text(report);
        EXPECT_EQ(report.objects, node.location->list("").size());
        EXPECT_GT(report.bytes, full.stored_bytes);
    }
}

TEST_F(CheckRepository, BehindANetworkObjectsAreReadSideBySideAndSeldomTwice) {
    for (int i = 0; i < 12; ++i) node.repository.record_proof(full.id, "restored");
    const auto server = std::make_shared<support::UnrulyLocation>();
    for (const auto& object : node.location->list(""))
        server->memory.overwrite(object.name, node.location->get(object.name).value());
    server->remote = true;
    server->at_once = 12;
    std::atomic<unsigned> at_work = 0, pack_readings = 0;
    std::atomic<bool> many = false;
    server->before = [&](const std::string& operation, const std::string& object) {
        if (operation == "get" && object.starts_with("packs/")) ++pack_readings;
        if (operation != "get" || !object.starts_with("proofs/")) return;
        if (++at_work > base::worker_count()) many = true;
        for (int i = 0; i < 2'000 && !many; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        --at_work;
    };
    base::SilentProgress progress;
    const CheckReport report = check_repository(node.repository.at(server), false, progress);
    EXPECT_TRUE(report.ok) << text(report);
    EXPECT_TRUE(many) << "no more at once than there are processors";
    // Each is opened once: a small one whole, another one by its size and its two ends. And its tables.
    EXPECT_LE(pack_readings, 3 * 3U + 3 * 2U);
}

TEST_F(CheckRepository, AMissingPackHitsAllThatNeedIt) {
    fs::remove(node.file(ObjectType::pack, full_pack()));
    const CheckFinding finding = only_fault(object_name(ObjectType::pack, full_pack()), FindingKind::missing);
    EXPECT_EQ(sorted(finding.backups), ids({full, first, second}));
}

TEST_F(CheckRepository, APackOfAnIncrementalHitsOnlyThoseThatReferToIt) {
    const ObjectId own = second.packs.back().id;
    ASSERT_EQ(second.packs.back().backup, second.id);
    fs::remove(node.file(ObjectType::pack, own));
    const CheckFinding finding = only_fault(object_name(ObjectType::pack, own), FindingKind::missing);
    EXPECT_EQ(finding.backups, ids({second}));
}

TEST_F(CheckRepository, APackThatALaterBackupDoesWithoutDoesNotHitIt) {
    const auto back_up_after = [&](const char* edit) {
        chaindb::sqlite::Connection::open(node.home.database(), chaindb::sqlite::Connection::Mode::read_write)
            .execute(edit);
        return node.back_up(BackupType::incremental);
    };
    const Manifest third = back_up_after("UPDATE validators SET stake = stake + 1");
    const Manifest fourth = back_up_after("UPDATE validators SET stake = stake + 1");
    const base::Bytes image = test::image_of(node.repository, fourth);
    const ObjectId own = third.packs.back().id;
    ASSERT_EQ(third.packs.back().backup, third.id);
    fs::remove(node.file(ObjectType::pack, own));
    EXPECT_EQ(only_fault(object_name(ObjectType::pack, own), FindingKind::missing).backups, ids({third}));
    EXPECT_EQ(test::image_of(node.repository, fourth), image);
}

TEST_F(CheckRepository, PacksAreFoundCutOffAnywhere) {
    const fs::path file = node.file(ObjectType::pack, full_pack());
    const std::string whole = support::file_text(file);
    for (const std::size_t size : {std::size_t{0}, std::size_t{31}, std::size_t{40}, whole.size() / 2,
                                   whole.size() - 12, whole.size() - 1}) {
        test::overwrite(file, whole.substr(0, size));
        only_fault(object_name(ObjectType::pack, full_pack()), FindingKind::damaged);
    }
    test::overwrite(file, whole + "x");
    only_fault(object_name(ObjectType::pack, full_pack()), FindingKind::damaged);
}

TEST_F(CheckRepository, ABitOfABlobIsFoundByReadingTheData) {
    test::flip_bit(node.file(ObjectType::pack, full_pack()), 1000);
    EXPECT_TRUE(run(false).ok);
    const CheckReport report = run(true);
    ASSERT_NE(find(report, object_name(ObjectType::pack, full_pack())), nullptr) << text(report);
    EXPECT_EQ(report.findings.size(), 1U) << text(report);
}

TEST_F(CheckRepository, EveryBitOfAnIncrementalsPackCounts) {
    const ObjectId own = first.packs.back().id;
    const fs::path file = node.file(ObjectType::pack, own);
    const std::string whole = support::file_text(file);
    for (std::size_t at = 0; at < whole.size(); at += std::max<std::size_t>(1, whole.size() / 40)) {
        test::flip_bit(file, at);
        const CheckReport report = run(true);
        EXPECT_FALSE(report.ok) << at;
        EXPECT_NE(find(report, object_name(ObjectType::pack, own)), nullptr) << at << "\n" << text(report);
        test::overwrite(file, whole);
    }
    EXPECT_TRUE(run(true).ok);
}

TEST_F(CheckRepository, SwappedPacksAreFound) {
    const fs::path a = node.file(ObjectType::pack, full_pack());
    const fs::path b = node.file(ObjectType::pack, first.packs.back().id);
    const std::string contents = support::file_text(a);
    test::overwrite(a, support::file_text(b));
    test::overwrite(b, contents);
    const CheckReport report = run(false);
    EXPECT_EQ(report.findings.size(), 2U) << text(report);
    for (const CheckFinding& finding : report.findings)
        EXPECT_NE(finding.text.find("renamed, or swapped"), std::string::npos) << finding.text;
}

TEST_F(CheckRepository, AManifestDamagedHidesNoOtherAndItsPacksAreNotCalledUnreferenced) {
    test::flip_bit(node.file(ObjectType::manifest, second.id), 50);
    const CheckFinding finding =
        only_fault(object_name(ObjectType::manifest, second.id), FindingKind::damaged);
    EXPECT_EQ(finding.backups, ids({second}));
}

TEST_F(CheckRepository, AManifestOfAFullBackupHitsThoseAgainstIt) {
    test::flip_bit(node.file(ObjectType::manifest, full.id), 50);
    const CheckFinding finding = only_fault(object_name(ObjectType::manifest, full.id), FindingKind::damaged);
    EXPECT_EQ(sorted(finding.backups), ids({full, first, second}));
}

TEST_F(CheckRepository, AMissingParentIsFound) {
    fs::remove(node.file(ObjectType::manifest, full.id));
    const CheckReport report = run(false);
    EXPECT_FALSE(report.ok);
    const CheckFinding* finding = find(report, object_name(ObjectType::manifest, full.id));
    ASSERT_NE(finding, nullptr) << text(report);
    EXPECT_EQ(finding->kind, FindingKind::missing);
}

TEST_F(CheckRepository, UnknownVersionsAreToldApartFromDamage) {
    for (const auto& [type, id] : {std::pair{ObjectType::manifest, second.id},
                                   {ObjectType::pack, full_pack()},
                                   {ObjectType::index, first.id}}) {
        const fs::path file = node.file(type, id);
        const std::string whole = support::file_text(file);
        std::string newer = whole;
        newer[8] = 2;
        test::overwrite(file, newer);
        only_fault(object_name(type, id), FindingKind::unknown_version);
        test::overwrite(file, whole);
    }
}

TEST_F(CheckRepository, IndexesMissingDamagedOrAnothersAreFoundAndRebuilt) {
    const fs::path file = node.file(ObjectType::index, first.id);
    const std::string whole = support::file_text(file);
    const std::string name = object_name(ObjectType::index, first.id);
    fs::remove(file);
    EXPECT_EQ(only_fault(name, FindingKind::missing).backups, ids({first}));
    EXPECT_TRUE(rebuild_index(node.repository, first));
    EXPECT_EQ(support::file_text(file), whole);
    EXPECT_FALSE(rebuild_index(node.repository, first));

    test::flip_bit(file, whole.size() - 1);
    only_fault(name, FindingKind::damaged);
    EXPECT_TRUE(rebuild_index(node.repository, first));
    EXPECT_EQ(support::file_text(file), whole);

    test::overwrite(file, whole.substr(0, object_header_bytes));  // a sound index of no packs
    only_fault(name, FindingKind::damaged);
    test::overwrite(file, support::file_text(node.file(ObjectType::index, full.id)));
    only_fault(name, FindingKind::damaged);
    EXPECT_TRUE(rebuild_index(node.repository, first));
    EXPECT_TRUE(run(true).ok);
}

TEST_F(CheckRepository, AnIndexThatLiesIsFound) {
    auto index = read_index(node.repository, full.id).value();
    index.entries.at(0).directory.blobs.at(0).plain_bytes += 1;
    test::overwrite(node.file(ObjectType::index, full.id),
                    std::string(base::as_text(encode_index(node.repository.keys(), full.id, index))));
    const CheckReport report = run(false);
    ASSERT_NE(find(report, object_name(ObjectType::index, full.id)), nullptr) << text(report);
}

TEST_F(CheckRepository, DamagedSlotsAndProofsAreFound) {
    node.folder.write("repository/keys/" + std::string(32, 'a'), "{}");
    only_fault("keys/" + std::string(32, 'a'), FindingKind::damaged);
    fs::remove(node.root / ("keys/" + std::string(32, 'a')));
    node.repository.record_proof(full.id, "by a test");
    EXPECT_TRUE(run(true).ok);
    const std::string proof = node.location->list("proofs").at(0).name;
    test::flip_bit(node.root / proof, 60);
    only_fault(proof, FindingKind::damaged);
}

TEST_F(CheckRepository, WhatIsLeftOfAnInterruptedBackupIsNoDamage) {
    fs::remove(node.file(ObjectType::manifest, second.id));
    const CheckReport report = run(true);
    EXPECT_TRUE(report.ok) << text(report);
    EXPECT_EQ(report.findings.size(), 2U) << text(report);
    for (const CheckFinding& finding : report.findings) EXPECT_EQ(finding.kind, FindingKind::unreferenced);
}

TEST_F(CheckRepository, ForeignFilesAreNamedAndDoNoHarm) {
    node.folder.write("repository/packs/README", "hello");
    node.folder.write("repository/lost+found/x", "hello");
    const std::uint64_t objects = run(false).objects;
    const CheckReport report = run(false);
    EXPECT_TRUE(report.ok);
    EXPECT_EQ(report.findings.size(), 2U) << text(report);
    EXPECT_EQ(objects, node.location->list("").size() - 2);
    ASSERT_NE(find(report, "packs/README"), nullptr);
    EXPECT_EQ(find(report, "packs/README")->kind, FindingKind::foreign);
}

/// Stores another manifest in the place of a backup's, sealed with the repository's keys.
void reseal(const test::BackedUpHome& node, Manifest manifest) {
    const auto location = node.location;
    location->remove(object_name(ObjectType::manifest, manifest.id));
    const auto index = read_index(node.repository, manifest.id).value();
    location->remove(object_name(ObjectType::index, manifest.id));
    std::vector<StoredPack> packs;
    for (const IndexEntry& entry : index.entries) packs.push_back({entry.pack, 0, entry.directory});
    node.repository.store_backup(manifest, packs);
}

TEST_F(CheckRepository, ADigestThatTheTablesDoNotGiveIsFound) {
    Manifest wrong = first;
    wrong.image->digest = second.image->digest;
    reseal(node, wrong);
    EXPECT_TRUE(run(false).ok);
    const CheckReport report = run(true);
    ASSERT_NE(find(report, object_name(ObjectType::manifest, first.id)), nullptr) << text(report);
}

TEST_F(CheckRepository, AFileThatIsNotWhatItsManifestSaysIsFound) {
    Manifest wrong = full;
    for (FileEntry& file : wrong.files) file.content_id[0] ^= 1;
    reseal(node, wrong);
    EXPECT_TRUE(run(false).ok);
    EXPECT_FALSE(run(true).ok);
}

TEST_F(CheckRepository, ATableThatLacksPagesIsFound) {
    Manifest wrong = second;
    wrong.differences.clear();
    reseal(node, wrong);
    const CheckReport report = run(true);
    ASSERT_NE(find(report, object_name(ObjectType::manifest, second.id)), nullptr) << text(report);
    Manifest shorter = full;
    shorter.content_table.clear();
    reseal(node, shorter);
    EXPECT_NE(find(run(false), object_name(ObjectType::manifest, full.id)), nullptr);
}

TEST_F(CheckRepository, DatabasesThatShrankAndGrewAreRebuiltPageByPage) {
    const auto expect_same = [&](const Manifest& manifest) {
        const std::string database = support::file_text(node.home.database());
        EXPECT_TRUE(test::image_of(node.repository, manifest) ==
                    base::Bytes(database.begin(), database.end()));
    };
    {
        auto chain = chaindb::sqlite::Connection::open(node.home.database(),
                                                       chaindb::sqlite::Connection::Mode::read_write);
        chain.execute("DELETE FROM transactions WHERE rowid % 3 > 0; VACUUM");
    }
    const Manifest smaller = node.back_up(BackupType::incremental);
    ASSERT_LT(smaller.image->page_count, full.image->page_count);
    expect_same(smaller);
    node.grow(600);
    const Manifest larger = node.back_up(BackupType::incremental);
    ASSERT_GT(larger.image->page_count, full.image->page_count + 20);
    expect_same(larger);
    const CheckReport report = run(true);
    EXPECT_TRUE(report.ok) << text(report);
    EXPECT_TRUE(report.findings.empty()) << text(report);
}

TEST_F(CheckRepository, BackupsWithoutAnImageAreCheckedToo) {
    node.folder.write("home/data/blockchain.db", std::string(2'500'000, 'x'));
    const Manifest raw = node.back_up(BackupType::safety);
    ASSERT_FALSE(raw.image);
    EXPECT_TRUE(run(true).ok) << text(run(true));
    test::flip_bit(node.file(ObjectType::pack, raw.packs.back().id), 40);
    EXPECT_EQ(run(true).findings.size(), 1U);
}

TEST_F(CheckRepository, OneInAnExportedFileIsCheckedToo) {
    base::SilentProgress progress;
    export_backup(node.repository, second, node.folder / "x.bt2c", false, progress);
    const Repository opened = Repository::open(
        std::make_shared<storage::archive::ArchiveLocation>(node.folder / "x.bt2c"), test::key_secret());
    const CheckReport report = check_repository(opened, true, progress);
    EXPECT_TRUE(report.ok) << text(report);
    EXPECT_TRUE(report.findings.empty()) << text(report);
}

TEST_F(CheckRepository, BackupsMadeMeanwhileDoNoHarm) {
    std::atomic<bool> stop = false;
    std::thread writer([&] {
        while (!stop) {
            node.grow(1);
            node.back_up(BackupType::incremental);
        }
    });
    for (int i = 0; i < 3; ++i) {
        const CheckReport report = run(i > 0);
        EXPECT_TRUE(report.ok) << text(report);
    }
    stop = true;
    writer.join();
}

TEST_F(CheckRepository, OneDeletedMeanwhileIsAnError) {
    fs::remove_all(node.root);
    EXPECT_NE(error_of([&] { run(false); }).cause(), "");
}

// As when a prune let a damaged full backup go alone.
TEST_F(CheckRepository, ARetiredFullBackupThatOthersNeedIsFoundDamagedOrMissing) {
    node.repository.store_small(*node.location, ObjectType::retired, full.id,
                                base::Json::object({{"backup", full.id.hex()}}));
    EXPECT_TRUE(run(true).ok);
    const fs::path file = node.file(ObjectType::manifest, full.id);
    test::flip_bit(file, 100);
    const std::string name = object_name(ObjectType::manifest, full.id);
    const CheckFinding damaged = only_fault(name, FindingKind::damaged);
    EXPECT_EQ(sorted(damaged.backups), ids({first, second}));
    EXPECT_NE(damaged.advice.find("bt2c-dr prune --damaged"), std::string::npos) << damaged.advice;
    fs::remove(file);
    const CheckReport report = run(true);
    const CheckFinding* const missing = find(report, name);
    ASSERT_NE(missing, nullptr) << text(report);
    EXPECT_EQ(finding_name(missing->kind), finding_name(FindingKind::missing));
    for (const Manifest& backup : {first, second})
        EXPECT_EQ(std::ranges::count(missing->backups, backup.id.hex()), 1);
    // With those gone too it is nobody's business.
    for (const Manifest& backup : {first, second})
        node.repository.store_small(*node.location, ObjectType::retired, backup.id,
                                    base::Json::object({{"backup", backup.id.hex()}}));
    EXPECT_EQ(find(run(false), name), nullptr);
}

TEST_F(CheckRepository, AMarkOfANewerVersionIsNotToBeRemovedUnseen) {
    std::string forged = support::file_text(node.file(ObjectType::manifest, full.id));
    forged[8] = 99;  // the version
    const std::string name = object_name(ObjectType::retired, full.id);
    ASSERT_TRUE(node.location->put(name, base::as_bytes(forged)));
    const CheckFinding found = only_fault(name, FindingKind::unknown_version);
    EXPECT_NE(found.advice.find("use a newer bt2c-dr, or remove that object"), std::string::npos)
        << found.advice;
    EXPECT_EQ(found.advice.find("does not count"), std::string::npos) << found.advice;
}

}  // namespace
}  // namespace bt2c::repository
