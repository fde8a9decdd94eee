// The object 'format': a repository is not lost with it. [B4]
#include "repository/repository_format.hpp"

#include <fstream>

#include "base/json.hpp"
#include "base/text.hpp"
#include "repository/check.hpp"
#include "repository/repair.hpp"
#include "storage/fan_out/fan_out.hpp"
#include "storage/memory/memory_location.hpp"
#include "support/unruly_location.hpp"
#include "unit/repository/fixture.hpp"

namespace bt2c::repository {
namespace {

using base::Bytes;
using base::ErrorKind;
using storage::memory::MemoryLocation;
using test::error_of;
using test::key_secret;

class FormatObject : public testing::Test {
 protected:
    FormatObject() { home.back_up(BackupType::full); }

    void write(const std::string& text) const { test::overwrite(home.root / "format", text); }
    Repository opened() const { return Repository::open(home.location, key_secret()); }
    CheckReport check() const {
        base::SilentProgress silent;
        return check_repository(opened(), false, silent);
    }
    RepairReport repair() const {
        base::SilentProgress silent;
        return repair_location(opened(), home.location, check(), silent, {});
    }
    /// As earlier builds stored them.
    void strip_slots() const {
        for (const auto& slot : home.location->list("keys")) {
            const Bytes contents = home.location->get(slot.name).value();
            std::string text(base::as_text(contents));
            const std::size_t at = text.find("  \"repository\"");
            text.erase(at, text.find('\n', at) + 1 - at);
            test::overwrite(home.root / slot.name, text);
        }
    }

    test::BackedUpHome home;
    std::string sound = format_text(home.repository.id(), read_format(*home.location).created_at);
};

TEST_F(FormatObject, IsTheTextOfWhatItTells) {
    EXPECT_EQ(base::as_text(home.location->get("format").value()), sound);
    EXPECT_EQ(read_format(*home.location).damage, "");
}

TEST_F(FormatObject, WithAnyOfItsBitsTurnedTheRepositoryOpensAndIsMended) {
    for (std::size_t at = 0; at < sound.size(); ++at) {
        std::string damaged = sound;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 7)));
        write(damaged);
        const Repository repository = opened();
        ASSERT_EQ(repository.id(), home.repository.id()) << damaged;
        ASSERT_EQ(repository.list().backups.size(), 1U) << damaged;
    }
    write(sound.substr(0, 90));
    EXPECT_NE(read_format(*home.location).damage, "");
    const CheckReport found = check();
    ASSERT_EQ(found.findings.size(), 1U);
    EXPECT_EQ(found.findings[0].object, "format");
    EXPECT_EQ(found.findings[0].kind, FindingKind::damaged);
    EXPECT_EQ(repair().mended.size(), 1U);
    EXPECT_TRUE(check().ok);
    EXPECT_EQ(read_format(*home.location).id, home.repository.id());
    EXPECT_EQ(read_format(*home.location).damage, "");
}

TEST_F(FormatObject, WhereItIsMissingItIsMadeAnew) {
    home.location->remove("format");
    EXPECT_EQ(read_format(*home.location).damage, "it is missing");
    const CheckReport found = check();
    ASSERT_EQ(found.findings.size(), 1U);
    EXPECT_EQ(found.findings[0].kind, FindingKind::missing);
    EXPECT_EQ(repair().mended.size(), 1U);
    EXPECT_TRUE(check().ok);
}

TEST_F(FormatObject, OfSlotsThatDisagreeMostCount) {
    for (std::uint8_t fill = 1; fill < 3; ++fill)
        add_slot(*home.location, home.repository.id(), home.repository.keys().master(), key_secret(fill), "");
    add_slot(*home.location, ObjectId::random(), home.repository.keys().master(), key_secret(3), "");
    write("");
    EXPECT_EQ(opened().id(), home.repository.id());
}

TEST_F(FormatObject, SlotsOfEarlierBuildsDoNotTell) {
    strip_slots();
    EXPECT_EQ(opened().list().backups.size(), 1U);
    EXPECT_TRUE(check().ok);
    write("{}");
    EXPECT_NE(error_of([&] { opened(); }).message().find("'format' is damaged"), std::string::npos);
    home.location->remove("format");
    EXPECT_NE(error_of([&] { opened(); }).message().find("'format' is missing"), std::string::npos);
}

TEST_F(FormatObject, OfEarlierBuildsHasNoCheck) {
    base::Json json = base::Json::object({{"format", "bt2c-dr repository"},
                                          {"version", 1},
                                          {"id", home.repository.id().hex()},
                                          {"created_at", "2026-01-01T00:00:00.000Z"}});
    write(json.dump());
    EXPECT_EQ(read_format(*home.location).damage, "");
    EXPECT_TRUE(check().ok);
}

TEST_F(FormatObject, OfANewerProgramIsNotReplacedByWhatSlotsTell) {
    write(R"({"format":"bt2c-dr repository","version":2})");
    EXPECT_NE(error_of([&] { opened(); }).cause().find("version 2"), std::string::npos);
}

TEST_F(FormatObject, AnEmptyPlaceBesideItSaysNothing) {
    write("");
    const auto empty = std::make_shared<MemoryLocation>();
    for (const bool first : {true, false}) {
        std::vector<storage::fan_out::Place> places{{"own", home.location, false, 1}};
        places.insert(first ? places.begin() : places.end(), {"empty", empty, false, 1});
        storage::fan_out::FanOut both(places);
        EXPECT_EQ(read_format(both).id, home.repository.id());
    }
}

// It may be as sound as ever, and another repository's.
TEST(FormatBehindANetwork, IsNotTakenForDamagedWhileItCannotBeRead) {
    const auto place = std::make_shared<support::UnrulyLocation>();
    std::vector<Repository::LabelledSecret> secrets;
    secrets.push_back({key_secret(), "test"});
    const Repository repository = Repository::init(place, secrets);
    place->remote = true;
    place->before = [](const std::string& operation, const std::string& name) {
        if (operation == "get" && name == "format") throw base::Error(ErrorKind::failed, "503");
    };
    EXPECT_EQ(error_of([&] { read_format(*place); }).message(), "503");
    place->remote = false;
    int code = EMFILE;
    place->before = [&](const std::string& operation, const std::string& name) {
        if (operation == "get" && name == "format")
            throw base::Error(base::system_error("cannot open it", code));
    };
    EXPECT_EQ(error_of([&] { read_format(*place); }).message(), "cannot open it");
    code = EIO;  // a bad sector there must not keep all backups from being restored
    EXPECT_EQ(read_format(*place).id, repository.id());
}

}  // namespace
}  // namespace bt2c::repository
