// What a write-only node knows of backups that others made. [B5]
#include "backup/known_backups.hpp"

#include <gmock/gmock.h>

#include "repository/check.hpp"
#include "unit/repository/fixture.hpp"

namespace bt2c::repository {
namespace {

using base::Bytes;
using base::ErrorKind;
using test::error_of;
namespace fs = std::filesystem;

/// Another home with the same write key and the same repository.
class TwoWriteOnlyHomes : public testing::Test {
 protected:
    test::BackedUpHome team{40};
    Repository node = Repository::open_to_write(team.location, team.repository.keys().write_key());
    base::SilentProgress silent;

    TwoWriteOnlyHomes() {
        fs::create_directories(other.database().parent_path());
        fs::copy_file(team.home.database(), other.database());
    }

    struct Notes final : base::Progress {
        void phase(const std::string&, std::uint64_t) override {}
        void advance(std::uint64_t) override {}
        void note(const std::string& line) override { lines.push_back(line); }
        std::vector<std::string> lines;
    };

    std::vector<std::string> notes_of(const config::Home& home, BackupType type,
                                      const Repository& repository) {
        Notes notes;
        backup::make_backup(home, repository, {.type = type, .program = "test"}, notes);
        return notes.lines;
    }
    std::vector<std::string> notes_of(const config::Home& home, BackupType type) {
        return notes_of(home, type, node);
    }
    Manifest back_up(BackupType type) {
        return backup::make_backup(team.home, node, {.type = type, .program = "test"}, silent).manifest;
    }
    void take_over(const config::Home& home, BackupType type) {
        backup::make_backup(home, node, {.type = type, .program = "test", .takeover = true}, silent);
    }
    void expect_refused(const config::Home& home, BackupType type, const std::string& count) {
        const std::size_t before = manifests();
        const base::Error refused = error_of([&] { notes_of(home, type); });
        EXPECT_EQ(refused.kind(), ErrorKind::failed);
        EXPECT_THAT(refused.message(), testing::HasSubstr("another node or home made " + count));
        EXPECT_EQ(refused.state(), "nothing was stored");
        EXPECT_THAT(refused.hint(), testing::HasSubstr("--takeover"));
        EXPECT_EQ(manifests(), before);
    }
    std::size_t manifests() const { return team.location->list("manifests").size(); }
    fs::path known() const { return backup::KnownBackups::file(team.home, node.id()); }

    config::Home other{team.folder / "other"};
};

TEST_F(TwoWriteOnlyHomes, WhatAnotherHomeMadeIsToldAndRefused) {
    EXPECT_THAT(notes_of(team.home, BackupType::full), testing::IsEmpty());
    EXPECT_THAT(notes_of(other, BackupType::full),
                testing::ElementsAre(testing::HasSubstr("1 backup that this home does not know")));
    expect_refused(team.home, BackupType::incremental, "1 backup here since 20");
    expect_refused(team.home, BackupType::full, "1 backup here");
    // A safety backup is made all the same, and does not hide the other one.
    back_up(BackupType::safety);
    expect_refused(team.home, BackupType::incremental, "1 backup here");
    expect_refused(other, BackupType::full, "1 backup here");
    // Once is enough, though nothing had changed.
    take_over(team.home, BackupType::incremental);
    EXPECT_THAT(notes_of(team.home, BackupType::incremental), testing::IsEmpty());
    team.grow(1);
    back_up(BackupType::incremental);
    expect_refused(other, BackupType::incremental, "2 backups here");
    take_over(other, BackupType::incremental);
    EXPECT_THAT(notes_of(other, BackupType::full), testing::IsEmpty());
    expect_refused(team.home, BackupType::incremental, "1 backup here");
    EXPECT_TRUE(check_repository(team.repository, true, silent).ok);
}

TEST_F(TwoWriteOnlyHomes, WhatItsOwnCommandsMadeIsNoStrangers) {
    const Manifest first = back_up(BackupType::full);
    // A restore here with the team's secret, into this home and into another one.
    team.back_up(BackupType::safety);
    backup::make_backup(other, team.repository,
                        {.type = BackupType::safety, .program = "test", .made_from = team.home}, silent);
    EXPECT_FALSE(fs::exists(backup::KnownBackups::file(other, node.id())));  // it never looked here
    team.grow(1);
    EXPECT_THAT(notes_of(team.home, BackupType::incremental), testing::IsEmpty());
    // Pruned, and come back with a location that was away.
    const std::string name = object_name(ObjectType::manifest, first.id);
    const Bytes manifest = team.location->get(name).value();
    team.location->remove(name);
    back_up(BackupType::full);
    ASSERT_TRUE(team.location->put(name, manifest));
    team.grow(1);
    EXPECT_THAT(notes_of(team.home, BackupType::incremental), testing::IsEmpty());
    // Retired ones are no concern of anybody's.
    const Manifest retired = backup::make_backup(other, node, {.program = "test"}, silent).manifest;
    team.repository.store_small(*team.location, ObjectType::retired, retired.id,
                                base::Json::object({{"backup", retired.id.hex()}}));
    EXPECT_THAT(notes_of(team.home, BackupType::full), testing::IsEmpty());
}

TEST_F(TwoWriteOnlyHomes, WithoutAListThereIsNothingToCompareWith) {
    back_up(BackupType::full);
    notes_of(other, BackupType::full);
    const std::string list = support::file_text(known());
    // As by a program that kept none: its state says that it was here before.
    fs::remove(known());
    EXPECT_THAT(notes_of(team.home, BackupType::incremental), testing::IsEmpty());
    notes_of(other, BackupType::safety);
    expect_refused(team.home, BackupType::incremental, "1 backup here");
    for (const std::string& damaged : {std::string(), std::string("{"), list.substr(0, list.size() / 2),
                                       std::string("{\"backups\":[7]}")}) {
        test::overwrite(known(), damaged);
        EXPECT_THAT(notes_of(team.home, BackupType::incremental), testing::IsEmpty());
        EXPECT_EQ(support::file_text(known()).substr(0, 13), list.substr(0, 13));
    }
    fs::remove_all(known().parent_path());
    EXPECT_THAT(notes_of(team.home, BackupType::full),
                testing::ElementsAre(testing::HasSubstr("3 backups that this home does not know")));
    EXPECT_THAT(notes_of(team.home, BackupType::full), testing::IsEmpty());
    EXPECT_EQ(fs::status(known()).permissions(), fs::perms(0600));
}

TEST_F(TwoWriteOnlyHomes, APlaceThatIsLookedIntoFirstProvesNothing) {
    back_up(BackupType::full);
    const fs::path root = team.folder / "away";
    fs::copy(team.root, root, fs::copy_options::recursive);
    const Repository away = node.at(std::make_shared<storage::local::LocalLocation>(root));
    notes_of(other, BackupType::full, away);
    EXPECT_THAT(notes_of(team.home, BackupType::incremental, away),
                testing::ElementsAre(testing::HasSubstr("1 backup that this home does not know")));
    EXPECT_THAT(notes_of(team.home, BackupType::incremental, away), testing::IsEmpty());
    notes_of(other, BackupType::safety, away);
    EXPECT_THAT(error_of([&] { notes_of(team.home, BackupType::incremental, away); }).hint(),
                testing::HasSubstr("--takeover"));
    EXPECT_THAT(notes_of(team.home, BackupType::incremental), testing::IsEmpty());
}

}  // namespace
}  // namespace bt2c::repository
