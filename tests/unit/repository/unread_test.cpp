// What a location refuses, or cannot give just now, is not taken for damaged or for absent. [B4]

#include <gmock/gmock.h>

#include <atomic>
#include <cerrno>

#include "repository/copies.hpp"
#include "repository/pins.hpp"
#include "repository/repair.hpp"
#include "storage/fan_out/fan_out.hpp"
#include "storage/local/local_location.hpp"
#include "support/temporary_folder.hpp"
#include "unit/repository/prune_fixture.hpp"

namespace bt2c::repository {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using storage::fan_out::FanOut;
using support::UnrulyLocation;
using test::error_of;
using testing::HasSubstr;

/// Two backups in a service, and a disk with the same objects.
class Unread : public test::PruneFixture {
 protected:
    Manifest older = back_up(*repository), newer = back_up(*repository);
    std::shared_ptr<UnrulyLocation> disk = [this] {
        auto copy = std::make_shared<UnrulyLocation>();
        for (const auto& object : memory->memory.list(""))
            copy->memory.overwrite(object.name, memory->memory.get(object.name).value());
        return copy;
    }();

    /// Whatever begins so is refused by the service.
    void refuse(const std::string& start) const {
        memory->remote = true;
        memory->before = [start](const std::string& operation, const std::string& object) {
            if (operation == "get" && object.starts_with(start))
                throw Error(UnrulyLocation::failure("403 AccessDenied").hint("look at the policy"));
        };
    }
    /// The same of a disk; with the system's error number.
    void fail_with(const std::string& name, int code) const {
        memory->remote = false;
        memory->before = [name, code](const std::string& operation, const std::string& object) {
            if (operation == "get" && object == name)
                throw Error(UnrulyLocation::failure("the system says no").system_code(code));
        };
    }
    static void spoil(UnrulyLocation& where, const std::string& name) {
        where.memory.overwrite(name, base::Bytes(100, 1));
    }
    static std::string name_of(const Manifest& backup) {
        return object_name(ObjectType::manifest, backup.id);
    }
    std::string slot() const { return memory->memory.list("keys").at(0).name; }
    /// The repository as both have it, and whoever fails is away.
    Repository in_both() const {
        return repository->at(std::make_shared<FanOut>(
            std::vector<storage::fan_out::Place>{{"disk", disk, false, 1}, {"service", memory, true, 1}}));
    }
};

TEST_F(Unread, BackupsOfWhichNoneCanBeReadAreNotDamagedNorNone) {
    refuse("manifests/");
    for (const auto& ask : std::vector<std::function<void()>>{
             [&] { repository->list(); }, [&] { repository->latest(); }, [&] { repository->find("latest"); },
             [&] { repository->find(newer.id.hex()); }}) {
        const Error error = error_of(ask);
        EXPECT_EQ(error.kind(), ErrorKind::failed);
        EXPECT_THAT(error.in_full(), HasSubstr("403 AccessDenied"));
        EXPECT_EQ(error.hint(), "look at the policy");
    }
    EXPECT_EQ(error_of([&] { repository->list(); }).state(), "nothing was changed");
    // Damage beside it makes the others no more readable.
    memory->before = nullptr;
    spoil(*memory, name_of(older));
    refuse(name_of(newer));
    EXPECT_THAT(error_of([&] { repository->list(); }).in_full(), HasSubstr("403 AccessDenied"));
}

TEST_F(Unread, OneThatCannotBeReadIsToldApartFromADamagedOne) {
    const Manifest newest = back_up(*repository);
    spoil(*memory, name_of(older));
    refuse(name_of(newest));
    const LatestBackup latest = repository->latest();
    EXPECT_EQ(latest.manifest.id, newer.id);
    const BackupList list = repository->list();
    ASSERT_EQ(list.damaged.size(), 2U);
    EXPECT_EQ(list.unread(), 1U);
    for (const DamagedBackup& backup : latest.damaged) {
        EXPECT_EQ(backup.unread, backup.id == newest.id.hex());
        EXPECT_THAT(backup.reason, HasSubstr(backup.unread ? "403 AccessDenied" : "is damaged"));
    }
}

TEST_F(Unread, WhereOnlyASafetyBackupCanBeReadTheLatestIsNotKnown) {
    back_up(*repository, BackupType::safety);
    spoil(*memory, name_of(older));
    refuse(name_of(newer));
    const Error error = error_of([&] { repository->latest(); });
    EXPECT_THAT(error.message(), HasSubstr(newer.id.hex() + " cannot be read"));
    EXPECT_THAT(error.hint(), HasSubstr("location status"));
    spoil(*memory, name_of(newer));
    memory->before = nullptr;
    EXPECT_EQ(error_of([&] { repository->latest(); }).cause(), "2 are damaged");
}

TEST_F(Unread, WhateverKeepsADiskFromGivingItItIsNotDamaged) {
    for (const int code : {EMFILE, ENFILE, ENOMEM, EACCES, EPERM, ESTALE, ENODEV, EHOSTUNREACH, EREMOTEIO,
                           EIO, EBADMSG, EUCLEAN, ENODATA, 0}) {
        fail_with(name_of(newer), code);
        const BackupList list = repository->list();
        ASSERT_EQ(list.damaged.size(), 1U);
        EXPECT_EQ(list.unread(), 1U) << code;
        const bool of_disk = code == EIO || code == EBADMSG || code == EUCLEAN || code == ENODATA;
        EXPECT_EQ(list.damaged[0].disk, of_disk) << code;
    }
}

/// A service that sends as much as it is asked for, whatever it has.
TEST_F(Unread, WhatGoesOnBehindItsEndIsDamagedAndNotReadForLong) {
    memory->too_long = "manifests";
    const BackupList list = repository->list();
    EXPECT_EQ(list.damaged.size(), 2U);
    EXPECT_EQ(list.unread(), 0U);
    EXPECT_LE(memory->sent, std::uint64_t{5} << 20);
}

TEST_F(Unread, ALargeOneIsReadWholeByTheSizeThatTheCopyHas) {
    const std::string name = "manifests/" + std::string(64, 'a');
    base::Bytes large(std::size_t{3} << 20, 1);
    disk->memory.overwrite(name, large);
    EXPECT_EQ(get_sized(*disk, name, manifest_bytes_max), large);
    EXPECT_EQ(get_sized(*disk, name, 1000).value().size(), 1000U);
    disk->too_long = "manifests";
    EXPECT_EQ(get_sized(*disk, name, manifest_bytes_max).value().size(), large.size() + 1);
}

TEST_F(Unread, WhatIsNoFileIsDamaged) {
    fail_with(name_of(newer), EISDIR);
    EXPECT_EQ(repository->list().unread(), 0U);
    const support::TemporaryFolder folder;
    storage::local::LocalLocation place(folder.path());
    fs::create_directories(folder.path() / "manifests" / "x");
    EXPECT_TRUE(is_failure_damage(place, error_of([&] { place.get("manifests/x"); })));
}

TEST_F(Unread, ACheckLooksAtAllElseAndTellsWhatItCouldNotRead) {
    set_pin(*repository, older.id, true, "");
    repository->record_proof(older.id, "a test");
    repository->store_small(*memory, ObjectType::retired, older.id,
                            base::Json::object({{"backup", older.id.hex()}}));
    spoil(*memory, name_of(older));
    const std::string pack = object_name(ObjectType::pack, newer.packs[0].id);
    const std::string index = object_name(ObjectType::index, newer.id);
    for (const bool remote : {false, true})
        for (const std::string& name :
             {name_of(newer), slot(), pack, index, std::string("format"), memory->memory.list("pins")[0].name,
              memory->memory.list("proofs")[0].name, object_name(ObjectType::retired, older.id)}) {
            fail_with(name, EMFILE);
            memory->remote = remote;
            const auto found = findings();
            ASSERT_TRUE(found.contains(name)) << name;
            EXPECT_EQ(finding_name(found.at(name)), "unread") << name;
            for (const auto& [object, kind] : found)
                EXPECT_TRUE(object == name || kind != FindingKind::unread) << object;
            if (name == name_of(newer) || name == pack || name == index) continue;
            EXPECT_TRUE(found.contains(name_of(newer))) << "its pages are looked at all the same: " << name;
        }
}

TEST_F(Unread, ACheckOfAPlaceThatIsLostBlamesNoneOfIt) {
    std::atomic<bool> gone = false;
    memory->before = [&](const std::string&, const std::string& object) {
        gone = gone || object.starts_with("packs/");
        if (gone) throw UnrulyLocation::failure("it is gone");
    };
    const Error error = error_of([&] { findings(); });
    EXPECT_THAT(error.message(), HasSubstr("not all of it could be read"));
    EXPECT_THAT(error.cause(), HasSubstr("it is gone"));
}

TEST_F(Unread, ARepairReplacesOfItWhatADiskCannotGive) {
    base::SilentProgress silent;
    const std::string name = name_of(newer);
    const auto repair = [&](int code) {
        fail_with(name, code);
        const auto get = memory->before;
        memory->before = [get, gone = std::make_shared<bool>()](const std::string& operation,
                                                                const std::string& object) {
            if (operation == "remove") *gone = true;
            if (!*gone) get(operation, object);
        };
        const CheckReport found = check_repository(*repository, false, silent);
        return repair_location(in_both(), memory, found, silent).mended.size();
    };
    EXPECT_EQ(repair(EACCES), 0U);
    EXPECT_EQ(repair(EMFILE), 0U);
    EXPECT_EQ(repair(EIO), 1U);
    EXPECT_EQ(memory->memory.get(name), disk->memory.get(name));
}

TEST_F(Unread, APruneTellsItAndLetsItStay) {
    const Manifest incremental = back_up(*repository, BackupType::incremental, &newer);
    PruneRequest request;
    request.damaged = true;
    for (const int code : {EMFILE, EACCES, EIO}) {
        fail_with(name_of(newer), code);
        const PruneReport report = prune(request);
        ASSERT_EQ(report.plan.unread.size(), 2U) << "with the one that builds on it";
        for (const DamagedBackup& backup : report.plan.unread) EXPECT_EQ(backup.disk, code == EIO);
        EXPECT_TRUE(report.plan.damaged.empty() && report.plan.unasked.empty());
        EXPECT_TRUE(report.unread);
        EXPECT_FALSE(report.held_for_good);
        EXPECT_THAT(report.held, HasSubstr("is not known"));
    }
    // Another one, which was read and is damaged, goes.
    spoil(*memory, name_of(older));
    const PruneReport report = prune(request);
    EXPECT_TRUE(report.plan.damaged_leave);
    EXPECT_EQ(report.plan.leaving, 1U);
    EXPECT_FALSE(report.held_for_good);
    memory->before = nullptr;
    EXPECT_EQ(listed(), (std::set<std::string>{newer.id.hex(), incremental.id.hex()}));
}

TEST_F(Unread, APruneNamesThePlaceThatIsAway) {
    fail_with(name_of(newer), EACCES);
    PruneRequest request;
    request.away.push_back({"service", disk, 1});
    const PrunePlan plan = prune(request).plan;
    EXPECT_THAT(plan.unasked, testing::ElementsAre("service"));
    EXPECT_EQ(plan.unread.size(), 1U);
}

TEST_F(Unread, DamagedInOnePlaceItMayBeSoundInOneThatIsLost) {
    for (const Manifest* backup : {&older, &newer}) spoil(*disk, name_of(*backup));
    refuse(name_of(newer));
    // Whichever is read first: once the service is lost it cannot be asked for the other either.
    const Error error = error_of([&] {
        const BackupList list = in_both().list();
        ASSERT_EQ(list.backups.size(), 1U);
        ASSERT_EQ(list.unread(), 1U);
        throw Error(ErrorKind::failed, list.damaged.front().reason);
    });
    EXPECT_THAT(error.in_full(), HasSubstr("403 AccessDenied"));
    memory->before = nullptr;
    EXPECT_EQ(in_both().list().backups.size(), 2U);
    spoil(*memory, name_of(newer));
    const BackupList list = in_both().list();
    ASSERT_EQ(list.damaged.size(), 1U);
    EXPECT_EQ(list.unread(), 0U) << "it is damaged in both, and both were read";
}

TEST_F(Unread, NothingIsSaidOfASecretWhileASlotCannotBeRead) {
    refuse("keys/");
    for (const std::uint8_t key : std::initializer_list<std::uint8_t>{7, 9}) {
        const Error error = error_of([&] { Repository::open(memory, test::key_secret(key)); });
        EXPECT_EQ(error.kind(), ErrorKind::failed);
        EXPECT_THAT(error.message(), HasSubstr("not all key slots could be read"));
        EXPECT_THAT(error.cause(), HasSubstr("403 AccessDenied"));
        EXPECT_EQ(error.hint(), "look at the policy");
        EXPECT_NE(error.state(), "");
    }
    const SlotList list = list_slots(*memory);
    EXPECT_TRUE(list.slots.empty() && list.damaged.empty());
    ASSERT_EQ(list.unread.size(), 1U);
    EXPECT_EQ(list.unread[0].name, slot());
    // The one that is refused may be the one that the secret opens.
    memory->before = nullptr;
    const std::string first = slot();
    add_slot(*memory, repository->id(), repository->keys().master(), test::key_secret(9), "another");
    refuse(first);
    EXPECT_EQ(error_of([&] { Repository::open(memory, test::key_secret(7)); }).kind(), ErrorKind::failed);
    EXPECT_EQ(Repository::open(memory, test::key_secret(9)).id(), repository->id());
}

TEST_F(Unread, ASlotThatIsDamagedIsCalledSo) {
    spoil(*memory, slot());
    memory->remote = true;
    ASSERT_TRUE(memory->memory.put("keys/readme", base::as_bytes("no slot")));
    const SlotList list = list_slots(*memory);
    EXPECT_EQ(list.damaged.size(), 2U);
    EXPECT_TRUE(list.unread.empty());
    EXPECT_THAT(error_of([&] { Repository::open(memory, test::key_secret()); }).cause(),
                HasSubstr("is damaged"));
}

}  // namespace
}  // namespace bt2c::repository
