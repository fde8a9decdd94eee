// Backups into locations that fail at random calls: what a location says it has, it has. [B4]

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "repository/check.hpp"
#include "repository/repair.hpp"
#include "repository/sound_object.hpp"
#include "repository/sync.hpp"
#include "storage/fan_out/fan_out.hpp"
#include "support/unruly_location.hpp"

namespace bt2c::repository {
namespace {

using base::Bytes;
using base::Error;
using base::ErrorKind;
using storage::fan_out::FanOut;
using storage::fan_out::Place;
using support::UnrulyLocation;

constexpr std::size_t location_count = 3;

/// Three locations of one repository. Each fails at one call of a run, and from then on for the rest of it.
class Scene {
 public:
    Scene() {
        for (auto& location : locations) location = std::make_shared<UnrulyLocation>();
        std::vector<Repository::LabelledSecret> secrets;
        secrets.push_back({{SlotKind::key_file, crypto::SecretBytes::copy_of(Bytes(32, 7))}, "test"});
        secrets.push_back({{SlotKind::key_file, crypto::SecretBytes::copy_of(Bytes(32, 8))}, "another"});
        repository.emplace(Repository::init(locations[0], secrets));
        base::SilentProgress silent;
        for (std::size_t i = 1; i < location_count; ++i)
            sync_basics(*repository, *locations[i], {locations[0].get(), 1});
    }

    /// A run of a program: a backup into those locations that have all earlier ones, by the rules of
    /// cli::Locations. `fuses`: after so many calls each location fails.
    void back_up(const std::array<int, location_count>& fuses, int packs, bool dependent) {
        std::vector<Place> places;
        for (const auto& location : locations) places.push_back({"x", location, false, 2});
        const auto fan = std::make_shared<FanOut>(places, 3000);
        const Repository whole = repository->at(fan);
        std::set<std::string> every = ids_in(*fan);
        bool possible = false;
        for (std::size_t i = 0; i < location_count; ++i) {
            const bool complete = ids_in(locations[i]->memory) == every;
            fan->uploads().allow_commits(i, complete);
            possible = possible || complete;
        }
        RC_PRE(possible);
        std::array<std::atomic<int>, location_count> left{};
        for (std::size_t i = 0; i < location_count; ++i) {
            left[i] = fuses[i];
            locations[i]->before = [&left, i](const std::string&, const std::string&) {
                if (left[i]-- <= 0) throw UnrulyLocation::failure();
            };
        }
        try {
            store(whole, packs, dependent, every);
        } catch (const Error&) {  // no location took it
        }
        fan->uploads().finish(std::chrono::seconds(30));
        for (const auto& location : locations) location->before = nullptr;
    }

    void sync() {
        base::SilentProgress silent;
        for (const auto& location : locations) {
            std::vector<Place> places;
            for (const auto& other : locations) places.push_back({"x", other, false, 1});
            const Repository whole = repository->at(std::make_shared<FanOut>(places));
            const SyncReport report = sync_location(whole, *location, {locations[0].get(), 2}, silent);
            RC_ASSERT(report.left.empty());
        }
    }

    static std::set<std::string> ids_in(storage::Location& location) {
        return backup_ids(location.list("manifests"));
    }

    /// All that the manifests in one location name is there and sound.
    void require_closed(const std::shared_ptr<UnrulyLocation>& location) const {
        const Repository alone = repository->at(location);
        for (const std::string& id : ids_in(location->memory)) {
            const Manifest manifest = alone.manifest(ObjectId::parse(id));
            if (manifest.parent) alone.manifest(*manifest.parent);
            for (const PackInfo& pack : manifest.packs)
                RC_ASSERT(read_sound(alone, object_name(ObjectType::pack, pack.id)).size() == pack.bytes);
        }
    }

    std::array<std::shared_ptr<UnrulyLocation>, location_count> locations;
    std::optional<Repository> repository;
    std::vector<Manifest> stored;

 private:
    void store(const Repository& whole, int packs, bool dependent, const std::set<std::string>& every) {
        Manifest manifest;
        manifest.id = ObjectId::random();
        manifest.sequence = stored.size() + 1;
        manifest.image = ImageInfo{4096, 1, 64, 0, std::string(64, '0'), "delete"};
        const Manifest* full = nullptr;
        for (const Manifest& earlier : stored)
            if (!earlier.parent && every.contains(earlier.id.hex())) full = &earlier;
        if (dependent && full) {
            manifest.type = BackupType::incremental;
            manifest.parent = full->id;
            manifest.packs = full->packs;
        }
        std::vector<StoredPack> own;
        std::vector<std::unique_ptr<PackWriter>> writers;
        for (int i = 0; i < packs; ++i) {
            auto& writer = writers.emplace_back(
                std::make_unique<PackWriter>(whole.location(), whole.keys(), manifest.id, 4096));
            writer->add(BlobKind::file_piece, Bytes(1000, static_cast<std::uint8_t>(i)), 1000);
            for (StoredPack& pack : writer->finish()) {
                manifest.packs.push_back({pack.id, manifest.id, pack.bytes});
                own.push_back(std::move(pack));
            }
        }
        whole.store_backup(manifest, own);
        for (const auto& writer : writers) writer->commit();
        stored.push_back(manifest);
    }
};

RC_GTEST_PROP(Locations, HoldWhatTheyClaimAndCatchUp, ()) {
    Scene scene;
    const int runs = *rc::gen::inRange(1, 6);
    for (int run = 0; run < runs; ++run) {
        std::array<int, location_count> fuses{};
        for (int& fuse : fuses) fuse = *rc::gen::element(0, 1, 3, 5, 8, 13, 1000, 1000);
        scene.back_up(fuses, *rc::gen::inRange(1, 5), *rc::gen::arbitrary<bool>());
        for (const auto& location : scene.locations) scene.require_closed(location);
        if (*rc::gen::arbitrary<bool>()) scene.sync();
    }
    scene.sync();
    for (const auto& location : scene.locations) {
        scene.require_closed(location);
        for (const Manifest& manifest : scene.stored)
            RC_ASSERT(Scene::ids_in(location->memory).contains(manifest.id.hex()));
    }
}

RC_GTEST_PROP(Locations, AreMendedFromEachOther, ()) {
    Scene scene;
    for (int run = 0; run < 3; ++run) scene.back_up({1000, 1000, 1000}, 2, run > 0);
    const auto& target = scene.locations[*rc::gen::inRange<std::size_t>(0, location_count)];
    std::vector<std::string> names;
    for (const auto& object : target->memory.list(""))
        if (object.name.starts_with("packs/") || object.name.starts_with("manifests/"))
            names.push_back(object.name);
    const std::string name = *rc::gen::elementOf(names);
    Bytes contents = target->memory.get(name).value();
    if (*rc::gen::arbitrary<bool>())
        contents[*rc::gen::inRange<std::size_t>(0, contents.size())] ^= 1;
    else
        contents.resize(*rc::gen::inRange<std::size_t>(0, contents.size()));
    target->memory.overwrite(name, contents);

    std::vector<Place> places;
    for (const auto& other : scene.locations) places.push_back({"x", other, false, 1});
    const Repository whole = scene.repository->at(std::make_shared<FanOut>(places));
    // Reading goes on with another copy.
    for (const Manifest& manifest : scene.stored) whole.manifest(manifest.id);
    read_sound(whole, name);
    CheckReport report;
    report.findings.push_back({name, FindingKind::damaged, "", {}, ""});
    base::SilentProgress silent;
    const RepairReport mended = repair_location(whole, target, report, silent);
    RC_ASSERT(mended.left.empty());
    RC_ASSERT(mended.mended.size() == 1U);
    scene.require_closed(target);
}

Bytes first_pack_of(UnrulyLocation& location) {
    return location.memory.get(location.memory.list("packs").at(0).name).value();
}

TEST(Sync, NeitherUploadsTwiceNorSpreadsDamage) {
    Scene scene;
    scene.back_up({1000, 0, 1000}, 4, false);
    UnrulyLocation& target = *scene.locations[1];
    ASSERT_TRUE(Scene::ids_in(target.memory).empty());
    // Interrupted in the middle by a failure of the target.
    std::atomic<int> puts_left = 2;
    target.before = [&](const std::string& operation, const std::string& name) {
        if (operation == "put" && name.starts_with("packs/") && puts_left-- <= 0)
            throw UnrulyLocation::failure();
    };
    base::SilentProgress silent;
    std::vector<Place> places;
    for (const auto& other : scene.locations) places.push_back({"x", other, false, 1});
    const Repository whole = scene.repository->at(std::make_shared<FanOut>(places));
    EXPECT_THROW(sync_location(whole, target, {scene.locations[0].get(), 1}, silent), Error);
    EXPECT_EQ(target.memory.list("packs").size(), 2U);
    EXPECT_TRUE(Scene::ids_in(target.memory).empty());
    target.before = nullptr;
    // A copy that is damaged in the first location comes from the third.
    const auto packs = scene.locations[0]->memory.list("packs");
    for (const auto& pack : packs)
        if (!target.memory.get(pack.name)) {
            Bytes contents = first_pack_of(*scene.locations[0]);
            contents[100] ^= 1;
            scene.locations[0]->memory.overwrite(pack.name, contents);
        }
    const SyncReport report = sync_location(whole, target, {scene.locations[0].get(), 1}, silent);
    EXPECT_TRUE(report.left.empty());
    EXPECT_EQ(report.objects, 2U + 2U);  // packs, the index and the manifest
    scene.require_closed(scene.locations[1]);
    EXPECT_EQ(sync_location(whole, target, {scene.locations[0].get(), 1}, silent).objects, 0U);
}

TEST(Sync, BelievesNoLocationThatLies) {
    Scene scene;
    scene.back_up({1000, 0, 1000}, 2, false);
    UnrulyLocation& target = *scene.locations[1];
    target.lies = true;
    base::SilentProgress silent;
    const Repository whole = scene.repository->at(scene.locations[0]);
    const SyncReport report = sync_location(whole, target, {scene.locations[0].get(), 1}, silent);
    ASSERT_EQ(report.left.size(), 1U);
    EXPECT_NE(report.left[0].why.find("not there whole"), std::string::npos);
    EXPECT_TRUE(report.backups.empty());
}

TEST(Sync, BringsBackNeitherRetiredBackupsNorRemovedKeys) {
    Scene scene;
    scene.back_up({1000, 1000, 1000}, 1, false);
    scene.back_up({1000, 1000, 1000}, 1, false);
    const std::string gone = scene.stored[0].id.hex();
    // While the third one was away a backup was retired and taken away, and a key was removed.
    const std::string slot = scene.locations[0]->memory.list("keys").at(0).name;
    for (std::size_t i = 0; i < 2; ++i) {
        ASSERT_TRUE(scene.repository->store_small(*scene.locations[i], ObjectType::retired,
                                                  scene.stored[0].id,
                                                  base::Json::object({{"backup", gone}})));
        ASSERT_TRUE(scene.locations[i]->memory.remove("manifests/" + gone));
        ASSERT_TRUE(scene.locations[i]->memory.remove(slot));
    }
    scene.sync();
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_FALSE(Scene::ids_in(scene.locations[i]->memory).contains(gone));
        EXPECT_EQ(scene.locations[i]->memory.get(slot), std::nullopt);
    }
    EXPECT_TRUE(scene.locations[2]->memory.get("retired/" + gone));
    EXPECT_TRUE(scene.locations[2]->memory.get(slot));
}

TEST(Sync, RefusesAnotherRepository) {
    Scene ours, theirs;
    base::SilentProgress silent;
    EXPECT_THROW(sync_location(*ours.repository, *theirs.locations[1], {}, silent), Error);
}

}  // namespace
}  // namespace bt2c::repository
