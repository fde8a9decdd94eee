// What a location refuses, or cannot give just now, is not taken for damaged or for absent. [B4]

#include <gmock/gmock.h>

#include "storage/fan_out/fan_out.hpp"
#include "unit/repository/prune_fixture.hpp"

namespace bt2c::repository {
namespace {

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

TEST_F(Unread, WhatADiskCannotGiveIsDamaged) {
    refuse(name_of(newer));
    memory->remote = false;
    const BackupList list = repository->list();
    ASSERT_EQ(list.damaged.size(), 1U);
    EXPECT_EQ(list.unread(), 0U);
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
