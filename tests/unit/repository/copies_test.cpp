// Reading a backup of which several locations have copies, while copies are damaged and servers die. [B4]

#include "base/json.hpp"
#include "repository/check.hpp"
#include "repository/intent.hpp"
#include "repository/repair.hpp"
#include "repository/sync.hpp"
#include "storage/fan_out/fan_out.hpp"
#include "support/unruly_location.hpp"
#include "unit/repository/fixture.hpp"

namespace bt2c::repository {
namespace {

using base::Bytes;
using storage::fan_out::FanOut;
using support::UnrulyLocation;
using test::BackedUpHome;

/// A home backed up into a folder, and a server with the same objects that stands before it.
class Copies : public testing::Test {
 protected:
    BackedUpHome home{120};
    Manifest full = home.back_up(BackupType::full);
    Manifest incremental = [this] {
        home.grow(5);
        return home.back_up(BackupType::incremental);
    }();
    Bytes expected = test::image_of(home.repository, incremental);
    std::shared_ptr<UnrulyLocation> server = [this] {
        auto copy = std::make_shared<UnrulyLocation>();
        for (const auto& object : home.location->list(""))
            copy->memory.overwrite(object.name, home.location->get(object.name).value());
        return copy;
    }();

    std::shared_ptr<FanOut> fan() const {
        return std::make_shared<FanOut>(std::vector<storage::fan_out::Place>{
            {"server", server, false, 1}, {"folder", home.location, true, 1}});
    }
};

TEST_F(Copies, OneThatIsSlowIsPassedOver) {
    std::atomic<int> asked = 0;
    server->before = [&](const std::string&, const std::string& object) {
        if (!object.starts_with("packs/")) return;
        ++asked;
        UnrulyLocation::hang();
    };
    const auto both = std::make_shared<FanOut>(std::vector<storage::fan_out::Place>{
        {"server", server, false, 1, std::chrono::milliseconds(20)}, {"folder", home.location, true, 1}});
    const Repository whole = home.repository.at(both);
    EXPECT_EQ(test::image_of(whole, whole.find("latest")), expected);
    EXPECT_EQ(both->slow().size(), 1U);
    EXPECT_TRUE(both->faults().empty()) << "slow is not damaged";
    EXPECT_LE(asked, 16);  // those that were under way when the first of them took too long
}

TEST_F(Copies, AServerMayDieAtAnyReading) {
    for (int readings = 0; readings < 40; readings += 3) {
        std::atomic<int> left = readings;
        server->before = [&](const std::string&, const std::string&) {
            if (left-- <= 0) throw UnrulyLocation::failure();
        };
        const Repository whole = home.repository.at(fan());
        EXPECT_EQ(test::image_of(whole, whole.find("latest")), expected) << readings;
    }
}

TEST_F(Copies, ASlotThatWouldOpenNothingIsFoundThoughItIsNotUsedAndMended) {
    const std::string name =
        "keys/" + add_slot(*home.location, home.repository.id(), home.repository.keys().master(),
                           {SlotKind::recovery_phrase, crypto::SecretBytes(32)}, "phrase")
                      .id.hex();
    const std::string sound(base::as_text(home.location->get(name).value()));
    base::SilentProgress silent;
    const Repository there = home.repository.at(server);
    for (const char* field : {"\"wrapped\": \"", "\"salt\": \"", "\"tag\": \""}) {
        std::string damaged = sound;
        char& digit = damaged.at(damaged.find(field) + std::string_view(field).size());
        digit = digit == '0' ? '1' : '0';
        server->memory.overwrite(name, Bytes(damaged.begin(), damaged.end()));
        const CheckReport report = check_repository(there, false, silent);
        ASSERT_EQ(report.findings.size(), 1U) << field;
        EXPECT_EQ(report.findings[0].object, name);
        EXPECT_EQ(report.findings[0].kind, FindingKind::damaged);
        EXPECT_EQ(repair_location(home.repository.at(fan()), server, report, silent).mended.size(), 1U)
            << field;
        EXPECT_EQ(base::as_text(server->memory.get(name).value()), sound);
        EXPECT_TRUE(check_repository(there, false, silent).ok);
    }
}

TEST_F(Copies, ASlotThatOpensNothingInTheNearestIsTriedFromTheOthers) {
    const std::string name = home.location->list("keys").at(0).name;
    std::string damaged(base::as_text(home.location->get(name).value()));
    char& digit = damaged.at(damaged.find("\"wrapped\": \"") + 12);
    digit = digit == '0' ? '1' : '0';
    server->memory.overwrite(name, Bytes(damaged.begin(), damaged.end()));
    const Repository opened = Repository::open(fan(), test::key_secret());
    EXPECT_EQ(test::image_of(opened, opened.find("latest")), expected);
    EXPECT_THROW(Repository::open(fan(), test::key_secret(9)), base::Error);
    // And that sound one is what a new place gets.
    UnrulyLocation fresh;
    sync_basics(opened, fresh, {server.get(), 1});
    EXPECT_EQ(fresh.memory.get(name), home.location->get(name));
}

TEST_F(Copies, WhatCouldNotBeReadIsNotDamagedAndStays) {
    const std::string name = object_name(ObjectType::pack, full.packs.front().id);
    const Bytes sound = server->memory.get(name).value();
    server->remote = true;
    server->before = [&](const std::string& operation, const std::string& object) {
        if (operation == "get" && object == name) throw UnrulyLocation::failure("the line was cut");
    };
    base::SilentProgress silent;
    const Repository there = home.repository.at(server);
    const CheckReport found = check_repository(there, true, silent);
    ASSERT_EQ(found.findings.size(), 1U);
    EXPECT_EQ(found.findings[0].object, name);
    EXPECT_EQ(found.findings[0].kind, FindingKind::unread);
    EXPECT_EQ(found.findings[0].text, "the line was cut");
    EXPECT_EQ(found.findings[0].backups.size(), 2U);
    EXPECT_FALSE(found.ok);
    CheckReport blames;
    blames.findings.push_back({name, FindingKind::damaged, "", {}, ""});
    const RepairReport cut = repair_location(home.repository.at(fan()), server, blames, silent);
    EXPECT_EQ(cut.left.size(), 1U);
    EXPECT_EQ(server->memory.get(name), sound);
    // Nor what a bad line spoils anew each time.
    server->before = nullptr;
    server->on_the_way = [i = std::size_t{1000}](Bytes& contents) mutable {
        if (contents.size() > i) contents[i++] ^= 1;
    };
    const RepairReport spoilt = repair_location(home.repository.at(fan()), server, blames, silent);
    ASSERT_EQ(spoilt.left.size(), 1U);
    EXPECT_NE(spoilt.left[0].why.find("two readings of it differ"), std::string::npos);
    EXPECT_EQ(server->memory.get(name), sound);
    server->on_the_way = nullptr;
    EXPECT_TRUE(check_repository(there, true, silent).ok);
}

TEST_F(Copies, BackupsThatOnlyOtherLocationsHaveAreMissingAndAreBroughtBack) {
    const std::set<std::string> all = backup_ids(home.location->list("manifests"));
    for (const storage::ObjectInfo& object : server->memory.list(""))
        if (!object.name.starts_with("keys/") && object.name != "format") server->memory.remove(object.name);
    base::SilentProgress silent;
    const Repository there = home.repository.at(server);
    EXPECT_TRUE(check_repository(there, false, silent).ok) << "nothing is known of others";
    const CheckReport found = check_repository(there, false, silent, all);
    ASSERT_EQ(found.findings.size(), 1U);
    EXPECT_EQ(found.findings[0].object, other_backups);
    EXPECT_EQ(found.findings[0].kind, FindingKind::missing);
    EXPECT_EQ(found.findings[0].backups, std::vector<std::string>(all.begin(), all.end()));
    EXPECT_FALSE(found.ok);
    {
        const Intent intent(there, *server, "backup");
        const CheckReport coming = check_repository(there, false, silent, all);
        EXPECT_FALSE(coming.ok);
        ASSERT_EQ(coming.findings.size(), 1U);
        EXPECT_EQ(coming.findings[0].kind, FindingKind::behind) << "they may be being stored";
    }
    const RepairReport repaired = repair_location(home.repository.at(fan()), server, found, silent);
    EXPECT_TRUE(repaired.left.empty());
    ASSERT_EQ(repaired.mended.size(), 1U);
    EXPECT_EQ(backup_ids(server->memory.list("manifests")), all);
    EXPECT_TRUE(check_repository(there, true, silent, all).findings.empty());
}

TEST_F(Copies, WhatBelongsToABackupOfAnotherLocationIsNotCalledLeftOver) {
    const std::string manifest = object_name(ObjectType::manifest, full.id);
    server->memory.remove(manifest);
    base::SilentProgress silent;
    for (const CheckFinding& finding :
         check_repository(home.repository.at(server), false, silent, {full.id.hex()}).findings)
        EXPECT_NE(finding.kind, FindingKind::unreferenced) << finding.object << ": " << finding.text;
}

TEST_F(Copies, WhoLacksAnObjectIsNotBlamed) {
    server->memory.remove(object_name(ObjectType::pack, full.packs.front().id));
    const auto both = fan();
    const Repository whole = home.repository.at(both);
    EXPECT_EQ(test::image_of(whole, whole.find("latest")), expected);
    EXPECT_TRUE(both->faults().empty());
}

TEST_F(Copies, SlotsOfEarlierVersionsHaveNoTag) {
    const std::string name = home.location->list("keys").at(0).name;
    base::Json slot = base::Json::parse(base::as_text(home.location->get(name).value()));
    base::Json older = base::Json::object({});
    for (const char* key : {"version", "kind", "label", "created_at", "salt", "wrapped"})
        older.set(key, slot.at(key));
    const std::string text = older.dump();
    server->memory.overwrite(name, Bytes(text.begin(), text.end()));
    base::SilentProgress silent;
    EXPECT_TRUE(check_repository(home.repository.at(server), false, silent).ok);
}

TEST_F(Copies, EachObjectMayBeDamagedInOneOfThem) {
    bool here = true;
    for (const auto& object : home.location->list("")) {
        if (object.name == "format" || object.name.starts_with("keys/")) continue;
        // Turn by turn in the one and in the other.
        if (here) {
            Bytes contents = server->memory.get(object.name).value();
            contents[contents.size() / 2] ^= 1;
            server->memory.overwrite(object.name, contents);
        } else {
            test::truncate(home.root / object.name, object.bytes / 2);
        }
        here = !here;
    }
    const auto both = fan();
    const Repository whole = home.repository.at(both);
    EXPECT_EQ(test::image_of(whole, whole.find("latest")), expected);
    EXPECT_EQ(both->faults().size(),
              1U);  // the nearest is asked first; what is sound there is not sought again
    EXPECT_EQ(both->faults().at(0).part, "server");
}

/// Locations that all have damaged copies of each pack, each copy in another place.
class DamagedCopies : public Copies {
 protected:
    std::vector<std::shared_ptr<UnrulyLocation>> servers;

    /// Turns a bit round in each pack of `count` servers, in each of them elsewhere.
    void damage_packs(int count) {
        for (int i = 0; i < count; ++i) {
            auto& to = servers.emplace_back(std::make_shared<UnrulyLocation>());
            for (const auto& object : home.location->list("")) {
                Bytes contents = home.location->get(object.name).value();
                if (object.name.starts_with("packs/"))
                    contents[contents.size() * static_cast<std::size_t>(1 + 2 * i) /
                             static_cast<std::size_t>(2 * count)] ^= 1;
                to->memory.overwrite(object.name, contents);
            }
        }
    }
    std::shared_ptr<FanOut> all(std::size_t more = 0) {
        std::vector<storage::fan_out::Place> places;
        for (std::size_t i = 0; i < more; ++i) servers.push_back(std::make_shared<UnrulyLocation>());
        for (const auto& one : servers)
            places.push_back({std::to_string(places.size()), one, false, 1, std::chrono::seconds(10)});
        return std::make_shared<FanOut>(std::move(places));
    }
    RepairReport repair(const Repository& whole, const std::shared_ptr<UnrulyLocation>& target) {
        const CheckReport found = check_repository(whole.at(target), true, silent);
        EXPECT_FALSE(found.ok);
        return repair_location(whole, target, found, silent);
    }
    bool is_sound(const Repository& whole, const std::shared_ptr<UnrulyLocation>& one) {
        return check_repository(whole.at(one), true, silent).ok;
    }
    base::SilentProgress silent;
};

TEST_F(DamagedCopies, ARestoreTakesWhatIsSoundOfEach) {
    damage_packs(2);
    const Repository whole = home.repository.at(all());
    EXPECT_EQ(test::image_of(whole, whole.find("latest")), expected);
}

TEST_F(DamagedCopies, ThreeAreMendedOutOfEachOther) {
    damage_packs(3);
    const Repository whole = home.repository.at(all());
    for (const auto& one : servers) {
        EXPECT_TRUE(repair(whole, one).left.empty());
        EXPECT_TRUE(is_sound(whole, one));
    }
}

TEST_F(DamagedCopies, WhatOnlyADamagedCopyHasIsNeverRemovedBeforeItIsElsewhere) {
    damage_packs(2);
    const auto packs = home.location->list("packs").size();
    const auto places = all(1);
    const Repository whole = home.repository.at(places);
    for (int i = 0; i < 2; ++i) {
        const RepairReport report = repair(whole, servers[0]);
        EXPECT_TRUE(report.mended.empty());
        ASSERT_EQ(report.left.size(), packs);
        EXPECT_NE(report.left.front().why.find("location sync"), std::string::npos)
            << report.left.front().why;
    }
    EXPECT_TRUE(sync_location(whole, *servers[2], {}, silent).left.empty());
    EXPECT_TRUE(is_sound(whole, servers[2]));
    for (const auto& one : {servers[0], servers[1]}) {
        EXPECT_TRUE(repair(whole, one).left.empty());
        EXPECT_TRUE(is_sound(whole, one));
    }
}

TEST_F(DamagedCopies, WhatIsDamagedInTheSamePlaceStaysAsItIs) {
    damage_packs(1);
    damage_packs(1);
    const Repository whole = home.repository.at(all());
    for (const auto& one : servers) EXPECT_TRUE(repair(whole, one).mended.empty());
    EXPECT_EQ(servers[0]->memory.list("packs").size(), home.location->list("packs").size());
}

TEST_F(Copies, WhatIsDamagedEverywhereIsTold) {
    const std::string name = object_name(ObjectType::manifest, full.id);
    Bytes contents = server->memory.get(name).value();
    contents.back() ^= 1;
    server->memory.overwrite(name, contents);
    test::flip_bit(home.root / name, contents.size() - 1);
    const Repository whole = home.repository.at(fan());
    EXPECT_EQ(test::error_of([&] { whole.manifest(full.id); }).cause(), "its seal does not verify");
}

TEST_F(Copies, ABackupBlamesNoneThatIsSlower) {
    std::atomic<bool> slow = true;
    server->before = [&](const std::string& operation, const std::string&) {
        while (operation == "put" && slow) {
            base::throw_if_interrupted();
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    };
    const auto both = fan();
    base::SilentProgress silent;
    backup::BackupRequest request;
    request.type = BackupType::full;
    const Manifest made = backup::make_backup(home.home, home.repository.at(both), request, silent).manifest;
    slow = false;
    EXPECT_EQ(both->uploads().finish(std::chrono::seconds(30)).at(0).standing,
              storage::fan_out::Standing::ok);
    EXPECT_TRUE(both->faults().empty());
    EXPECT_TRUE(server->memory.get(object_name(ObjectType::manifest, made.id)).has_value());
}

TEST_F(Copies, ABackupByAnotherNodeIsRefusedUntilItTakesOver) {
    base::SilentProgress silent;
    backup::BackupRequest request;
    request.type = BackupType::full;
    request.node = NodeIdentity{"one", "0123456789abcdef", "home"};
    const Manifest first = backup::make_backup(home.home, home.repository, request, silent).manifest;
    EXPECT_EQ(home.repository.manifest(first.id).node, request.node);
    request.node->machine = "another";
    const base::Error refused =
        test::error_of([&] { backup::make_backup(home.home, home.repository, request, silent); });
    EXPECT_NE(refused.hint().find("--takeover"), std::string::npos);
    request.node = NodeIdentity{"one", "0123456789abcdef", "a copy of it"};
    EXPECT_NE(test::error_of([&] { backup::make_backup(home.home, home.repository, request, silent); })
                  .message()
                  .find("another home"),
              std::string::npos);
    // A restore keeps the present state first, whoever made the backups.
    request.type = BackupType::safety;
    backup::make_backup(home.home, home.repository, request, silent);
    request.type = BackupType::full;
    request.takeover = true;
    const base::UnixMs now = base::now_unix_ms();
    const Manifest taken = backup::make_backup(home.home, home.repository, request, silent).manifest;
    // What the other one stored in a location that is away now has lower numbers.
    EXPECT_GE(taken.sequence, static_cast<std::uint64_t>(now));
    request.takeover = false;
    const Manifest next = backup::make_backup(home.home, home.repository, request, silent).manifest;
    EXPECT_EQ(next.sequence, taken.sequence + 1);
}

}  // namespace
}  // namespace bt2c::repository
