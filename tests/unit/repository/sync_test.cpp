// Locations that lost what says what they are: their key slots, or the object 'format'. [B4]

#include "repository/sync.hpp"

#include <algorithm>

#include "repository/repair.hpp"
#include "storage/fan_out/fan_out.hpp"
#include "support/unruly_location.hpp"
#include "unit/repository/fixture.hpp"

namespace bt2c::repository {
namespace {

using base::Bytes;
using base::Error;
using storage::fan_out::FanOut;
using support::UnrulyLocation;

/// A repository with two slots and a backup in three locations, of which the first has the keys.
class LostBasics : public testing::Test {
 protected:
    LostBasics() {
        home.back_up(BackupType::full);
        add_slot(*home.location, home.repository.id(), home.repository.keys().master(),
                 {SlotKind::recovery_phrase, crypto::SecretBytes(32)}, "phrase");
        for (auto& location : all) {
            location = std::make_shared<UnrulyLocation>();
            for (const auto& object : home.location->list(""))
                location->memory.overwrite(object.name, home.location->get(object.name).value());
        }
    }
    std::shared_ptr<FanOut> together() const {
        std::vector<storage::fan_out::Place> places;
        for (const auto& location : all) places.push_back({"x", location, false, 1});
        return std::make_shared<FanOut>(places);
    }
    Repository whole() const { return home.repository.at(together()); }
    SyncReport sync(std::size_t target) const {
        base::SilentProgress silent;
        return sync_location(whole(), *all[target], {all[0].get(), 1}, silent);
    }
    CheckReport check(std::size_t target) const {
        base::SilentProgress silent;
        return check_repository(home.repository.at(all[target]), false, silent);
    }
    RepairReport repair(std::size_t target) const {
        base::SilentProgress silent;
        return repair_location(whole(), all[target], check(target), silent, {all[0].get(), 1});
    }
    std::set<std::string> slots(std::size_t location) const {
        return backup_ids(all[location]->memory.list("keys"));
    }
    void lose_slots(std::size_t location) const {
        for (const std::string& id : slots(location)) all[location]->memory.remove("keys/" + id);
    }

    test::BackedUpHome home{60};
    std::array<std::shared_ptr<UnrulyLocation>, 3> all;
};

TEST_F(LostBasics, SlotsComeBackToTheFirstAndToOthers) {
    const auto before = slots(2);
    ASSERT_EQ(before.size(), 2U);
    for (const std::size_t lost : {std::size_t{0}, std::size_t{1}}) {
        lose_slots(lost);
        EXPECT_EQ(sync(lost).objects, 2U);
        EXPECT_EQ(slots(lost), before);
        EXPECT_EQ(sync(lost).objects, 0U);
        EXPECT_NO_THROW(Repository::open(all[lost], test::key_secret()));
    }
    lose_slots(0);
    lose_slots(1);
    sync(1);
    EXPECT_EQ(slots(1), before) << "the first cannot tell which there were";
}

TEST_F(LostBasics, ASlotThatWasRemovedStaysAwayAsLongAsTheFirstHasAny) {
    const std::string removed = *slots(0).begin();
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) all[i]->memory.remove("keys/" + removed);
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) EXPECT_EQ(sync(i).objects, 0U);
    lose_slots(1);
    EXPECT_EQ(sync(1).objects, 1U);
    EXPECT_EQ(slots(1), slots(0));
}

TEST_F(LostBasics, TheSlotThatTheRepositoryIsOpenedWithComesBackWhereItIsAskedFor) {
    const auto before = slots(2);
    base::SilentProgress silent;
    for (const std::size_t lost : {std::size_t{0}, std::size_t{1}}) {
        const Repository opened = Repository::open(together(), test::key_secret());
        const std::string name = "keys/" + opened.opened_slot().value().hex();
        all[lost]->memory.remove(name);
        const CheckReport found = check_repository(opened.at(all[lost]), false, silent);
        ASSERT_EQ(found.findings.size(), 1U);
        EXPECT_EQ(found.findings[0].object, name);
        EXPECT_EQ(found.findings[0].kind, FindingKind::missing);
        EXPECT_EQ(repair_location(opened, all[lost], found, silent, {all[0].get(), 1}).mended.size(), 1U);
        EXPECT_EQ(slots(lost), before);
        EXPECT_TRUE(check_repository(opened.at(all[lost]), false, silent).ok);
        all[lost]->memory.remove(name);
        const SyncReport brought =
            sync_basics(opened, *all[lost], {.slots = all[0].get(), .uploads = 1, .bring_opened = true});
        EXPECT_EQ(brought.objects, 1U);
        EXPECT_EQ(slots(lost), before);
    }
}

TEST_F(LostBasics, SlotsComeFromASoundCopy) {
    lose_slots(0);
    const std::string name = "keys/" + *slots(1).begin();
    const Bytes sound = all[1]->memory.get(name).value();
    all[1]->memory.overwrite(name, Bytes(sound.begin(), sound.begin() + 10));
    sync(0);
    EXPECT_EQ(all[0]->memory.get(name), sound);
}

TEST_F(LostBasics, ACheckFindsThatThereAreNoSlotsAndARepairBringsThemBack) {
    for (const std::size_t lost : {std::size_t{0}, std::size_t{1}}) {
        const auto before = slots(lost);
        lose_slots(lost);
        const CheckReport found = check(lost);
        EXPECT_FALSE(found.ok);
        ASSERT_EQ(found.findings.size(), 1U);
        EXPECT_EQ(found.findings[0].object, all_slots);
        EXPECT_EQ(found.findings[0].kind, FindingKind::missing);
        const RepairReport mended = repair(lost);
        EXPECT_TRUE(mended.left.empty());
        ASSERT_EQ(mended.mended.size(), 1U);
        EXPECT_GT(mended.mended[0].bytes, 100U);
        EXPECT_EQ(slots(lost), before);
        EXPECT_TRUE(check(lost).ok);
    }
}

TEST_F(LostBasics, SlotsThatNoLocationHasAreTold) {
    for (std::size_t i = 0; i < all.size(); ++i) lose_slots(i);
    const RepairReport report = repair(1);
    EXPECT_TRUE(report.mended.empty());
    ASSERT_EQ(report.left.size(), 1U);
    EXPECT_NE(report.left[0].why.find("no other location"), std::string::npos) << report.left[0].why;
}

TEST_F(LostBasics, ADamagedFormatIsFoundAndMended) {
    const Bytes sound = all[2]->memory.get("format").value();
    for (const std::string damaged : {"", "{", "{}", R"({"format":"other","version":1})"}) {
        all[1]->memory.overwrite("format", Bytes(damaged.begin(), damaged.end()));
        const CheckReport found = check(1);
        ASSERT_EQ(found.findings.size(), 1U) << damaged;
        EXPECT_EQ(found.findings[0].object, "format");
        EXPECT_EQ(found.findings[0].kind, FindingKind::damaged);
        EXPECT_EQ(repair(1).mended.size(), 1U) << damaged;
        EXPECT_EQ(all[1]->memory.get("format"), sound);
        EXPECT_TRUE(check(1).ok);
    }
}

TEST_F(LostBasics, BothAreMendedAtOnce) {
    const auto before = slots(0);
    lose_slots(0);
    all[0]->memory.overwrite("format", Bytes());
    EXPECT_EQ(check(0).findings.size(), 2U);
    EXPECT_EQ(repair(0).mended.size(), 2U);
    EXPECT_EQ(slots(0), before);
    EXPECT_TRUE(check(0).ok);
}

TEST_F(LostBasics, AFormatOfANewerProgramStays) {
    const std::string newer = R"({"format":"bt2c-dr repository","version":2})";
    all[1]->memory.overwrite("format", Bytes(newer.begin(), newer.end()));
    const CheckReport found = check(1);
    ASSERT_EQ(found.findings.size(), 1U);
    EXPECT_EQ(found.findings[0].kind, FindingKind::unknown_version);
    EXPECT_TRUE(repair(1).mended.empty());
    EXPECT_EQ(base::as_text(all[1]->memory.get("format").value()), newer);
}

TEST_F(LostBasics, TheFormatOfWhatIsNotOursStays) {
    const test::BackedUpHome other(1);
    other.back_up(BackupType::full);
    all[1] = std::make_shared<UnrulyLocation>();
    for (const auto& object : other.location->list(""))
        all[1]->memory.overwrite(object.name, other.location->get(object.name).value());
    all[1]->memory.overwrite("format", Bytes());
    CheckReport found;
    found.findings.push_back({"format", FindingKind::damaged, "", {}, ""});
    base::SilentProgress silent;
    const RepairReport report = repair_location(whole(), all[1], found, silent);
    EXPECT_TRUE(report.mended.empty());
    EXPECT_EQ(all[1]->memory.get("format"), Bytes());
}

// Each way of reading it gives the same wrong bytes: what was stored anew would be "damaged" for ever.
TEST_F(LostBasics, AWayThatChangesAllIsNotMendedObjectByObject) {
    all[1]->remote = true;
    all[1]->on_the_way = [](Bytes& contents) {
        if (!contents.empty()) contents[contents.size() / 2] ^= 1;
    };
    int removed = 0;
    all[1]->before = [&](const std::string& operation, const std::string&) {
        removed += operation == "remove";
    };
    const RepairReport report = repair(1);
    EXPECT_TRUE(report.mended.empty());
    EXPECT_LE(removed, 1);
    ASSERT_FALSE(report.left.empty());
    EXPECT_NE(report.left.back().why.find("changes it"), std::string::npos) << report.left.back().why;
    all[1]->on_the_way = nullptr;
    EXPECT_TRUE(check(1).ok);
}

/// Somebody else's repository in the same place.
class TwoNodes : public LostBasics {
 protected:
    TwoNodes() {
        std::vector<Repository::LabelledSecret> secrets;
        secrets.push_back({test::key_secret(9), "theirs"});
        Repository::init(other, secrets);
    }
    std::shared_ptr<storage::memory::MemoryLocation> other =
        std::make_shared<storage::memory::MemoryLocation>();
    std::shared_ptr<UnrulyLocation> place = std::make_shared<UnrulyLocation>();

    void move_in() {
        for (const auto& object : other->list(""))
            place->memory.overwrite(object.name, other->get(object.name).value());
    }
};

TEST_F(TwoNodes, WhoComesSecondIsTold) {
    place->before = [&](const std::string& operation, const std::string& object) {
        if (operation == "put" && object == "format") move_in();
    };
    const Error error = test::error_of([&] { sync_basics(whole(), *place, {}); });
    EXPECT_NE(error.message().find("another repository"), std::string::npos) << error.message();
    EXPECT_EQ(place->memory.list("keys").size(), other->list("keys").size()) << "no slots of ours are left";
    EXPECT_EQ(place->memory.get("format"), other->get("format"));
}

TEST_F(TwoNodes, NoRepairTakesAPlaceFromTheOther) {
    // Keys of both lie there: of the first, which came a moment later, and of the one that it names.
    sync_basics(whole(), *place, {});
    move_in();
    base::SilentProgress silent;
    const CheckReport found = check_repository(home.repository.at(place), false, silent);
    const RepairReport report = repair_location(whole(), place, found, silent, {});
    EXPECT_EQ(place->memory.get("format"), other->get("format"));
    EXPECT_TRUE(std::ranges::any_of(report.left, [](const NotCopied& left) {
        return left.object == "format" && left.why.find("another repository") != std::string::npos;
    }));
}

}  // namespace
}  // namespace bt2c::repository
