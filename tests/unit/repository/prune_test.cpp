// [B7] Prune: what goes when, what holds it up, and what each kind of location makes of it.

#include "repository/prune.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "repository/intent.hpp"
#include "repository/pins.hpp"
#include "repository/sync.hpp"
#include "unit/repository/prune_fixture.hpp"

namespace bt2c::repository {
namespace {

using base::UnixMs;
using Status = PlacePruned::Status;
using storage::memory::MemoryLocation;
using support::UnrulyLocation;

using test::day_ms;
using test::hour_ms;

/// A location that keeps objects for a week, or tells another time.
class LockedLocation final : public storage::Location {
 public:
    std::string describe() const override { return "locked"; }
    bool put(const std::string& name, base::ByteView contents) override {
        if (!memory.put(name, contents)) return false;
        if (!name.starts_with("sweeps/") && !name.starts_with("intents/"))
            lock_until(name, base::now_unix_ms() + keeps_for());
        return true;
    }
    std::optional<base::Bytes> get(const std::string& name) override { return memory.get(name); }
    std::optional<base::Bytes> get_range(const std::string& name, std::uint64_t offset,
                                         std::uint64_t size) override {
        return memory.get_range(name, offset, size);
    }
    std::optional<std::uint64_t> size_of(const std::string& name) override { return memory.size_of(name); }
    std::vector<storage::ObjectInfo> list(const std::string& folder) override { return memory.list(folder); }
    bool remove(const std::string& name) override {
        EXPECT_LE(locked_until(name), base::now_unix_ms()) << name;
        return memory.remove(name);
    }
    bool keep_until(const std::string& name, UnixMs time) override {
        lock_until(name, time);
        return true;
    }
    UnixMs keeps_for() const override { return 7 * day_ms; }
    std::optional<UnixMs> kept_until(const std::string& name) override { return locked_until(name); }
    std::optional<UnixMs> clock_ahead() const override { return clock_off; }

    UnixMs locked_until(const std::string& name) {
        const std::lock_guard lock(mutex_);
        return until_[name];
    }

    MemoryLocation memory;
    UnixMs clock_off = 0;

 private:
    void lock_until(const std::string& name, UnixMs time) {
        const std::lock_guard lock(mutex_);
        until_[name] = std::max(until_[name], time);
    }

    std::mutex mutex_;  // several threads store and look
    std::map<std::string, UnixMs> until_;
};

class PruneTest : public test::PruneFixture {};

TEST_F(PruneTest, RetiresFirstAndRemovesAfterTheMargins) {
    const auto [old, fresh] = old_and_new();
    const PruneReport first = prune();
    EXPECT_EQ(first.plan.leaving, 1U);
    EXPECT_EQ(first.places[0].removed_objects, 0U);
    EXPECT_EQ(first.places[0].waiting_objects, 3U);
    EXPECT_EQ(listed(), std::set<std::string>{fresh.id.hex()});
    EXPECT_TRUE(has(old) && has_pack(old));
    EXPECT_THROW(repository->find(old.id.hex()), base::Error);
    pass(23 * hour_ms);
    prune();
    EXPECT_TRUE(has(old)) << "a day has not passed";
    pass(3 * hour_ms);
    prune();
    EXPECT_TRUE(has(old)) << "the second mark is not four hours old";
    pass(5 * hour_ms);
    const PruneReport last = prune();
    EXPECT_EQ(last.places[0].removed_objects, 3U);
    EXPECT_FALSE(has(old) || has_pack(old) || has(object_name(ObjectType::index, old.id)));
    EXPECT_TRUE(has(fresh) && has_pack(fresh));
    EXPECT_TRUE(repository->is_retired(old.id)) << "for locations that come back";
    prune_for(40);
    EXPECT_TRUE(memory->list("retired").empty());
}

TEST_F(PruneTest, DryRunChangesNothing) {
    old_and_new();
    const int puts = memory->puts;
    base::SilentProgress silent;
    PruneRequest dry;
    dry.dry_run = true;
    const PrunePlan plan = repository::prune(*repository, places, dry, silent).plan;
    EXPECT_EQ(plan.leaving, 1U);
    EXPECT_EQ(plan.backups.size(), 2U);
    EXPECT_GT(plan.leaving_bytes, 0U);
    EXPECT_EQ(memory->puts, puts);
}

TEST_F(PruneTest, AMarkThatCannotBeOpenedRetiresNothing) {
    const Manifest first = back_up(*repository);
    const Manifest second = back_up(*repository);
    base::Bytes forged = *memory->memory.get("manifests/" + first.id.hex());
    forged[8] = 99;  // the version
    ASSERT_TRUE(has_unknown_version(forged));
    for (const Manifest& backup : {first, second})
        ASSERT_TRUE(memory->memory.put("retired/" + backup.id.hex(), forged));
    for (int day = 0; day < 5; ++day) {
        const PruneReport report = prune();
        EXPECT_EQ(report.plan.backups.size(), 2U);
        EXPECT_EQ(report.plan.leaving, 0U);
        EXPECT_THAT(report.held, testing::HasSubstr("of a version that this program does not know"));
        EXPECT_TRUE(report.held_for_good);
        pass(30 * hour_ms);
    }
    EXPECT_EQ(listed().size(), 2U);
    EXPECT_TRUE(has(first) && has_pack(first) && has(second) && has_pack(second));
    for (const Manifest& backup : {first, second}) memory->memory.remove("retired/" + backup.id.hex());
    EXPECT_EQ(prune().held, "");
}

TEST_F(PruneTest, WhatAKeptBackupNeedsStays) {
    const Manifest full = back_up(*repository);
    const Manifest first = back_up(*repository, BackupType::incremental, &full);
    Manifest like = full;
    like.packs = first.packs;
    const Manifest second =
        back_up(*repository, BackupType::incremental, &like);  // refers to a pack of `first`
    set_pin(*repository, second.id, true, "");
    pass(400 * day_ms);
    back_up(*repository);
    prune();
    prune_for(4);
    EXPECT_FALSE(has(first));
    EXPECT_TRUE(has_pack(first)) << "the pinned one names it";
    EXPECT_TRUE(has(full) && has_pack(full) && has(second) && has_pack(second));
    set_pin(*repository, second.id, false, "");
    prune();
    prune_for(4);
    EXPECT_FALSE(has_pack(first) || has(full) || has(second));
}

TEST_F(PruneTest, CollectsWhatKilledBackupsLeft) {
    back_up(*repository);
    const std::string pack = object_name(ObjectType::pack, ObjectId::random());
    ASSERT_TRUE(memory->put(pack, base::Bytes(100, 1)));
    prune();
    EXPECT_TRUE(has(pack));
    prune_for(2);
    EXPECT_FALSE(has(pack));
}

TEST_F(PruneTest, RemovesNothingWhileABackupIsBeingMade) {
    const auto [old, fresh] = old_and_new();
    prune();
    prune_for(1);
    {
        const Intent intent(*repository, *memory, "backup");
        pass(25 * hour_ms);
        const PruneReport report = prune();
        EXPECT_NE(report.held.find("a backup is being made"), std::string::npos) << report.held;
        EXPECT_FALSE(report.held_for_good);
        EXPECT_TRUE(has(old));
    }
    EXPECT_TRUE(prune().held.empty());
    EXPECT_FALSE(has(old));
}

TEST_F(PruneTest, AnIntentOfAKilledBackupIsPassedOverInTheEnd) {
    const auto [old, fresh] = old_and_new();
    ASSERT_TRUE(memory->put(object_name(ObjectType::intent, ObjectId::random()), base::Bytes(9, 1)));
    prune();
    prune_for(2);
    EXPECT_TRUE(has(old));
    prune_for(2);
    EXPECT_FALSE(has(old));
    EXPECT_TRUE(memory->list("intents").empty());
}

TEST_F(PruneTest, ANodeThatCannotRemoveEndsItsIntentsByAdding) {
    const auto [old, fresh] = old_and_new();
    for (int day = 0; day < 4; ++day) {
        memory->before = [](const std::string& operation, const std::string&) {
            if (operation == "remove") throw UnrulyLocation::failure("removal is forbidden");
        };
        { const Intent intent(*repository, *memory, "backup"); }
        memory->before = nullptr;
        EXPECT_EQ(memory->list("intents").size(), 1U);
        EXPECT_EQ(memory->list("ended").size(), 1U);
        EXPECT_FALSE(findings().contains(memory->list("ended").at(0).name));
        prune();
        pass(25 * hour_ms);
    }
    EXPECT_FALSE(has(old));
    EXPECT_TRUE(memory->list("intents").empty());
    EXPECT_TRUE(memory->list("ended").empty());
}

TEST_F(PruneTest, ABackupThatTookTooLongIsNotStored) {
    const Intent intent(*repository, *memory, "backup");
    pass(47 * hour_ms);
    intent.require_fresh();
    pass(2 * hour_ms);
    EXPECT_THROW(intent.require_fresh(), base::Error);
}

TEST_F(PruneTest, ABackupWhoseBaseWasRetiredIsNotStored) {
    const auto [old, fresh] = old_and_new();
    prune();
    Manifest late;
    late.id = ObjectId::random();
    late.type = BackupType::incremental;
    late.parent = old.id;
    late.packs = old.packs;
    const base::Error error = test::error_of([&] { repository->store_backup(late, {}, {}, {old.id}); });
    EXPECT_NE(error.message().find("retired by a prune"), std::string::npos) << error.message();
    EXPECT_FALSE(has(late));
}

TEST_F(PruneTest, WhatABackupThatCameInTheSameInstantBuildsOnStays) {
    const auto [old, fresh] = old_and_new();
    prune();
    const Manifest late = back_up(*repository, BackupType::incremental, &old);  // it looked before the mark
    prune_for(5);
    EXPECT_TRUE(has(late) && has_pack(late) && has(old) && has_pack(old));
    EXPECT_FALSE(listed().contains(old.id.hex()));
    EXPECT_NE(findings()[object_name(ObjectType::manifest, old.id)], FindingKind::missing);
    base::SilentProgress silent;
    // Another location gets both.
    const auto second = std::make_shared<MemoryLocation>();
    EXPECT_TRUE(sync_location(*repository, *second, {}, silent).left.empty());
    EXPECT_TRUE(second->size_of(object_name(ObjectType::manifest, late.id)));
    EXPECT_TRUE(second->size_of(object_name(ObjectType::manifest, old.id)));
}

TEST_F(PruneTest, MarksAndSweepsOfAWriteOnlyNodeDoNotCount) {
    const auto [old, fresh] = old_and_new();
    const Repository node = Repository::open_to_write(memory, repository->keys().write_key());
    node.store_small(*memory, ObjectType::retired, fresh.id,
                     base::Json::object({{"backup", fresh.id.hex()}}));
    node.record_proof(old.id, "forged");
    node.store_small(*memory, ObjectType::pin, ObjectId::random(),
                     base::Json::object({{"backup", old.id.hex()},
                                         {"pinned", true},
                                         {"number", 7},
                                         {"at", "2026-01-01T00:00:00Z"},
                                         {"reason", ""}}));
    EXPECT_TRUE(listed().contains(fresh.id.hex()));
    const auto found = findings();
    EXPECT_TRUE(found.contains(object_name(ObjectType::retired, fresh.id)));
    EXPECT_TRUE(found.contains(memory->list("pins").at(0).name));
    prune();
    EXPECT_EQ(listed(), std::set<std::string>{fresh.id.hex()});
    EXPECT_FALSE(has(object_name(ObjectType::retired, fresh.id))) << "the false mark is taken away";
}

TEST_F(PruneTest, AnUnreadableManifestHoldsAllBytes) {
    const auto [old, fresh] = old_and_new();
    const Manifest other = back_up(*repository);
    const std::string name = object_name(ObjectType::manifest, fresh.id);
    const base::Bytes sound = memory->memory.get(name).value();
    memory->memory.overwrite(name, base::Bytes(100, 1));
    prune();
    prune_for(4);
    EXPECT_TRUE(has_pack(old) && has_pack(fresh));
    EXPECT_NE(prune().held.find("is not known"), std::string::npos);
    PruneRequest request;
    request.damaged = true;
    prune(request);
    prune_for(4);
    EXPECT_FALSE(has_pack(old) || has_pack(fresh));
    EXPECT_TRUE(has_pack(other));
}

TEST_F(PruneTest, RefusesWhenTheClocksDoNotAgree) {
    const auto locked = std::make_shared<LockedLocation>();
    repository.emplace(make(locked));
    places = {{"s3", locked, 1}};
    back_up(*repository);
    locked->clock_off = 6 * 60'000;
    EXPECT_NE(test::error_of([&] { prune(); }).cause().find("behind that of location 's3'"),
              std::string::npos);
    locked->clock_off = -6 * 60'000;
    EXPECT_NE(test::error_of([&] { prune(); }).cause().find("ahead of that"), std::string::npos);
    locked->clock_off = 0;
    // A service that refuses requests with a wrong time cannot be used, and its answers tell the time all the
    // same.
    const auto refusing = std::make_shared<LockedLocation>();
    refusing->clock_off = -4 * day_ms;
    PruneRequest request;
    request.away.push_back({"swift", refusing, 1});
    EXPECT_NE(test::error_of([&] { prune(request); }).cause().find("ahead of that of location 'swift'"),
              std::string::npos);
    prune();
    pass(-hour_ms);
    EXPECT_NE(test::error_of([&] { prune(); }).cause().find("from now"), std::string::npos);
    pass(2 * hour_ms);
    prune();
}

TEST_F(PruneTest, SweepsFromTheFutureProveNoAge) {
    const auto [old, fresh] = old_and_new();
    pass(300 * day_ms);
    prune();
    pass(-300 * day_ms);
    prune();
    pass(5 * hour_ms);
    prune();
    EXPECT_TRUE(has(old)) << "nothing has waited for a day";
    prune_for(2);
    EXPECT_FALSE(has(old));
}

TEST_F(PruneTest, LockedObjectsWaitAndKeptOnesAreLockedAnew) {
    const auto locked = std::make_shared<LockedLocation>();
    repository.emplace(make(locked));
    places = {{"s3", locked, 2}};
    const Manifest old = back_up(*repository);
    back_up(*repository);
    PruneRequest request;
    request.rules = {.recent_days = 1, .daily_days = 1, .weekly_weeks = 0, .monthly_months = 0};
    pass(2 * day_ms);
    const Manifest fresh = back_up(*repository);
    for (int day = 0; day < 4; ++day) {
        const PruneReport report = prune(request);
        EXPECT_EQ(report.places[0].status, Status::ok);
        pass(25 * hour_ms);
    }
    const PruneReport report = prune(request);
    EXPECT_GT(report.places[0].locked_objects, 0U);
    EXPECT_GT(report.places[0].locked_until, base::now_unix_ms());
    EXPECT_TRUE(locked->size_of(object_name(ObjectType::manifest, old.id)));
    for (int day = 0; day < 20; ++day) {
        pass(25 * hour_ms);
        prune(request);
        for (const ObjectType type : {ObjectType::manifest, ObjectType::index}) {
            EXPECT_GT(locked->locked_until(object_name(type, fresh.id)), base::now_unix_ms() + 4 * day_ms);
        }
        EXPECT_GT(locked->locked_until(object_name(ObjectType::pack, fresh.packs[0].id)),
                  base::now_unix_ms() + 4 * day_ms);
    }
    EXPECT_FALSE(locked->size_of(object_name(ObjectType::manifest, old.id)));
}

TEST_F(PruneTest, ALocationThatOnlyAddsIsToldAndTheOthersGoOn) {
    const auto second = std::make_shared<UnrulyLocation>();
    const auto [old, fresh] = old_and_new();
    base::SilentProgress silent;
    sync_location(*repository, *second, {}, silent);
    second->before = [](const std::string& operation, const std::string&) {
        if (operation == "remove") throw UnrulyLocation::failure("removal is forbidden");
    };
    places.push_back({"append-only", second, 1});
    prune();
    prune_for(1);
    pass(25 * hour_ms);
    const PruneReport report = prune();
    EXPECT_FALSE(has(old));
    EXPECT_EQ(report.places[0].status, Status::ok);
    EXPECT_EQ(report.places[1].status, Status::refused);
    EXPECT_NE(report.places[1].error.find("forbidden"), std::string::npos);
    EXPECT_TRUE(second->memory.size_of(object_name(ObjectType::manifest, old.id)));
}

TEST_F(PruneTest, ALocationThatWasAwayIsCaughtUp) {
    const auto second = std::make_shared<UnrulyLocation>();
    const auto [old, fresh] = old_and_new();
    base::SilentProgress silent;
    sync_location(*repository, *second, {}, silent);
    PruneRequest without;
    without.away.push_back({"away", second, 1});
    for (int day = 0; day < 40; ++day) {
        prune(without);
        pass(25 * hour_ms);
    }
    EXPECT_FALSE(has(old));
    EXPECT_TRUE(second->memory.size_of(object_name(ObjectType::manifest, old.id)));
    EXPECT_TRUE(has(object_name(ObjectType::retired, old.id))) << "it is needed for as long as it is away";
    sync_location(repository->at(second), *memory, {}, silent);
    EXPECT_FALSE(has(old)) << "it does not come back";
    places.push_back({"second", second, 1});
    prune();
    EXPECT_TRUE(second->memory.size_of(object_name(ObjectType::retired, old.id)));
    prune_for(2);
    EXPECT_FALSE(second->memory.size_of(object_name(ObjectType::manifest, old.id)));
}

TEST_F(PruneTest, AsksBeforeMostOfItGoes) {
    for (int i = 0; i < 5; ++i) back_up(*repository);
    pass(400 * day_ms);
    back_up(*repository);
    PruneRequest request;
    request.agree = [](const PrunePlan& plan) {
        EXPECT_TRUE(plan.most());
        throw base::Error(base::ErrorKind::failed, "no");
    };
    EXPECT_THROW(prune(request), base::Error);
    EXPECT_EQ(listed().size(), 6U);
}

TEST_F(PruneTest, PinsAreAddedAndEndedWithoutRemovingAnything) {
    const Manifest manifest = back_up(*repository);
    EXPECT_TRUE(set_pin(*repository, manifest.id, true, "why"));
    for (const char* reason : {"why", ""}) EXPECT_FALSE(set_pin(*repository, manifest.id, true, reason));
    EXPECT_EQ(read_pins(*repository).at(manifest.id.hex()).reason, "why");
    EXPECT_TRUE(set_pin(*repository, manifest.id, true, "another"));
    EXPECT_EQ(read_pins(*repository).at(manifest.id.hex()).reason, "another");
    EXPECT_TRUE(set_pin(*repository, manifest.id, false, ""));
    EXPECT_FALSE(read_pins(*repository).at(manifest.id.hex()).pinned);
    EXPECT_EQ(memory->list("pins").size(), 3U);
    const auto [old, fresh] = old_and_new();
    prune();
    EXPECT_THROW(set_pin(*repository, old.id, true, ""), base::Error);
}

// A pin, proof or mark that cannot be read just now is not taken for one that is not there.
TEST_F(PruneTest, WhatCannotBeReadIsNotTakenForAbsent) {
    const auto [old, fresh] = old_and_new();
    ASSERT_TRUE(set_pin(*repository, old.id, true, "kept"));
    for (const std::string folder : {"pins/", "proofs/", "retired/"}) {
        repository->record_proof(fresh.id, "a test");
        memory->before = [&](const std::string& operation, const std::string& object) {
            if (operation.starts_with("get") && object.starts_with(folder)) throw UnrulyLocation::failure();
        };
        if (folder == "pins/") {
            EXPECT_THROW(prune(), base::Error);
            EXPECT_THROW(set_pin(*repository, old.id, true, ""), base::Error);
        }
        if (folder == "proofs/") {
            EXPECT_THROW(prune(), base::Error);
            EXPECT_TRUE(repository->proofs().empty());
        }
        if (folder == "retired/") {
            EXPECT_THROW(static_cast<void>(repository->is_retired(old.id)), base::Error);
        }
        memory->before = {};
    }
    prune_for(7);
    EXPECT_TRUE(has(old));
    EXPECT_TRUE(has_pack(old));
}

}  // namespace
}  // namespace bt2c::repository
