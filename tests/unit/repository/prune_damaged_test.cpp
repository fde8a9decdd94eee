// [B7] Prune and backups that cannot be restored, and what is decided while a prune runs.

#include <gmock/gmock.h>

#include <functional>

#include "repository/pins.hpp"
#include "repository/sync.hpp"
#include "unit/repository/prune_fixture.hpp"

namespace bt2c::repository {
namespace {

using support::UnrulyLocation;
using testing::ElementsAre;
using testing::HasSubstr;

class PruneDamaged : public test::PruneFixture {
 protected:
    static void damage(UnrulyLocation& where, const Manifest& backup) {
        where.memory.overwrite(object_name(ObjectType::manifest, backup.id), base::Bytes(100, 1));
    }
    static PruneRequest let_go() {
        PruneRequest request;
        request.damaged = true;
        return request;
    }
    bool is_marked(const Manifest& backup) { return has(object_name(ObjectType::retired, backup.id)); }
    void retire(const Manifest& backup) const {
        repository->store_small(*memory, ObjectType::retired, backup.id,
                                base::Json::object({{"backup", backup.id.hex()}}));
    }
    static std::set<std::string> damaged_in(const PruneReport& report) {
        std::set<std::string> ids;
        for (const DamagedBackup& backup : report.plan.damaged) ids.insert(backup.id);
        return ids;
    }
    /// Another place with all that the first one has.
    std::shared_ptr<UnrulyLocation> second_place() const {
        const auto second = std::make_shared<UnrulyLocation>();
        base::SilentProgress silent;
        EXPECT_TRUE(sync_location(*repository, *second, {}, silent).left.empty());
        return second;
    }
    static std::vector<std::string> reasons_of_oldest(const PruneReport& report) {
        std::vector<std::string> found;
        for (const Reason& reason : report.plan.backups.back().verdict.reasons)
            found.push_back(reason.rule + " " + reason.text);
        return found;
    }
    /// Why the first of old_and_new() stayed, as `job` made it do while a prune that would retire it asked.
    std::vector<std::string> reasons_of_old_after(const std::function<void()>& job) {
        PruneRequest request;
        request.agree = [&](const PrunePlan& plan) {
            EXPECT_EQ(plan.leaving, 1U);
            EXPECT_GT(plan.leaving_bytes, 0U);
            job();
        };
        const PruneReport report = prune(request);
        EXPECT_EQ(report.plan.leaving, 0U);
        EXPECT_EQ(report.plan.leaving_bytes, 0U);
        for (const PlannedBackup& backup : report.plan.backups) EXPECT_TRUE(backup.verdict.kept);
        return reasons_of_oldest(report);
    }
    void expect_stays(const Manifest& backup, PruneRequest request) {
        for (const bool dry_run : {true, false}) {
            request.dry_run = dry_run;
            const PruneReport report = prune(request);
            EXPECT_EQ(damaged_in(report), std::set<std::string>{backup.id.hex()});
            EXPECT_FALSE(report.plan.damaged_leave);
            EXPECT_THAT(report.plan.unasked, ElementsAre("b"));
            EXPECT_EQ(report.plan.leaving, 0U);
            EXPECT_TRUE(report.held_for_good);
            EXPECT_FALSE(is_marked(backup));
        }
    }
};

TEST_F(PruneDamaged, NoneGoesWhileAPlaceIsAway) {
    back_up(*repository);
    const Manifest newest = back_up(*repository);
    const auto second = second_place();
    damage(*memory, newest);
    PruneRequest request = let_go();
    request.away.push_back({"b", second, 1});
    expect_stays(newest, request);
    request.damaged = false;
    EXPECT_THAT(prune(request).plan.unasked, ElementsAre("b"));
}

TEST_F(PruneDamaged, NoneGoesWhereAPlaceHasASoundCopyOrCannotSay) {
    back_up(*repository);
    const Manifest newest = back_up(*repository);
    const auto second = second_place();
    damage(*memory, newest);
    places.push_back({"b", second, 1});
    expect_stays(newest, let_go());  // what reads for all of them has lost it meanwhile
    damage(*second, newest);
    second->remote = true;
    second->before = [](const std::string& operation, const std::string& object) {
        if (operation == "get" && object.starts_with("manifests/")) throw UnrulyLocation::failure();
    };
    expect_stays(newest, let_go());
    second->before = nullptr;
    const PruneReport report = prune(let_go());
    EXPECT_TRUE(report.plan.damaged_leave);
    EXPECT_FALSE(report.held_for_good);
    EXPECT_TRUE(is_marked(newest));
}

TEST_F(PruneDamaged, IncrementalsGoWithTheFullOneThatTheyCannotBeRestoredWithout) {
    const Manifest other = back_up(*repository);
    const Manifest full = back_up(*repository);
    const Manifest incremental = back_up(*repository, BackupType::incremental, &full);
    const Manifest sound = back_up(*repository, BackupType::incremental, &other);
    damage(*memory, full);
    const PruneReport held = prune();
    EXPECT_EQ(damaged_in(held), (std::set<std::string>{full.id.hex(), incremental.id.hex()}));
    EXPECT_TRUE(held.held_for_good);
    EXPECT_THAT(held.held, HasSubstr("is not known"));
    const PruneReport report = prune(let_go());
    EXPECT_EQ(report.plan.leaving, 2U);
    EXPECT_EQ(report.held, "");
    EXPECT_FALSE(report.held_for_good);
    EXPECT_EQ(listed(), (std::set<std::string>{other.id.hex(), sound.id.hex()}));
    prune_for(4);
    EXPECT_FALSE(has(full) || has_pack(full) || has(incremental) || has_pack(incremental));
    EXPECT_TRUE(has_pack(other) && has_pack(sound));
}

// As earlier versions of this program left it.
TEST_F(PruneDamaged, AnIncrementalWhoseFullOneWasLetGoAloneIsFoundAndGoes) {
    const Manifest other = back_up(*repository);
    const Manifest full = back_up(*repository);
    const Manifest incremental = back_up(*repository, BackupType::incremental, &full);
    damage(*memory, full);
    retire(full);
    for (const bool dry_run : {true, false}) {
        PruneRequest request;
        request.dry_run = dry_run;
        const PruneReport held = prune(request);
        EXPECT_TRUE(held.held_for_good);
        ASSERT_EQ(damaged_in(held), std::set<std::string>{incremental.id.hex()});
        EXPECT_THAT(held.plan.damaged[0].reason, HasSubstr("full backup " + full.id.brief()));
    }
    EXPECT_EQ(prune(let_go()).held, "");
    EXPECT_EQ(listed(), std::set<std::string>{other.id.hex()});
    EXPECT_FALSE(prune().held_for_good);
}

TEST_F(PruneDamaged, AFullBackupThatIsNowhereIsAsGoodAsDamaged) {
    back_up(*repository);
    const Manifest full = back_up(*repository);
    const Manifest incremental = back_up(*repository, BackupType::incremental, &full);
    memory->memory.remove(object_name(ObjectType::manifest, full.id));
    const PruneReport held = prune();
    EXPECT_EQ(damaged_in(held), std::set<std::string>{incremental.id.hex()});
    EXPECT_THAT(held.held, HasSubstr("is missing"));
    EXPECT_TRUE(held.held_for_good);
    prune_for(4);
    EXPECT_TRUE(has_pack(full)) << "somebody may bring the manifest back";
    EXPECT_FALSE(prune(let_go()).held_for_good);
    prune_for(4);
    EXPECT_FALSE(has(incremental) || has_pack(full));
}

// This program makes none, but whoever can store backups may.
TEST_F(PruneDamaged, ARowOfBackupsMadeAgainstOneAnotherGoesAsAWhole) {
    back_up(*repository);
    const Manifest full = back_up(*repository);
    const Manifest second = back_up(*repository, BackupType::incremental, &full);
    const Manifest third = back_up(*repository, BackupType::incremental, &second);
    memory->memory.remove(object_name(ObjectType::manifest, full.id));
    EXPECT_EQ(damaged_in(prune()), (std::set<std::string>{second.id.hex(), third.id.hex()}));
    const PruneReport report = prune(let_go());
    EXPECT_EQ(report.plan.leaving, 2U);
    EXPECT_FALSE(report.held_for_good);
}

TEST_F(PruneDamaged, APinOrAProofHoldsNothingThatCannotBeRestored) {
    back_up(*repository);
    const Manifest full = back_up(*repository);
    const Manifest incremental = back_up(*repository, BackupType::incremental, &full);
    set_pin(*repository, full.id, true, "");
    repository->record_proof(incremental.id, "a test");
    damage(*memory, full);
    const PruneReport report = prune(let_go());
    EXPECT_EQ(report.plan.leaving, 2U);
    EXPECT_TRUE(is_marked(full) && is_marked(incremental));
    EXPECT_FALSE(prune().held_for_good);
    prune_for(4);
    EXPECT_FALSE(has(full) || has(incremental));
}

TEST_F(PruneDamaged, TheReportIsOfWhatWasDone) {
    const auto [old, fresh] = old_and_new();
    EXPECT_THAT(reasons_of_old_after([&, id = old.id] { set_pin(*repository, id, true, "a doubt"); }),
                ElementsAre("pinned pinned meanwhile: a doubt"));
    EXPECT_TRUE(listed().contains(old.id.hex()));
}

TEST_F(PruneDamaged, TheReportTellsOfAProofThatCameMeanwhile) {
    const auto [old, fresh] = old_and_new();
    EXPECT_THAT(reasons_of_old_after([&, id = old.id] { repository->record_proof(id, "a test"); }),
                ElementsAre("proved proved last, meanwhile"));
    EXPECT_TRUE(listed().contains(old.id.hex()));
}

TEST_F(PruneDamaged, WhatIsKeptForAnUpgradeIsNotCalledPinned) {
    const auto [old, fresh] = old_and_new();
    PruneRequest request;
    request.keep[old.id.hex()] = "kept for an upgrade";
    EXPECT_THAT(reasons_of_oldest(prune(request)), ElementsAre("upgrade kept for an upgrade"));
    set_pin(*repository, old.id, true, "");
    EXPECT_THAT(reasons_of_oldest(prune(request)),
                ElementsAre("pinned pinned", "upgrade kept for an upgrade"));
    EXPECT_EQ(listed().size(), 2U);
}

}  // namespace
}  // namespace bt2c::repository
