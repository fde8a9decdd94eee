// Whether backups from a restored home are refused, and by which settings they are made. [B1] [B5]

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cli/repository_commands.hpp"

namespace bt2c::cli {
namespace {

using support::Variable;
using testing::HasSubstr;
using testing::Not;

/// A backup of a node, and a new home.
class RefusedBackups : public RepositoryCommands {
 protected:
    void back_up_and_export() const {
        done({"backup"});
        done({"export", "latest", "-o", exported});
    }
    /// Whether the restore says that backups are refused.
    bool told(const std::vector<std::string>& words) const { return done(words).bool_at("takeover_needed"); }

    fs::path fresh_home = folder / "new";
    std::string exported = (folder / "node.bt2c").native();
    std::string settings = "repository = '" + (folder / "shared").native() + "'\n";
};

TEST_F(RefusedBackups, AFileSaysNothingOfTheRepositoryHere) {
    const Variable given("BT2C_REPO_PASSWORD", "same");
    back_up_and_export();
    home = fresh_home;
    EXPECT_FALSE(told({"restore", "--backup-file", exported}));
    done({"backup"});
    EXPECT_FALSE(told({"restore", "--backup-file", exported})) << "with a repository of its own";
    done({"backup", "--type", "full"});
}

TEST_F(RefusedBackups, SettingsThatCameWithAFileCount) {
    const Variable given("BT2C_REPO_PASSWORD", "same");
    folder.write("home/config/dr.toml", settings);
    back_up_and_export();
    home = fresh_home;
    EXPECT_TRUE(told({"restore", "--backup-file", exported}));
    EXPECT_THAT(failed({"backup"}, 1).string_at("message"), HasSubstr("made the newest one here"));
    done({"backup", "--takeover"});
    EXPECT_FALSE(told({"restore", "--backup-file", exported}));
}

TEST_F(RefusedBackups, AWriteKeyAsksForNoMaker) {
    const fs::path node = home;
    folder.write("home/config/dr.toml", settings);
    folder.write("team/config/dr.toml", settings);
    folder.write("new/config/dr.toml", settings);
    home = folder / "team";
    const std::string phrase = phrase_in(run({"repository", "init"}).err);
    done({"repository", "write-key", "create", "-o", (node / "config/repository.write-key").native()});
    home = node;
    done({"backup"});
    home = fresh_home;
    const std::vector<std::string> restore{"restore", "--backup", "latest"};
    {
        const Variable given("BT2C_REPO_PASSWORD", phrase.c_str());
        EXPECT_FALSE(told(restore));
    }
    done({"backup"});
    // What appears from now on is not this home's.
    home = node;
    append_blocks();
    failed({"backup"}, 1);
    done({"backup", "--takeover"});
    home = fresh_home;
    {
        const Variable given("BT2C_REPO_PASSWORD", phrase.c_str());
        EXPECT_TRUE(told(restore));
    }
    failed({"backup"}, 1);
}

TEST_F(RefusedBackups, WhatIsNextGoesByTheSettingsThatCame) {
    const Variable given("BT2C_REPO_PASSWORD", "same");
    folder.write("home/config/dr.toml", settings);
    done({"backup"});
    const std::string rescue = folder.write("rescue.toml", settings).native();
    home = fresh_home;
    const std::vector<std::string> restore{"--config", rescue, "restore", "--backup", "latest"};
    const std::string came = run(restore, false).out;
    for (const char* const next : {" network unlock-signing", " backup --type full --takeover"})
        EXPECT_THAT(came, HasSubstr("bt2c-dr --home " + home.native() + next));
    EXPECT_THAT(came, Not(HasSubstr(rescue)));
    folder.write("new/config/dr.toml", "# of this home\n" + settings);
    EXPECT_THAT(run(restore, false).out, HasSubstr("--config " + rescue + " network unlock-signing"));
}

TEST_F(RefusedBackups, AFolderInPlaceOfTheRecordIsSeenBeforeABackupIsMade) {
    done({"repository", "init"});
    fs::create_directories(home / "backups/upgrade-check.json");
    const base::Json error = failed({"upgrade-check", "before"}, 1);
    EXPECT_THAT(error.string_at("cause"), HasSubstr("a folder has its name"));
    EXPECT_EQ(error.string_at("state"), "no backup was made");
    EXPECT_THAT(error.string_at("hint"), HasSubstr("mv "));
}

}  // namespace
}  // namespace bt2c::cli
