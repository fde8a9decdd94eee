// What is told and refused while a location is away, and what one that lost small things gets back. [B4]

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cli/repository_commands.hpp"

namespace bt2c::cli {
namespace {

using base::Json;
using testing::HasSubstr;
using testing::Not;

/// With a location besides the repository's own folder, 'local'.
class AwayLocations : public RepositoryCommands {
 protected:
    AwayLocations() {
        folder.write("home/config/dr.toml",
                     "[[location]]\nname = 'usb'\nkind = 'folder'\npath = '" + usb.native() + "'\n");
    }
    /// Its mount point is left.
    void unplug(const fs::path& place) const {
        fs::rename(place, folder / "unplugged");
        fs::create_directory(place);
    }
    void plug(const fs::path& place) const {
        fs::remove(place);
        fs::rename(folder / "unplugged", place);
    }
    std::string target() const { return (folder / "restored").native(); }
    std::string exported() const { return (folder / "node.bt2c").native(); }

    /// The older backup is in both, the newer one in 'usb' alone, which is away then.
    struct Two {
        std::string older, newer;
    };
    Two newer_is_away() const {
        Two two{done({"backup"}).string_at("id"), ""};
        unplug(repository);
        append_blocks();
        const Ended made = run({"backup"});
        EXPECT_EQ(made.status, 6) << made.err;
        two.newer = made.document().string_at("id");
        plug(repository);
        unplug(usb);
        return two;
    }
    /// Of the key file's slot.
    std::string key_file_slot() const {
        const Json list = done({"repository", "key", "list"});
        for (const Json& slot : list.array_at("slots"))
            if (slot.string_at("kind") == "key_file") return slot.string_at("id");
        ADD_FAILURE() << "there is no key file";
        return "";
    }

    fs::path usb = folder / "usb";
};

TEST_F(AwayLocations, AnOlderBackupIsNotTheLatest) {
    const Two two = newer_is_away();
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"restore", "--backup", "latest", "--target", target()},
          {"restore", "--backup", "latest", "--dry-run"},
          {"export", "latest", "-o", exported()},
          {"pin", "latest"},
          {"verify-integrity", "--backup", "latest"}}) {
        const Json error = failed(words, 3);
        EXPECT_THAT(error.string_at("message"), HasSubstr(two.newer.substr(0, 8) + " (mainnet height"));
        EXPECT_THAT(error.string_at("cause"), HasSubstr("location 'usb' is left out"));
        EXPECT_EQ(error.string_at("state"), "nothing was changed");
        EXPECT_THAT(error.string_at("hint"), HasSubstr(two.older.substr(0, 8) + "' takes"));
    }
    EXPECT_FALSE(fs::exists(target()));
    EXPECT_EQ(done({"restore", "--backup", two.older, "--target", target()}).string_at("backup"), two.older);
    plug(usb);
    fs::remove_all(target());
    EXPECT_EQ(done({"restore", "--backup", "latest", "--target", target()}).string_at("backup"), two.newer);
}

TEST_F(AwayLocations, ATestOfAnOlderBackupSaysThatTheLatestIsAway) {
    const Two two = newer_is_away();
    const Ended tested = run({"test-restore", "latest"});
    EXPECT_EQ(tested.status, 6) << tested.err;
    EXPECT_EQ(tested.document().string_at("backup"), two.older);
    EXPECT_THAT(tested.document().string_at("missed"), HasSubstr(two.newer.substr(0, 8)));
    EXPECT_EQ(tested.document().array_at("unasked").at(0).string_at("location"), "usb");
    EXPECT_THAT(run({"test-restore", "latest"}, false).out, HasSubstr("warning: it is not the latest"));
    plug(usb);
    const Json latest = done({"test-restore", "latest"});
    EXPECT_EQ(latest.string_at("backup"), two.newer);
    EXPECT_EQ(latest.find("missed"), nullptr);
}

TEST_F(AwayLocations, TheResultSaysThatANewerOneMayBeThere) {
    done({"backup"});
    EXPECT_TRUE(done({"restore", "--backup", "latest", "--dry-run"}).array_at("unasked").empty());
    unplug(usb);
    fs::remove(home / "backups/newest-backup.json");  // as on a new machine
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"restore", "--backup", "latest", "--dry-run"},
          {"export", "latest", "--force", "-o", exported()}}) {
        EXPECT_EQ(done(words).array_at("unasked").at(0).string_at("location"), "usb");
        const Ended shown = run(words, false);
        EXPECT_EQ(shown.status, 0) << shown.err;
        EXPECT_THAT(shown.out, HasSubstr("location 'usb' could not be asked, and may hold a newer backup"));
    }
}

TEST_F(AwayLocations, ABackupThatIsThereIsNotDenied) {
    const Two two = newer_is_away();
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"restore", "--backup", two.newer, "--target", target()},
          {"export", two.newer, "-o", exported()},
          {"pin", two.newer},
          {"test-restore", two.newer},
          {"verify-integrity", "--backup", two.newer}}) {
        const Json error = failed(words, 1);
        EXPECT_THAT(error.string_at("message"), HasSubstr("no location that can be asked has a backup"));
        EXPECT_THAT(error.string_at("cause"), HasSubstr("location 'usb' is left out: it is empty"));
        EXPECT_EQ(error.string_at("state"), "nothing was changed");
        EXPECT_THAT(error.string_at("hint"), HasSubstr("location status"));
    }
    plug(usb);
    EXPECT_THAT(failed({"pin", "00000000"}, 1).string_at("message"), "there is no backup '00000000'");
}

TEST_F(AwayLocations, CopiesThatAreNotKnownAreNotCountedAsMissing) {
    done({"backup"});
    EXPECT_THAT(run({"list-backups"}, false).out, HasSubstr("2 of 2"));
    unplug(usb);
    EXPECT_THAT(run({"list-backups"}, false).out, HasSubstr("1 + 1 unknown"));
    EXPECT_EQ(done({"list-backups"}).array_at("unasked").at(0).string_at("location"), "usb");
}

TEST_F(AwayLocations, TheKeyThatOpensTheRepositoryIsMissedAndComesBackWhereItIsAskedFor) {
    done({"backup"});
    const std::string id = key_file_slot();
    const fs::path slot = repository / "keys" / id;
    fs::remove(slot);
    const Json status = run({"location", "status"}).document();
    EXPECT_THAT(status.array_at("locations").at(0).string_at("error"),
                HasSubstr("the key that this home opens the repository with is missing"));
    EXPECT_TRUE(status.array_at("locations").at(1).array_at("unknown_keys").empty());
    EXPECT_THAT(run({"location", "status"}, false).out, Not(HasSubstr("key remove")));
    const Ended check = run({"repository", "check"});
    EXPECT_EQ(check.status, 3);
    EXPECT_EQ(check.document().array_at("findings").at(0).string_at("object"), "keys/" + id);

    EXPECT_EQ(done({"repository", "check", "--repair"}).array_at("mended").size(), 1U);
    EXPECT_TRUE(fs::exists(slot));
    fs::remove(slot);
    // It may have been removed while 'usb' was away: no job brings it back.
    done({"backup"});
    EXPECT_EQ(run({"location", "sync"}).status, 6);
    EXPECT_FALSE(fs::exists(slot));
    done({"location", "sync", "local"});
    EXPECT_TRUE(fs::exists(slot));
    unplug(usb);
    done({"list-backups"});
}

TEST_F(AwayLocations, AFormatThatOneLostIsBroughtBack) {
    done({"backup"});
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"repository", "check", "--repair"}, {"location", "sync"}, {"backup"}})
        for (const fs::path& place : {repository, usb}) {
            fs::remove(place / "format");
            done(words);
            EXPECT_TRUE(fs::exists(place / "format")) << words.front() << place;
        }
}

}  // namespace
}  // namespace bt2c::cli
